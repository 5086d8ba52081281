//! A public view of some instances of one resource of a plan.

use std::fmt;
use std::sync::Arc;

use super::affected::Affected;
use crate::model::{Operation, Resource};

/// Some instances of one resource of a plan.
#[derive(Clone, Copy)]
pub struct Instances<'a> {
    pub(crate) affected: &'a Arc<Affected>,
    pub(crate) resource: usize,
    pub(crate) nodes: &'a [u32],
    /// The resource's first node.
    pub(crate) first: u32,
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
        self.nodes.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.nodes.is_empty()
    }

    /// The id at a position below [`len`](Self::len); `None` if the resource is not `R` or the position is too high.
    pub fn id<R: Resource>(&self, position: usize) -> Option<&'a R::Id> {
        let index = self.index(position)?;
        let is_r = self.affected.graph.resources[self.resource].descriptor.is_same(&R::DESCRIPTOR);
        Some(self.affected.columns[self.resource].ids.typed::<R::Id>().filter(|_| is_r)?.get(index))
    }

    /// The printed id at a position; empty if the position is too high.
    pub fn printed_id(&self, position: usize) -> String {
        let printed = |index: u32| self.affected.display(self.resource, index).to_string();
        self.index(position).map_or_else(String::new, printed)
    }

    /// The effects that run on the instance at a position, in the order they run in; empty if the position is too high.
    pub fn effects(&self, position: usize) -> Vec<&'a str> {
        let Some(index) = self.index(position) else { return Vec::new() };
        self.affected.effect_names(self.resource, self.affected.effects(self.resource, index)).collect()
    }

    fn index(&self, position: usize) -> Option<u32> {
        self.nodes.get(position).map(|node| node - self.first)
    }
}

impl fmt::Debug for Instances<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} instances of {}", self.len(), self.resource())
    }
}
