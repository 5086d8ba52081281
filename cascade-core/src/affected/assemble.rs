//! What was found, made into the affected set.

use std::sync::{Arc, OnceLock};

use super::affected::{Affected, Column};
use super::arcs::Arcs;
use super::dispositions::Disposition;
use super::{cycle, order};
use crate::graph::{Graph, Route};
use crate::model::AnyOperation;

/// What a discovery leaves.
pub(crate) struct Finished {
    pub(crate) columns: Vec<Column>,
    pub(crate) arcs: Vec<Arcs>,
    pub(crate) roots: u32,
}

pub(crate) fn assemble(
    graph: Arc<Graph>,
    operation: Arc<dyn AnyOperation>,
    route: Route,
    found: Finished,
) -> Affected {
    let Finished { columns, mut arcs, roots } = found;
    // Along a shared edge all owners are named, also those that stay: nothing is ordered by these.
    for ((edge, route), arcs) in graph.edges.iter().zip(&route.edges).zip(&mut arcs) {
        if route.is_some_and(|route| route.shared) {
            arcs.retain_pairs(|owner, _| columns[edge.parent].is_affected(owner));
        }
    }
    // Where some waits may have to be left out, the arcs stand each for itself.
    for (arcs, may_circle) in arcs.iter_mut().zip(route.completion_waits_may_cycle(&graph)) {
        if may_circle {
            arcs.part_blocks();
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
    let taken = taken_without_step(&columns, &base);
    let circular_ends = Vec::new();
    let affected = Affected {
        graph,
        operation,
        route,
        columns,
        arcs,
        roots,
        cut,
        taken,
        circular_ends,
        count,
        base,
        parents_by_child,
    };
    let circular_ends = order::circular_ends(&affected);
    Affected { circular_ends, ..affected }
}

fn taken_without_step(columns: &[Column], base: &[u32]) -> Vec<u32> {
    let of_column = |(column, &first): (&Column, &u32)| {
        column
            .dispositions
            .of_kind(Disposition::is_removed_with_parent)
            .into_iter()
            .map(move |index| first + index)
    };
    columns.iter().zip(base).flat_map(of_column).collect()
}
