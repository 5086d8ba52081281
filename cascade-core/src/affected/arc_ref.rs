//! A name for an arc of the instance graph.

use crate::ids::{EdgeIx, InstanceIx};

/// An arc of the instance graph.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct ArcRef {
    pub(crate) edge: EdgeIx,
    pub(crate) parent: InstanceIx,
    pub(crate) child: InstanceIx,
}
