//! The steps of early effects: for an instance in a cycle, those that run before the instances that it depends on end.
//!
//! An instance with early effects has an early node in the order, after the nodes of all instances. The scheduler makes
//! that node ready on its own. Outside the scheduler, its steps are steps on the instance.

use crate::ids::{Index, Indexed, NodeIx, ResourceIx, StepKindIx};
use crate::model::EffectSet;

/// An instance with early effects.
pub(crate) struct EarlyStep {
    pub(crate) instance: NodeIx,
    /// The early effects that have not run yet.
    pub(crate) pending: EffectSet,
    /// Whether an early effect failed before this pass.
    pub(crate) has_failed: bool,
    /// Whether the instance has no other effects.
    pub(crate) alone: bool,
}

/// The early work of a pass. Most passes have none.
#[derive(Debug, Default)]
pub(crate) struct EarlySteps {
    /// The first early node.
    first: NodeIx,
    /// The instance of each early node, in ascending order.
    instances: Vec<NodeIx>,
    /// The early effects that are pending on each early node.
    pending: Vec<EffectSet>,
    /// Whether an early effect failed before this pass.
    has_failed: Vec<bool>,
    /// Whether the instance has no other effects.
    alone: Vec<bool>,
    /// Whether each early node has ended.
    ended: Vec<bool>,
    /// The first step kind of the early steps of each resource that has some.
    first_step_kind: Indexed<ResourceIx, Option<StepKindIx>>,
    /// The step kinds from this one on are those of early steps.
    kinds_from: Option<StepKindIx>,
}

impl EarlySteps {
    /// `steps` has the instances with early effects, by node.
    pub(crate) fn new(
        first: NodeIx,
        steps: impl Iterator<Item = EarlyStep>,
        first_step_kind: Indexed<ResourceIx, Option<StepKindIx>>,
    ) -> Self {
        let kinds_from = first_step_kind.iter().flatten().min().copied();
        let mut early = Self { first, first_step_kind, kinds_from, ..Self::default() };
        for EarlyStep { instance, pending, has_failed, alone } in steps {
            early.instances.push(instance);
            early.pending.push(pending);
            early.has_failed.push(has_failed);
            early.alone.push(alone);
            early.ended.push(false);
        }
        early
    }

    pub(crate) fn is_early(&self, kind: StepKindIx) -> bool {
        self.kinds_from.is_some_and(|first| kind >= first)
    }

    /// The instance of an early node; `None` for any other node.
    pub(crate) fn instance_of(&self, node: NodeIx) -> Option<NodeIx> {
        let position = node.position().checked_sub(self.first.position())?;
        self.instances.get(position).copied()
    }

    /// The early node of an instance.
    pub(crate) fn node_of(&self, instance: NodeIx) -> Option<NodeIx> {
        if self.instances.is_empty() {
            return None;
        }
        self.instances.binary_search(&instance).ok().map(|position| self.first.plus(position))
    }

    /// Whether the early effects of an instance are its only ones.
    pub(crate) fn is_alone(&self, instance: NodeIx) -> bool {
        self.node_of(instance).is_some_and(|early| self.alone[early.position() - self.first.position()])
    }

    /// Notes that an early node has ended. Returns whether it had not ended before.
    pub(crate) fn end(&mut self, early: NodeIx) -> bool {
        let ended = &mut self.ended[early.position() - self.first.position()];
        !std::mem::replace(ended, true)
    }

    /// Whether the early effects have all succeeded.
    pub(crate) fn have_succeeded(&self, early: NodeIx) -> bool {
        let position = early.position() - self.first.position();
        self.pending[position].is_empty() && !self.has_failed[position]
    }

    /// The pending effects of an early node, or of none.
    pub(crate) fn pending(&self, early: Option<NodeIx>) -> EffectSet {
        early.map_or(EffectSet::EMPTY, |early| self.pending[early.position() - self.first.position()])
    }

    pub(crate) fn set_pending(&mut self, early: NodeIx, effects: EffectSet) {
        self.pending[early.position() - self.first.position()] = effects;
    }

    /// The instance gets no further effect, early or not.
    pub(crate) fn give_up(&mut self, early: NodeIx) {
        let position = early.position() - self.first.position();
        (self.pending[position], self.alone[position]) = (EffectSet::EMPTY, true);
    }

    /// The step kind of the first pending effect of an early node; `None` if no effect is pending.
    pub(crate) fn next_kind(&self, early: NodeIx, resource: ResourceIx) -> Option<StepKindIx> {
        let first = self.pending(Some(early)).first()?;
        Some(self.first_step_kind[resource]?.plus(first))
    }
}
