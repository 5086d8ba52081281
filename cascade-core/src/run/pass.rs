//! What is to be done in one pass over the affected set: begin, the effects, or cleanup.

use std::sync::Arc;

use super::pending_methods::PendingMethods;
use super::scheduler::{LaneLimit, StepKind, Work};
use crate::affected::{Affected, Order, Ran};
use crate::discover::only_mask;
use crate::graph::{Method, effect_methods, methods_of};
use crate::model::{Phase, PhaseDeclaration};
use crate::report::State;

/// A pass: the work for the scheduler, and the methods behind its kinds.
pub(crate) struct Pass {
    pub(crate) phase: Phase,
    pub(crate) work: Work,
    pub(crate) methods: Vec<Method>,
}

impl Pass {
    /// The effects, children first, less those that `ran` says have run before.
    pub(crate) fn effects(affected: &Affected, ran: &Ran) -> Self {
        let mut pass = Self::empty(affected, Phase::Effect, Order::effects(affected));
        for resource in 0..affected.graph.resources.len() {
            pass.add_resource(affected, effect_methods(&affected.graph, resource));
            let (kinds, masks) = (&affected.columns[resource].dispositions, &mut pass.work.pending);
            let ran = ran.of_resource(resource);
            kinds.each(
                |kind| affected.effects_of(resource, kind),
                |index, effects| masks.push(effects & !ran.get(index as usize).copied().unwrap_or(0)),
            );
        }
        pass
    }

    /// The begin methods, parents first, less those that `ran` says have run before, and those that there were `since` a
    /// smaller plan; `None` if the operation has none.
    pub(crate) fn begin(affected: &Affected, ran: &Ran, since: Option<&Affected>) -> Option<Self> {
        let known = |methods: &PhaseMethods<'_>, index: u32| {
            let since = since.filter(|since| methods.is_affected(since, index));
            since.map_or(0, |since| methods.mask(since, index))
        };
        Self::around(affected, Phase::Begin, |methods, index| {
            ran.of(methods.resource, index) | known(methods, index)
        })
    }

    /// The cleanup methods, children first, for what went; `None` if the operation has none.
    pub(crate) fn cleanup(affected: &Affected, ran: &Ran, states: &[State]) -> Option<Self> {
        Self::around(affected, Phase::Cleanup, |methods, index| {
            match states[affected.node(methods.resource, index) as usize] {
                State::Done => ran.of(methods.resource, index),
                _ => u32::MAX,
            }
        })
    }

    /// A pass of phase methods, on each instance those that are for it, less those `left_out`.
    fn around(
        affected: &Affected,
        phase: Phase,
        left_out: impl Fn(&PhaseMethods<'_>, u32) -> u32,
    ) -> Option<Self> {
        let of_resource = |resource| PhaseMethods::of(affected, phase, resource);
        let by_resource: Vec<PhaseMethods<'_>> =
            (0..affected.graph.resources.len()).map(of_resource).collect();
        if by_resource.iter().all(|methods| methods.methods.is_empty()) {
            return None;
        }
        let order = if phase == Phase::Begin {
            Order::parents_first(affected)
        } else {
            Order::children_first(affected)
        };
        let mut pass = Self::empty(affected, phase, order);
        for methods in by_resource {
            pass.add_resource(affected, methods.methods.iter().map(|(method, _)| *method));
            for index in 0..affected.columns[methods.resource].len() as u32 {
                pass.work.pending.push(methods.mask(affected, index) & !left_out(&methods, index));
            }
        }
        Some(pass)
    }

    fn empty(affected: &Affected, phase: Phase, (order, waits_for): (Order, Vec<u32>)) -> Self {
        let lanes = affected.graph.extensions.iter().zip(priorities(affected, phase));
        let lanes = lanes
            .map(|(extension, priority)| LaneLimit { concurrency: extension.settings.concurrency, priority });
        let work = Work {
            order: Arc::new(order),
            waits_for,
            pending: PendingMethods::with_capacity(affected.nodes()),
            base: affected.base.clone(),
            first_step_kind: Vec::new(),
            step_kinds: Vec::new(),
            lanes: lanes.collect(),
        };
        Self { phase, work, methods: Vec::new() }
    }

    fn add_resource(&mut self, affected: &Affected, methods: impl Iterator<Item = Method>) {
        self.work.first_step_kind.push(self.work.step_kinds.len());
        for method in methods {
            let batch = affected.graph.extensions[method.extension].settings.batch;
            self.work.step_kinds.push(StepKind { batch, lane: method.extension });
            self.methods.push(method);
        }
    }
}

/// For each extension: what has most levels to come after it goes first, for that is what a run has to wait for in the end.
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
    resource: usize,
    methods: Vec<(Method, &'g PhaseDeclaration)>,
    /// For each, the effects that it is only for.
    only: Vec<Option<u32>>,
}

impl<'g> PhaseMethods<'g> {
    fn of(affected: &'g Affected, phase: Phase, resource: usize) -> Self {
        let code = affected.operation.descriptor().code();
        let methods = methods_of(&affected.graph, code, phase, resource);
        let only = methods
            .iter()
            .map(|(method, declared)| only_mask(affected, resource, method.extension, declared))
            .collect();
        Self { resource, methods, only }
    }

    /// Those that are for an instance, a bit each.
    fn mask(&self, affected: &Affected, index: u32) -> u32 {
        let chosen = |only: &Option<u32>| match only {
            Some(mask) => affected.effects(self.resource, index) & mask != 0,
            None => affected.is_going(self.resource, index),
        };
        let kinds = self.only.iter().enumerate().filter(|(_, only)| chosen(only));
        kinds.fold(0, |mask, (kind, _)| mask | 1 << kind)
    }

    fn is_affected(&self, affected: &Affected, index: u32) -> bool {
        let column = &affected.columns[self.resource];
        (index as usize) < column.len() && column.is_affected(index)
    }
}
