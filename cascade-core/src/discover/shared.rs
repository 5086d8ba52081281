//! A child that is reached only with its last owner.

use crate::graph::Reach;

/// A child that goes only with its last owner.
pub(super) struct Shared {
    pub(super) edge: usize,
    pub(super) reach: Reach,
    pub(super) child: u32,
    /// `None` for one that is not in the set.
    pub(super) owners: Vec<Option<u32>>,
}
