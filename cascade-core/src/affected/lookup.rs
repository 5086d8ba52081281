//! Looks up an instance by the name of its resource, for graphs whose types exist only at run time.

use super::affected::Affected;
use crate::ids::{Index, InstanceIx, ResourceId, ResourceIx};
use crate::model::Resource;

/// What is known about an instance.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Lookup {
    /// The graph has no such resource with ids of that type.
    Unknown,
    /// The instance is not affected.
    Unaffected,
    Affected(ResourceIx, InstanceIx),
}

impl Affected {
    /// An affected instance of `R`.
    pub(crate) fn find<R: Resource>(&self, id: &R::Id) -> Option<(ResourceIx, InstanceIx)> {
        match self.find_by_id(R::NAME, id) {
            Lookup::Affected(resource, index) => Some((resource, index)),
            Lookup::Unknown | Lookup::Unaffected => None,
        }
    }

    /// The instance with that id of the resource with that name.
    pub(crate) fn find_by_id<Id: ResourceId>(&self, resource: &str, id: &Id) -> Lookup {
        let Some(resource) = self.graph.find_resource(resource) else { return Lookup::Unknown };
        let Some(ids) = self.columns[resource].ids.typed::<Id>() else { return Lookup::Unknown };
        self.lookup(resource, ids.index_of(id))
    }

    /// The instance with that printed id. Compares it with every id of the resource.
    pub(crate) fn find_printed(&self, resource: &str, id: &str) -> Lookup {
        match self.graph.find_resource(resource) {
            Some(resource) => self.lookup(resource, self.position_of_printed(resource, id)),
            None => Lookup::Unknown,
        }
    }

    /// The index of the instance with that printed id, affected or not.
    pub(crate) fn position_of_printed(&self, resource: ResourceIx, id: &str) -> Option<InstanceIx> {
        let ids = &self.columns[resource].ids;
        InstanceIx::all(ids.len()).find(|&index| ids.display(index).to_string() == id)
    }

    fn lookup(&self, resource: ResourceIx, index: Option<InstanceIx>) -> Lookup {
        match index {
            Some(index) if self.columns[resource].is_affected(index) => Lookup::Affected(resource, index),
            _ => Lookup::Unaffected,
        }
    }
}
