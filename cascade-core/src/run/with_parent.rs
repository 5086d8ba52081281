//! Instances that a parent's end takes: they have no step of their own, and what became of them follows from what became
//! of the parents.

use std::collections::{HashMap, HashSet};

use crate::affected::{Affected, WithParentEdges};
use crate::report::State;

/// What the end of which instances takes.
#[derive(Debug, Default)]
pub(crate) struct WithParentChildren {
    by_parent: HashMap<u32, Vec<Taker>>,
    /// For each group of parents that take a child together, how many they are.
    together: Vec<usize>,
}

/// A child that a parent takes: by itself, or together with all its other owners.
#[derive(Debug)]
struct Taker {
    child: u32,
    /// The number of the group of parents.
    together: usize,
}

impl WithParentChildren {
    pub(crate) fn of(affected: &Affected) -> Self {
        let mut takers = Self::default();
        let taking = WithParentEdges::of(affected);
        for &node in &affected.removed_with_parent {
            let (resource, index) = affected.locate(node);
            for &edge in &affected.graph.resources[resource].up {
                if taking.removes(edge, index) {
                    takers.add(affected, edge, node, index);
                }
            }
        }
        takers
    }

    fn add(&mut self, affected: &Affected, edge: usize, node: u32, index: u32) {
        let shared = affected.route.edges[edge].is_some_and(|route| route.shared);
        let resource = affected.graph.edges[edge].parent;
        for (at, parent) in affected.parents(edge, index).into_iter().enumerate() {
            if at == 0 || !shared {
                self.together.push(0);
            }
            let together = self.together.len() - 1;
            self.together[together] += 1;
            let parent = affected.node(resource, parent);
            self.by_parent.entry(parent).or_default().push(Taker { child: node, together });
        }
    }

    fn below(&self, parent: u32) -> &[Taker] {
        self.by_parent.get(&parent).map_or(&[], Vec::as_slice)
    }

    /// These instances, and what their end takes, and what the end of that takes, and so on: each once.
    pub(crate) fn with_all_below(&self, nodes: &[u32]) -> Vec<u32> {
        let mut seen: HashSet<u32> = nodes.iter().copied().collect();
        let mut found = nodes.to_vec();
        let mut at = 0;
        while let Some(&node) = found.get(at) {
            found
                .extend(self.below(node).iter().map(|taker| taker.child).filter(|&child| seen.insert(child)));
            at += 1;
        }
        found
    }
}

/// Gives every taken instance without a step its state: done if a parent that takes it is done, or all owners that
/// share it are; else blocked by what keeps a parent from being done; else not started. `blocked_by` gets the causes.
pub(crate) fn resolve(affected: &Affected, states: &mut [State], blocked_by: &mut HashMap<u32, u32>) {
    if affected.removed_with_parent.is_empty() {
        return;
    }
    for &node in &affected.removed_with_parent {
        if states[node as usize] == State::Done {
            states[node as usize] = State::Waiting;
        }
    }
    let takers = WithParentChildren::of(affected);
    let mut missing = takers.together.clone();
    let of = |state: State, states: &[State]| {
        (0..states.len() as u32).filter(|&node| states[node as usize] == state).collect::<Vec<_>>()
    };
    let mut open = of(State::Done, states);
    while let Some(parent) = open.pop() {
        for &Taker { child, together } in takers.below(parent) {
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
        for &Taker { child, .. } in takers.below(parent) {
            if states[child as usize] == State::Waiting {
                states[child as usize] = State::Blocked;
                blocked_by.insert(child, cause);
                open.push(child);
            }
        }
    }
}
