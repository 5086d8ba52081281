//! The work of one pass over the affected set: the begin methods, the effects, or the cleanup methods.

use std::collections::HashSet;
use std::sync::Arc;

use super::early_steps::{EarlyStep, EarlySteps};
use super::held_parents::HeldParents;
use super::pending_methods::PendingMethods;
use super::scheduler::{LaneLimit, StepKind, Work};
use crate::affected::{Affected, FailedEffects, Order, Ran};
use crate::discover::only_effects;
use crate::graph::{Method, effect_methods, methods_of};
use crate::ids::{Index, Indexed, InstanceIx, NodeIx, ResourceIx, StepKindIx};
use crate::model::{EffectSet, Phase, PhaseDeclaration};
use crate::report::State;

/// A pass: the work for the scheduler, and the methods of its step kinds.
pub(crate) struct Pass {
    pub(crate) phase: Phase,
    pub(crate) work: Work,
    /// By step kind.
    pub(crate) methods: Indexed<StepKindIx, Method>,
}

impl Pass {
    /// The effects, children first, without those that have run before according to `ran`, be it that they `failed`.
    pub(crate) fn effects(affected: &Affected, ran: &Ran, failed: &FailedEffects) -> Self {
        let (order, waits_for) = Order::effects(affected);
        let mut pass = Self::empty(affected, Phase::Effect, order, waits_for);
        for resource in affected.graph.resources.indices() {
            pass.add_resource(affected, effect_methods(&affected.graph, resource));
            let (dispositions, pending) = (&affected.columns[resource].dispositions, &mut pass.work.pending);
            let ran = ran.of_resource(resource);
            let has_run = |index: InstanceIx| ran.get(index.position()).copied().unwrap_or_default();
            let early = |index: InstanceIx| affected.early_effects(resource, index);
            let is_all_pending =
                ran.is_empty() && affected.cycles.early.within(&affected.base.of(resource)).is_empty();
            dispositions.each_row(
                |disposition| affected.effects_of(resource, disposition),
                |row, effects| {
                    if is_all_pending {
                        return pending.push_row(effects, row.end.position() - row.start.position());
                    }
                    for index in row.start.up_to(row.end) {
                        pending.push(effects.without(has_run(index)).without(early(index)));
                    }
                },
            );
        }
        pass.add_early_steps(affected, ran, failed);
        pass
    }

    /// Adds the steps of early effects, with step kinds of their own.
    fn add_early_steps(&mut self, affected: &Affected, ran: &Ran, failed: &FailedEffects) {
        let early = &affected.cycles.early;
        if early.is_empty() {
            return;
        }
        let mut first_step_kind = Indexed::like(&affected.graph.resources, || None);
        for resource in affected.graph.resources.indices() {
            if !early.within(&affected.base.of(resource)).is_empty() {
                first_step_kind[resource] = Some(StepKindIx::at(self.work.step_kinds.len()));
                self.add_step_kinds(affected, effect_methods(&affected.graph, resource));
            }
        }
        let steps = early.all().iter().map(|&(instance, effects)| {
            let (resource, index) = affected.locate(instance);
            EarlyStep {
                instance,
                pending: affected
                    .effects_left(resource, index, ran.of(resource, index))
                    .intersection(effects),
                has_failed: failed.get(&(resource, index)).is_some_and(|failed| failed.intersects(effects)),
                alone: affected.effects(resource, index) == effects,
            }
        });
        self.work.early = EarlySteps::new(affected.base.end(), steps, first_step_kind);
    }

    /// The begin methods, parents first; `None` if the operation has none. Omits those that have run before according to
    /// `ran`, and those of instances that departed after they had begun.
    pub(crate) fn begin(affected: &Affected, ran: &Ran, has_begun: &HashSet<NodeIx>) -> Option<Self> {
        Self::phase_methods(affected, Phase::Begin, |methods, index| {
            if has_begun.contains(&affected.node(methods.resource, index)) {
                return EffectSet::ALL;
            }
            ran.of(methods.resource, index)
        })
    }

    /// The nodes of the instances that have begin methods.
    pub(crate) fn nodes_with_begin(affected: &Affected) -> HashSet<NodeIx> {
        let mut nodes = HashSet::new();
        for resource in affected.graph.resources.indices() {
            let methods = PhaseMethods::of(affected, Phase::Begin, resource);
            if methods.methods.is_empty() {
                continue;
            }
            let instances = affected.instances(resource);
            let has_begin = instances.filter(|&index| !methods.applying(affected, index).is_empty());
            nodes.extend(has_begin.map(|index| affected.node(resource, index)));
        }
        nodes
    }

    /// Whether an instance has begin methods.
    pub(crate) fn has_begin(affected: &Affected, resource: ResourceIx, index: InstanceIx) -> bool {
        !PhaseMethods::of(affected, Phase::Begin, resource).applying(affected, index).is_empty()
    }

