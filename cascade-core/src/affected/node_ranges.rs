//! The numbering of the nodes of a plan: the instances of the first resource, then those of the next, and so on.

use std::ops::Range;

use crate::ids::{Index, NodeIx, ResourceIx};

/// The nodes of each resource.
#[derive(Clone, Debug)]
pub(crate) struct NodeRanges {
    /// The first node of each resource, followed by the first node after the instances.
    first: Vec<NodeIx>,
}

impl NodeRanges {
    /// The numbering for resources with that many instances.
    pub(crate) fn new(lens: impl Iterator<Item = usize>) -> Self {
        let mut first = vec![NodeIx::default()];
        let mut end = 0;
        for len in lens {
            end += len;
            first.push(NodeIx::at(end));
        }
        Self { first }
    }

    /// The first node of a resource.
    pub(crate) fn first(&self, resource: ResourceIx) -> NodeIx {
        self.first[resource.position()]
    }

    /// The nodes of a resource.
    pub(crate) fn of(&self, resource: ResourceIx) -> Range<NodeIx> {
        self.first[resource.position()]..self.first[resource.position() + 1]
    }

    /// The first node after the instances. It is also the number of instances.
    pub(crate) fn end(&self) -> NodeIx {
        self.first[self.first.len() - 1]
    }

    /// The resource of an instance's node. For a helper node, the index after that of the last resource.
    pub(crate) fn resource_of(&self, node: NodeIx) -> ResourceIx {
        ResourceIx::at(self.first.partition_point(|&first| first <= node) - 1)
    }

    /// The number of resources.
    pub(crate) fn resources(&self) -> usize {
        self.first.len() - 1
    }
}
