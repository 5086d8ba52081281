//! `with_parent` instances: they have no step of their own, so their states follow from the states of their parents.

use std::collections::{HashMap, HashSet};

use crate::affected::{Affected, WithParentEdges};
use crate::ids::{EdgeIx, Indexed, InstanceIx, NodeIx};
use crate::report::State;

/// For each parent, the children that are removed with it.
#[derive(Debug, Default)]
pub(crate) struct WithParentChildren {
    by_parent: HashMap<NodeIx, Vec<WithParentChild>>,
    /// For each group, the number of parents that must all be done before their child is.
    group_sizes: Vec<usize>,
}

/// A child that is removed with a parent: with that parent alone, or, along a shared edge, with the last of its owners.
#[derive(Debug)]
struct WithParentChild {
    child: NodeIx,
    /// The index of the parent's group. A parent that suffices alone is a group of one; the owners of a shared child are
    /// one group.
    group: usize,
}

impl WithParentChildren {
    pub(crate) fn of(affected: &Affected) -> Self {
        let mut children = Self::default();
        let with_parent_edges = WithParentEdges::of(affected);
        for &node in &affected.removed_with_parent {
            let (resource, index) = affected.locate(node);
            for &edge in &affected.graph.resources[resource].up {
                if with_parent_edges.removes(edge, index) {
                    children.add(affected, edge, node, index);
                }
            }
        }
        children
    }

    fn add(&mut self, affected: &Affected, edge: EdgeIx, node: NodeIx, index: InstanceIx) {
        let shared = affected.route.edges[edge].is_some_and(|route| route.shared);
        let resource = affected.graph.edges[edge].parent;
        for (position, parent) in affected.parents(edge, index).into_iter().enumerate() {
            if position == 0 || !shared {
                self.group_sizes.push(0);
            }
            let group = self.group_sizes.len() - 1;
            self.group_sizes[group] += 1;
            let parent = affected.node(resource, parent);
            self.by_parent.entry(parent).or_default().push(WithParentChild { child: node, group });
        }
    }

    fn children_of(&self, parent: NodeIx) -> &[WithParentChild] {
        self.by_parent.get(&parent).map_or(&[], Vec::as_slice)
    }

    /// These instances and all that are removed with them, directly or through others. Each node occurs once.
    pub(crate) fn with_removed_children(&self, nodes: &[NodeIx]) -> Vec<NodeIx> {
        let mut seen: HashSet<NodeIx> = nodes.iter().copied().collect();
        let mut found = nodes.to_vec();
        let mut position = 0;
        while let Some(&node) = found.get(position) {
            let children = self.children_of(node).iter().map(|it| it.child);
            found.extend(children.filter(|&child| seen.insert(child)));
            position += 1;
        }
        found
    }
}

/// Sets the state of every `with_parent` instance. It is done if a parent that removes it is done; along a shared edge, if
/// all owners are. Otherwise it is blocked if such a parent failed or is blocked, and `blocked_by` gets the failed
/// instance. Otherwise it is left if no parent can remove it any more, because they are left. Otherwise it was not started.
///
/// Returns the instances that are left, each with such a parent.
pub(crate) fn resolve(
    affected: &Affected,
    states: &mut Indexed<NodeIx, State>,
    blocked_by: &mut HashMap<NodeIx, NodeIx>,
) -> Vec<(NodeIx, NodeIx)> {
    if affected.removed_with_parent.is_empty() {
        return Vec::new();
    }
    for &node in &affected.removed_with_parent {
        if states[node] == State::Done {
            states[node] = State::Waiting;
        }
    }
    let children = WithParentChildren::of(affected);
    let mut missing = children.group_sizes.clone();
    let nodes_in = |state: State, states: &Indexed<NodeIx, State>| {
        states.indices().filter(|&node| states[node] == state).collect::<Vec<_>>()
    };
    let mut to_visit = nodes_in(State::Done, states);
    while let Some(parent) = to_visit.pop() {
        for &WithParentChild { child, group } in children.children_of(parent) {
            missing[group] -= 1;
            if missing[group] == 0 && states[child] == State::Waiting {
                states[child] = State::Done;
                to_visit.push(child);
            }
        }
    }
    let mut to_visit = nodes_in(State::Failed, states);
    to_visit.extend(nodes_in(State::Blocked, states));
    while let Some(parent) = to_visit.pop() {
        // An instance of a cycle may have failed in an early effect, and be blocked by another one too.
        let blocked = blocked_by.get(&parent).filter(|_| states[parent] == State::Blocked);
        let cause = blocked.copied().unwrap_or(parent);
        for &WithParentChild { child, .. } in children.children_of(parent) {
            if states[child] == State::Waiting {
                states[child] = State::Blocked;
                blocked_by.insert(child, cause);
                to_visit.push(child);
            }
        }
    }
    leave_children(&children, states)
}

/// Leaves the children that wait and that no group can complete any more: each has a parent that is left, or a child that is
/// itself left.
fn leave_children(
    children: &WithParentChildren,
    states: &mut Indexed<NodeIx, State>,
) -> Vec<(NodeIx, NodeIx)> {
    let mut to_visit: Vec<NodeIx> = states.indices().filter(|&node| states[node] == State::Left).collect();
    let mut left = Vec::new();
    if to_visit.is_empty() {
        return left;
    }
    let may_complete = may_complete(children, states);
    while let Some(parent) = to_visit.pop() {
        for &WithParentChild { child, .. } in children.children_of(parent) {
            if states[child] == State::Waiting && !may_complete.contains(&child) {
                states[child] = State::Left;
                left.push((child, parent));
                to_visit.push(child);
            }
        }
    }
    left
}

/// The waiting children with a group of which no parent is left. A parent that is such a child itself has to be one of them.
fn may_complete(children: &WithParentChildren, states: &Indexed<NodeIx, State>) -> HashSet<NodeIx> {
    let is_waiting = |node: NodeIx| states[node] == State::Waiting;
    let waiting: HashSet<NodeIx> =
        children.by_parent.values().flatten().map(|it| it.child).filter(|&child| is_waiting(child)).collect();
    let mut missing = children.group_sizes.clone();
    let is_open = |node: &NodeIx| matches!(states[*node], State::Waiting | State::Running | State::Done);
    let mut to_visit: Vec<NodeIx> =
        children.by_parent.keys().copied().filter(|node| is_open(node) && !waiting.contains(node)).collect();
    let mut may_complete = HashSet::new();
    while let Some(parent) = to_visit.pop() {
        for &WithParentChild { child, group } in children.children_of(parent) {
            missing[group] -= 1;
            if missing[group] == 0 && waiting.contains(&child) && may_complete.insert(child) {
                to_visit.push(child);
            }
        }
    }
    may_complete
}
