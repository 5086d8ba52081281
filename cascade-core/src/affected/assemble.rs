//! Builds the affected set from the result of a discovery.

use std::sync::{Arc, OnceLock};

use super::affected::{Affected, Column};
use super::arcs::Arcs;
use super::dispositions::Disposition;
use super::{cycle, order};
use crate::graph::{Graph, Route};
use crate::model::AnyOperation;

/// The result of a discovery.
pub(crate) struct Finished {
    /// By resource.
    pub(crate) columns: Vec<Column>,
    /// By edge.
    pub(crate) arcs: Vec<Arcs>,
    /// The number of roots. They are the first instances of their resource.
    pub(crate) roots: u32,
}

/// Builds the affected set: numbers the nodes, cuts cycles, and finds the instances that are removed with a parent.
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
    let mut base = vec![0];
    let mut next = 0;
    for column in &columns {
        next += column.len() as u32;
        base.push(next);
    }
    let count = columns.iter().map(|column| column.dispositions.count(Disposition::is_affected)).sum();
    let parents_by_child = arcs.iter().map(|_| OnceLock::new()).collect();
    let cut = cycle::closing_arcs(&graph, &columns, &arcs, &route, roots);
    let removed_with_parent = removed_with_parent(&columns, &base);
    let affected = Affected {
        graph,
        operation,
        route,
        columns,
        arcs,
        roots,
        cut,
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
fn removed_with_parent(columns: &[Column], base: &[u32]) -> Vec<u32> {
    let of_column = |(column, &first): (&Column, &u32)| {
        column
            .dispositions
            .indices(Disposition::is_removed_with_parent)
            .into_iter()
            .map(move |index| first + index)
    };
    columns.iter().zip(base).flat_map(of_column).collect()
}
