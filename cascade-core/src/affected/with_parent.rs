//! The edges along which a child is removed with its parent.

use std::collections::HashSet;

use super::affected::Affected;
use super::arc_ref::ArcRef;
use crate::graph::Reach;
use crate::ids::{EdgeIx, Indexed, InstanceIx};

/// For each edge, the children that are removed with their parents.
#[derive(Debug, Default)]
pub(crate) struct WithParentEdges {
    children: Indexed<EdgeIx, Children>,
    /// For each edge, the other edges between the same resources along which children may be removed with their parents.
    parallel: Indexed<EdgeIx, Vec<EdgeIx>>,
}

#[derive(Debug)]
enum Children {
    None,
    All,
    /// Along a shared edge: the children that lose their last owner. While one owner stays, the child stays.
    Some(HashSet<InstanceIx>),
}

impl WithParentEdges {
    pub(crate) fn of(affected: &Affected) -> Self {
        let Affected { graph, route, arcs, .. } = affected;
        let edges = route.edges.iter().zip(arcs);
        let children = edges.map(|(route, arcs)| match route {
            Some(route) if route.reach == Reach::WithParent && route.shared => {
                Children::Some(arcs.released.iter().copied().collect())
            }
            Some(route) if route.reach == Reach::WithParent => Children::All,
            _ => Children::None,
        });
        let parallel = graph.edges.enumerate().map(|(index, edge)| {
            let is_parallel = |other: &EdgeIx| {
                *other != index
                    && graph.edges[*other].parent == edge.parent
                    && route.edges[*other].is_some_and(|route| route.reach == Reach::WithParent)
            };
            graph.resources[edge.child].up.iter().copied().filter(is_parallel).collect()
        });
        Self { children: children.collect(), parallel: parallel.collect() }
    }

    /// Whether that child is removed with its parents along the edge.
    pub(crate) fn removes(&self, edge: EdgeIx, child: InstanceIx) -> bool {
        match self.children.at(edge) {
            None | Some(Children::None) => false,
            Some(Children::All) => true,
            Some(Children::Some(children)) => children.contains(&child),
        }
    }

    /// Whether the parent of the arc removes the child, along this edge or a parallel one.
    pub(crate) fn parent_removes(&self, affected: &Affected, arc: ArcRef) -> bool {
        let removes_along = |&edge: &EdgeIx| {
            self.removes(edge, arc.child) && affected.depends_on_any(edge, arc.child, &[arc.parent])
        };
        self.removes(arc.edge, arc.child)
            || self.parallel.at(arc.edge).is_some_and(|edges| edges.iter().any(removes_along))
    }
}
