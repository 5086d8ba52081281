//! Early effects: leaf effects by which an instance of a cycle lets go of a parent.
//!
//! Example: a merge request remembers its newest diff, and each diff belongs to a merge request. The two depend on each
//! other. The effect that clears the reference runs first, then the diff is removed, then the merge request.

use std::ops::Range;

use super::arc_ref::ArcRef;
use crate::ids::NodeIx;
use crate::model::EffectSet;

/// The early effects of a plan. Most plans have none.
#[derive(Debug, Default)]
pub(crate) struct EarlyEffects {
    /// The instances with early effects, by node, and these effects.
    effects: Vec<(NodeIx, EffectSet)>,
    /// The arcs along which the parent waits only for the early effects of the child. Sorted.
    released: Vec<ArcRef>,
    /// The instances of cycles with early effects, each with the number of its cycle. Sorted.
    members: Vec<(NodeIx, u32)>,
    /// The number of these cycles.
    cycles: u32,
}

impl EarlyEffects {
    /// `effects` may list an instance several times. `members` has the instances of `cycles` cycles.
    pub(crate) fn new(
        mut effects: Vec<(NodeIx, EffectSet)>,
        mut released: Vec<ArcRef>,
        mut members: Vec<(NodeIx, u32)>,
        cycles: u32,
    ) -> Self {
        effects.sort_unstable_by_key(|(node, _)| *node);
        effects.dedup_by(|later, kept| {
            let is_same = later.0 == kept.0;
            if is_same {
                kept.1 = kept.1.union(later.1);
            }
            is_same
        });
        released.sort_unstable();
        members.sort_unstable();
        Self { effects, released, members, cycles }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.effects.is_empty()
    }

    /// The instances with early effects, by node, and these effects.
    pub(crate) fn all(&self) -> &[(NodeIx, EffectSet)] {
        &self.effects
    }

    /// The early effects of an instance.
    pub(crate) fn of(&self, node: NodeIx) -> EffectSet {
        self.position(node).map_or(EffectSet::EMPTY, |position| self.effects[position].1)
    }

    /// The position of the instance in [`all`](Self::all).
    pub(crate) fn position(&self, node: NodeIx) -> Option<usize> {
        self.effects.binary_search_by_key(&node, |(node, _)| *node).ok()
    }

    /// Those of these instances that have early effects, and these effects.
    pub(crate) fn within(&self, nodes: &Range<NodeIx>) -> &[(NodeIx, EffectSet)] {
        let first = self.effects.partition_point(|(node, _)| *node < nodes.start);
        let end = self.effects.partition_point(|(node, _)| *node < nodes.end);
        &self.effects[first..end]
    }

    /// The arcs along which the parent waits only for the early effects of the child.
    pub(crate) fn released(&self) -> &[ArcRef] {
        &self.released
    }

    /// Whether the parent waits only for the early effects of the child.
    pub(crate) fn is_released(&self, arc: &ArcRef) -> bool {
        !self.released.is_empty() && self.released.binary_search(arc).is_ok()
    }

    /// The number of the instance's cycle, if that has early effects.
    pub(crate) fn cycle_of(&self, node: NodeIx) -> Option<u32> {
        let position = self.members.binary_search_by_key(&node, |(node, _)| *node).ok()?;
        Some(self.members[position].1)
    }

    /// Whether any of these instances is in a cycle with early effects.
    pub(crate) fn has_members(&self, nodes: &Range<NodeIx>) -> bool {
        let first = self.members.partition_point(|(node, _)| *node < nodes.start);
        self.members.get(first).is_some_and(|(node, _)| *node < nodes.end)
    }

    /// The number of cycles with early effects.
    pub(crate) fn cycles(&self) -> usize {
        self.cycles as usize
    }
}
