//! The instances of one resource.

use super::dispositions::Dispositions;
use crate::ids::{IdTable, InstanceIx};

/// The instances of one resource: their ids and their dispositions, by index.
#[derive(Debug)]
pub(crate) struct Column {
    pub(crate) ids: Box<dyn IdTable>,
    pub(crate) dispositions: Dispositions,
}

impl Column {
    pub(crate) fn new(ids: Box<dyn IdTable>) -> Self {
        Self { ids, dispositions: Dispositions::default() }
    }

    /// Whether the discovery looks for the children of the instance. Such an instance is removed: only the effect of
    /// another non-leaf rule can supersede the effect of a non-leaf rule.
    pub(crate) fn is_expanded(&self, index: InstanceIx) -> bool {
        self.dispositions.get(index).is_expanded()
    }

    /// Like [`is_expanded`](Self::is_expanded), by the rules for that root resource.
    pub(crate) fn is_expanded_for(&self, root: usize, index: InstanceIx) -> bool {
        self.dispositions.get(index).is_expanded_for(root)
    }

    /// See [`Disposition::is_affected`].
    pub(crate) fn is_affected(&self, index: InstanceIx) -> bool {
        self.dispositions.get(index).is_affected()
    }

    /// Whether the instance is not affected, but the plan lists it.
    pub(crate) fn is_retained(&self, index: InstanceIx) -> bool {
        self.dispositions.get(index).is_retained()
    }

    /// Whether the instance was affected and departed while the run was under way.
    pub(crate) fn is_left(&self, index: InstanceIx) -> bool {
        self.dispositions.get(index).is_left()
    }

    pub(crate) fn len(&self) -> usize {
        self.dispositions.len()
    }

    pub(crate) fn copied(&self) -> Self {
        Self { ids: self.ids.clone_box(), dispositions: self.dispositions.clone() }
    }
}
