//! The edges along which a child is removed with its parent.

use std::collections::HashSet;

use super::affected::Affected;
use crate::graph::Reach;
use crate::ids::{EdgeIx, Indexed, InstanceIx};

/// For each edge, the children that are removed with their parents.
#[derive(Debug, Default)]
pub(crate) struct WithParentEdges(Indexed<EdgeIx, Children>);

#[derive(Debug)]
enum Children {
    None,
    All,
    /// Along a shared edge: the children that lose their last owner. While one owner stays, the child stays.
    Some(HashSet<InstanceIx>),
}

impl WithParentEdges {
    pub(crate) fn of(affected: &Affected) -> Self {
        let edges = affected.route.edges.iter().zip(&affected.arcs);
        let removed = edges.map(|(route, arcs)| match route {
            Some(route) if route.reach == Reach::WithParent && route.shared => {
                Children::Some(arcs.released.iter().copied().collect())
            }
            Some(route) if route.reach == Reach::WithParent => Children::All,
            _ => Children::None,
        });
        Self(removed.collect())
    }

    /// Whether that child is removed with its parents along the edge.
    pub(crate) fn removes(&self, edge: EdgeIx, child: InstanceIx) -> bool {
        match self.0.at(edge) {
            None | Some(Children::None) => false,
            Some(Children::All) => true,
            Some(Children::Some(children)) => children.contains(&child),
        }
    }
}
