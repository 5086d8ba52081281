//! The edges along which a child is removed with its parent.

use std::collections::HashSet;

use super::affected::Affected;
use crate::graph::Reach;

/// The edges along which a parent's end takes a child.
#[derive(Debug, Default)]
pub(crate) struct WithParentEdges(Vec<Taking>);

#[derive(Debug)]
enum Taking {
    Nothing,
    All,
    /// Along a shared edge: the children that lose their last owner. An owner that stays keeps its share, and then the
    /// others' end takes nothing.
    These(HashSet<u32>),
}

impl WithParentEdges {
    pub(crate) fn of(affected: &Affected) -> Self {
        let edges = affected.route.edges.iter().zip(&affected.arcs);
        let taking = edges.map(|(route, arcs)| match route {
            Some(route) if route.reach == Reach::WithParent && route.shared => {
                Taking::These(arcs.released.iter().copied().collect())
            }
            Some(route) if route.reach == Reach::WithParent => Taking::All,
            _ => Taking::Nothing,
        });
        Self(taking.collect())
    }

    /// Whether the parents along the edge take that child.
    pub(crate) fn takes(&self, edge: usize, child: u32) -> bool {
        match self.0.get(edge) {
            None | Some(Taking::Nothing) => false,
            Some(Taking::All) => true,
            Some(Taking::These(children)) => children.contains(&child),
        }
    }
}
