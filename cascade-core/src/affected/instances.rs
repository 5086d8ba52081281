//! A public view of some instances of one resource of a plan.

use std::fmt;
use std::sync::Arc;

use super::affected::Affected;
#[cfg(feature = "remote")]
use crate::ids::{Batch, IdTable};
use crate::ids::{InstanceIx, NodeIx, ResourceIx};
use crate::model::{InstanceName, Operation, Resource};

/// Some instances of one resource of a plan.
#[derive(Clone, Copy)]
pub struct Instances<'a> {
    pub(crate) affected: &'a Arc<Affected>,
    pub(crate) resource: ResourceIx,
    pub(crate) members: Members<'a>,
}

/// The instances of a view.
#[derive(Clone, Copy)]
pub(crate) enum Members<'a> {
    Instances(&'a [InstanceIx]),
    /// The nodes of the instances, and the first node of their resource.
    Nodes(&'a [NodeIx], NodeIx),
}

#[cfg(feature = "remote")]
impl Members<'_> {
    /// Their ids in the table of their resource.
    pub(crate) fn batch(self, ids: &dyn IdTable) -> Batch<'_> {
        match self {
            Self::Instances(instances) => ids.select(instances),
            Self::Nodes(nodes, first) => ids.batch(nodes, first),
        }
    }
}

impl<'a> Instances<'a> {
    /// The name of their resource.
    pub fn resource(&self) -> &'a str {
        self.affected.resource_name(self.resource)
    }

    /// The operation of the plan, if its type is `O`.
    pub fn operation<O: Operation>(&self) -> Option<&'a O> {
        self.affected.operation.as_any().downcast_ref()
    }

    /// The number of instances.
    pub fn len(&self) -> usize {
        match self.members {
            Members::Instances(instances) => instances.len(),
            Members::Nodes(nodes, _) => nodes.len(),
        }
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The id at a position below [`len`](Self::len); `None` if the resource is not `R` or the position is too high.
    pub fn id<R: Resource>(&self, position: usize) -> Option<&'a R::Id> {
        let index = self.index(position)?;
        let is_r = self.affected.graph.resources[self.resource].descriptor.is_same(&R::DESCRIPTOR);
        Some(self.affected.columns[self.resource].ids.typed::<R::Id>().filter(|_| is_r)?.get(index))
    }

    /// The printed id at a position; empty if the position is too high.
    pub fn printed_id(&self, position: usize) -> String {
        let printed = |index: InstanceIx| self.affected.display(self.resource, index).to_string();
        self.index(position).map_or_else(String::new, printed)
    }

    /// The name of the instance at a position; `None` if the position is too high.
    pub fn name(&self, position: usize) -> Option<InstanceName> {
        self.index(position).map(|index| self.affected.name(self.resource, index))
    }

    /// The effects that run on the instance at a position, in the order they run in; empty if the position is too high.
    pub fn effects(&self, position: usize) -> Vec<&'a str> {
        let Some(index) = self.index(position) else { return Vec::new() };
        self.affected.effect_names(self.resource, index).collect()
    }

    fn index(&self, position: usize) -> Option<InstanceIx> {
        match self.members {
            Members::Instances(instances) => instances.get(position).copied(),
            Members::Nodes(nodes, first) => nodes.get(position).map(|node| node.instance(first)),
        }
    }
}

impl fmt::Debug for Instances<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} instances of {}", self.len(), self.resource())
    }
}
