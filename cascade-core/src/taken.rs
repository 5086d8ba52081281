//! Instances that their parents' end takes: what became of them follows from what became of the parents.

use std::collections::{HashMap, HashSet};

use crate::affected::{Affected, Marks};
use crate::route::Reach;
use crate::schedule::State;

/// Gives every taken instance without a step its state: done if a parent that takes it is done, or all owners that
/// share it are; else blocked by what keeps a parent from being done; else not started. `blocked_by` gets the causes.
pub(crate) fn resolve(affected: &Affected, states: &mut [State], blocked_by: &mut HashMap<u32, u32>) {
    let waiting = taken_without_step(affected);
    if waiting.is_empty() {
        return;
    }
    for &node in &waiting {
        if states[node as usize] == State::Done {
            states[node as usize] = State::Waiting;
        }
    }
    let Takers { by_parent, mut missing } = takers(affected, &waiting);
    let of = |state: State, states: &[State]| {
        (0..states.len() as u32).filter(|&node| states[node as usize] == state).collect::<Vec<_>>()
    };
    let mut open = of(State::Done, states);
    while let Some(parent) = open.pop() {
        for &Taker { child, together } in by_parent.get(&parent).into_iter().flatten() {
            missing[together] -= 1;
            if missing[together] == 0 && states[child as usize] == State::Waiting {
                states[child as usize] = State::Done;
                open.push(child);
            }
        }
    }
    let mut open = of(State::Failed, states);
    open.extend(of(State::Blocked, states));
    while let Some(parent) = open.pop() {
        let cause = blocked_by.get(&parent).copied().unwrap_or(parent);
        for &Taker { child, .. } in by_parent.get(&parent).into_iter().flatten() {
            if states[child as usize] == State::Waiting {
                states[child as usize] = State::Blocked;
                blocked_by.insert(child, cause);
                open.push(child);
            }
        }
    }
}

fn taken_without_step(affected: &Affected) -> Vec<u32> {
    let mut nodes = Vec::new();
    for (resource, column) in affected.columns.iter().enumerate() {
        let taken = (0..column.len() as u32).filter(|&index| {
            column.given[index as usize] == 0 && column.marks[index as usize].has(Marks::TAKEN)
        });
        nodes.extend(taken.map(|index| affected.node(resource, index)));
    }
    nodes
}

/// What the end of which instances takes.
#[derive(Default)]
struct Takers {
    by_parent: HashMap<u32, Vec<Taker>>,
    /// For each group of parents that take a child together, how many of them are not done.
    missing: Vec<usize>,
}

/// A child that a parent takes: by itself, or together with all its other owners.
struct Taker {
    child: u32,
    /// The number of the group of parents.
    together: usize,
}

/// `taken` is sorted.
fn takers(affected: &Affected, taken: &[u32]) -> Takers {
    let mut takers = Takers::default();
    let edges = affected.route.edges.iter().zip(&affected.arcs);
    let released: Vec<Option<HashSet<u32>>> = edges
        .map(|(route, arcs)| {
            let shared = route.is_some_and(|route| route.shared);
            shared.then(|| arcs.released.iter().copied().collect())
        })
        .collect();
    for &node in taken {
        let (resource, index) = affected.locate(node);
        let mut together = 0;
        for &edge in &affected.graph.resources[resource].up {
            if affected.route.edges[edge].is_none_or(|route| route.reach != Reach::Taken) {
                continue;
            }
            // An owner that stays keeps its share: the others' end takes nothing.
            if released[edge].as_ref().is_some_and(|released| !released.contains(&index)) {
                continue;
            }
            let parent = affected.graph.edges[edge].parent;
            let parents = affected.parents(edge, index).into_iter().map(|at| affected.node(parent, at));
            for (at, parent) in parents.enumerate() {
                if released[edge].is_some() && at > 0 {
                    takers.missing[together] += 1;
                } else {
                    together = takers.missing.len();
                    takers.missing.push(1);
                }
                takers.by_parent.entry(parent).or_default().push(Taker { child: node, together });
            }
        }
    }
    takers
}