    /// The cleanup methods, children first, of the instances that were removed; `None` if the operation has none.
    pub(crate) fn cleanup(affected: &Affected, ran: &Ran, states: &Indexed<NodeIx, State>) -> Option<Self> {
        Self::phase_methods(affected, Phase::Cleanup, |methods, index| {
            match states[affected.node(methods.resource, index)] {
                State::Done => ran.of(methods.resource, index),
                _ => EffectSet::ALL,
            }
        })
    }

    /// A pass of begin or cleanup methods: for each instance those that apply to it, without those of `left_out`.
    fn phase_methods(
        affected: &Affected,
        phase: Phase,
        left_out: impl Fn(&PhaseMethods<'_>, InstanceIx) -> EffectSet,
    ) -> Option<Self> {
        let of_resource = |resource| PhaseMethods::of(affected, phase, resource);
        let by_resource: Vec<PhaseMethods<'_>> =
            affected.graph.resources.indices().map(of_resource).collect();
        if by_resource.iter().all(|methods| methods.methods.is_empty()) {
            return None;
        }
        let (order, waits_for) = if phase == Phase::Begin {
            Order::parents_first(affected)
        } else {
            Order::children_first(affected)
        };
        let mut pass = Self::empty(affected, phase, order, waits_for);
        for methods in by_resource {
            pass.add_resource(affected, methods.methods.iter().map(|(method, _)| *method));
            for index in InstanceIx::all(affected.columns[methods.resource].len()) {
                pass.work.pending.push(methods.applying(affected, index).without(left_out(&methods, index)));
            }
        }
        Some(pass)
    }

    fn empty(affected: &Affected, phase: Phase, order: Order, waits_for: Vec<u32>) -> Self {
        let lanes = affected.graph.extensions.iter().zip(priorities(affected, phase));
        let lanes = lanes
            .map(|(extension, priority)| LaneLimit { concurrency: extension.settings.concurrency, priority });
        let work = Work {
            order: Arc::new(order),
            waits_for,
            pending: PendingMethods::with_capacity(affected.nodes()),
            early: EarlySteps::default(),
            held_parents: HeldParents::of(affected),
            base: affected.base.clone(),
            first_step_kind: Indexed::new(),
            step_kinds: Indexed::new(),
            lanes: lanes.collect(),
        };
        Self { phase, work, methods: Indexed::new() }
    }

    fn add_resource(&mut self, affected: &Affected, methods: impl Iterator<Item = Method>) {
        self.work.first_step_kind.push(StepKindIx::at(self.work.step_kinds.len()));
        self.add_step_kinds(affected, methods);
    }

    fn add_step_kinds(&mut self, affected: &Affected, methods: impl Iterator<Item = Method>) {
        for method in methods {
            let batch = affected.graph.extensions[method.extension].settings.batch;
            self.work.step_kinds.push(StepKind { batch, lane: method.extension });
            self.methods.push(method);
        }
    }
}

/// For each extension its priority: the resources with the most levels still to come after them start first, because the
/// run's duration depends on the longest chain.
fn priorities(affected: &Affected, phase: Phase) -> Vec<u32> {
    let graph = &affected.graph;
    let depths = affected.route.depths(graph);
    let deepest = depths.iter().copied().max().unwrap_or(0);
    let mut priorities = vec![0; graph.extensions.len()];
    for (node, depth) in graph.resources.iter().zip(depths) {
        for &extension in &node.extensions {
            priorities[extension] = if phase == Phase::Begin { deepest - depth } else { depth };
        }
    }
    priorities
}

/// The begin or cleanup methods of a resource.
struct PhaseMethods<'g> {
    resource: ResourceIx,
    methods: Vec<(Method, &'g PhaseDeclaration)>,
    /// For each method, the effects to which it is restricted; `None` if it applies to every removed instance.
    only: Vec<Option<EffectSet>>,
}

impl<'g> PhaseMethods<'g> {
    fn of(affected: &'g Affected, phase: Phase, resource: ResourceIx) -> Self {
        let code = affected.operation.descriptor().code();
        let methods = methods_of(&affected.graph, code, phase, resource);
        let only = methods
            .iter()
            .map(|(method, declared)| only_effects(affected, resource, method.extension, declared))
            .collect();
        Self { resource, methods, only }
    }

    /// The methods that apply to an instance, by position.
    fn applying(&self, affected: &Affected, index: InstanceIx) -> EffectSet {
        let applies = |only: &Option<EffectSet>| match only {
            Some(only) => affected.effects(self.resource, index).intersects(*only),
            None => affected.is_going(self.resource, index),
        };
        let applying = self.only.iter().enumerate().filter(|(_, only)| applies(only));
        applying.map(|(position, _)| position).collect()
    }
}
