//! Builds the affected set from the result of a discovery.

use std::collections::HashSet;
use std::sync::{Arc, OnceLock};

use super::affected::Affected;
use super::arcs::Arcs;
use super::column::Column;
use super::cycle::{Cycles, Found};
use super::dispositions::Disposition;
use super::node_ranges::NodeRanges;
use super::order;
use crate::graph::{Graph, Route};
use crate::ids::{EdgeIx, Indexed, InstanceIx, NodeIx, ResourceIx};
use crate::model::AnyOperation;

/// The result of a discovery.
pub(crate) struct Finished {
    pub(crate) columns: Indexed<ResourceIx, Column>,
    pub(crate) arcs: Indexed<EdgeIx, Arcs>,
    /// The number of roots of each root resource. They are the first instances of their resource.
    pub(crate) roots: Vec<u32>,
}

/// The result of a refresh. Known instances have the indices of the plan.
pub(crate) struct Refreshed {
    pub(crate) found: Finished,
    /// The children along each edge that were found by answers without their parents.
    pub(crate) without_parents: Indexed<EdgeIx, HashSet<InstanceIx>>,
}

/// Builds the affected set: numbers the nodes, orders cycles, and finds the instances that are removed with a parent.
pub(crate) fn assemble(
    graph: Arc<Graph>,
    operation: Arc<dyn AnyOperation>,
    route: Route,
    found: Finished,
) -> Affected {
    let Finished { columns, mut arcs, roots } = found;
    // The finder of a shared edge names all owners. Owners that are not affected have no part in the order.
    for ((edge, route), arcs) in graph.edges.iter().zip(&route.edges).zip(&mut arcs) {
        if route.is_some_and(|route| route.shared) {
            arcs.retain_pairs(|owner, _| columns[edge.parent].is_affected(owner));
        }
    }
    // Where the order may have to leave out single arcs, there must be no blocks.
    for (arcs, may_circle) in arcs.iter_mut().zip(route.completion_waits_may_cycle(&graph)) {
        if may_circle {
            arcs.split_blocks();
        }
    }
    let base = NodeRanges::new(columns.iter().map(Column::len));
    let count = columns.iter().map(|column| column.dispositions.count(Disposition::is_affected)).sum();
    let parents_by_child = arcs.iter().map(|_| OnceLock::new()).collect();
    let cycles = Cycles::of(Found {
        graph: &graph,
        columns: &columns,
        arcs: &arcs,
        route: &route,
        roots: &roots,
        base: &base,
    });
    let removed_with_parent = removed_with_parent(&columns, &base);
    let affected = Affected {
        graph,
        operation,
        route,
        columns,
        arcs,
        roots,
        cycles,
        removed_with_parent,
        // Needs the rest of the set: filled in below.
        circular_ends: Vec::new(),
        count,
        base,
        parents_by_child,
    };
    let circular_ends = order::circular_ends(&affected);
    Affected { circular_ends, ..affected }
}

/// The nodes of the instances that are removed with a parent and have no step of their own, sorted.
fn removed_with_parent(columns: &Indexed<ResourceIx, Column>, base: &NodeRanges) -> Vec<NodeIx> {
    let of_column = |(resource, column): (ResourceIx, &Column)| {
        let indices = column.dispositions.indices(Disposition::is_removed_with_parent);
        indices.into_iter().map(move |index| index.node(base.first(resource)))
    };
    columns.enumerate().flat_map(of_column).collect()
}
