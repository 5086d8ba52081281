//! Instances that their parents' end takes: what became of them follows from what became of the parents.

use std::collections::HashMap;

use crate::affected::{Affected, Marks};
use crate::route::Reach;
use crate::schedule::State;

/// Gives every taken instance without a step its state: done if a parent that takes it is done; else blocked by what
/// keeps a parent from being done; else not started. `blocked_by` gets the causes.
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
    let by_parent = takers(affected, &waiting);
    let of = |state: State, states: &[State]| {
        (0..states.len() as u32).filter(|&node| states[node as usize] == state).collect::<Vec<_>>()
    };
    let mut open = of(State::Done, states);
    while let Some(parent) = open.pop() {
        for &child in by_parent.get(&parent).into_iter().flatten() {
            if states[child as usize] == State::Waiting {
                states[child as usize] = State::Done;
                open.push(child);
            }
        }
    }
    let mut open = of(State::Failed, states);
    open.extend(of(State::Blocked, states));
    while let Some(parent) = open.pop() {
        let cause = blocked_by.get(&parent).copied().unwrap_or(parent);
        for &child in by_parent.get(&parent).into_iter().flatten() {
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

/// The taken children of each node. `taken` is sorted.
fn takers(affected: &Affected, taken: &[u32]) -> HashMap<u32, Vec<u32>> {
    let mut by_parent: HashMap<u32, Vec<u32>> = HashMap::new();
    for &node in taken {
        let (resource, index) = affected.locate(node);
        for &edge in &affected.graph.resources[resource].up {
            if affected.route.edges[edge].is_some_and(|route| route.reach == Reach::Taken) {
                let parent = affected.graph.edges[edge].parent;
                for at in affected.parents(edge, index) {
                    by_parent.entry(affected.node(parent, at)).or_default().push(node);
                }
            }
        }
    }
    by_parent
}
