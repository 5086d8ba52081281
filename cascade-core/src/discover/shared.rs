//! Children along `shared` edges, which are removed only with their last owner.

use crate::graph::EdgeRoute;
use crate::ids::{EdgeIx, InstanceIx};

/// A child that is removed only if all its owners are.
pub(super) struct Shared {
    pub(super) edge: EdgeIx,
    pub(super) route: EdgeRoute,
    pub(super) child: InstanceIx,
    /// `None` for an owner that is not in the affected set.
    pub(super) owners: Vec<Option<InstanceIx>>,
}
