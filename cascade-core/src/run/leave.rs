//! Effects leave instances as they are: they answer that an instance is not part of the operation any more.

use std::borrow::Cow;
use std::collections::HashSet;

use super::pass::Pass;
use super::phases::Run;
use super::scheduler::InitialState;
use crate::affected::Affected;
use crate::ids::{Indexed, NodeIx};
use crate::report::State;

impl Run {
    /// Notes that an effect left an instance as it is.
    pub(super) fn leave(&mut self, node: NodeIx, reason: String) {
        let (resource, index) = self.affected.locate(node);
        if Pass::has_begin(&self.affected, resource, index) {
            self.only_begun.insert(node);
        }
        self.view.note_left(resource, index);
        self.left_by_effects.insert((resource, index), reason);
    }

    /// The instances that an effect left before the run was resumed.
    pub(super) fn left_before(&self) -> impl Iterator<Item = InitialState> {
        self.left_by_effects.keys().map(|&(resource, index)| {
            let node = self.affected.node(resource, index);
            InitialState { node, state: State::Left, cause: node }
        })
    }

    /// The instances that get no begin method any more.
    pub(super) fn without_begin(&self) -> Cow<'_, HashSet<NodeIx>> {
        if self.left_by_effects.is_empty() {
            return Cow::Borrowed(&self.only_begun);
        }
        let left = self.left_by_effects.keys().map(|&(resource, index)| self.affected.node(resource, index));
        Cow::Owned(self.only_begun.iter().copied().chain(left).collect())
    }

    /// Collects why instances were left. `with_parent` has those that would have completed with such an instance.
    pub(super) fn collect_left(&mut self, with_parent: Vec<(NodeIx, NodeIx)>) {
        if !with_parent.is_empty() {
            let have_begun = Pass::nodes_with_begin(&self.affected);
            self.only_begun
                .extend(with_parent.iter().map(|(child, _)| child).filter(|it| have_begun.contains(it)));
        }
        for (child, parent) in with_parent {
            let (resource, index) = self.affected.locate(parent);
            let reason = format!("it goes with {}, which is left", self.affected.name(resource, index));
            self.left.insert(child, reason);
        }
        for ((resource, index), reason) in std::mem::take(&mut self.left_by_effects) {
            self.left.insert(self.affected.node(resource, index), reason);
        }
    }

    /// The number of instances that were begun and not removed, and so need a cleanup that they do not get.
    pub(super) fn only_begun(&self, states: &Indexed<NodeIx, State>) -> usize {
        let stays = |node: NodeIx| match states[node] {
            State::Left => true,
            State::Done => !is_going(&self.affected, node),
            _ => false,
        };
        let only_begun = self.only_begun.iter().copied();
        only_begun.filter(|node| stays(*node) && !self.failures.contains_key(node)).count()
    }
}

fn is_going(affected: &Affected, node: NodeIx) -> bool {
    let (resource, index) = affected.locate(node);
    affected.is_going(resource, index)
}
