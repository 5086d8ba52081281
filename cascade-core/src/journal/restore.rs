//! A recorded run in the engine's form again: the affected set, and what has become of it.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use crate::affected::{Affected, Arcs, Block, Column, Disposition, Finished, Marks, Ran, assemble};
use crate::graph::{Graph, Route, labels};
use crate::model::{AnyOperation, CallError, Phase, StepError};
use crate::plan::PlanVeto;
use crate::report::Failure;

use super::record::FailedInstance;
use super::recorded::{Recorded, RecordedColumn};

/// What has become of the instances of a run so far.
#[derive(Default)]
pub(crate) struct History {
    ran: HashMap<Phase, Ran>,
    /// By node, the first of each.
    pub(crate) failures: HashMap<u32, Failure>,
    /// The instances with an effect that failed, by resource and index.
    pub(crate) failed_effects: HashSet<(usize, u32)>,
    /// Those of them that the world had moved under.
    pub(crate) drifted: HashSet<(usize, u32)>,
    pub(crate) cancelled: bool,
    /// The vetoes that the run goes on in spite of.
    pub(crate) overridden: Vec<PlanVeto>,
    /// Whether steps may have been under way when the run was broken off.
    pub(crate) broken_off: bool,
}

impl History {
    /// That of a run which begins in spite of those vetoes.
    pub(crate) fn beginning(overridden: Vec<PlanVeto>) -> Self {
        Self { overridden, ..Self::default() }
    }

    /// The slots of a phase that have ended on instances.
    pub(crate) fn take_ran(&mut self, phase: Phase) -> Ran {
        self.ran.remove(&phase).unwrap_or_default()
    }

    /// The same, where instances get more by and by.
    pub(crate) fn ran(&mut self, phase: Phase) -> &mut Ran {
        self.ran.entry(phase).or_default()
    }
}

/// The affected set as it was recorded. The error says what does not fit the graph.
pub(crate) fn restored(
    graph: &Arc<Graph>,
    operation: Arc<dyn AnyOperation>,
    route: Route,
    roots: u32,
    recorded: &mut Recorded,
) -> Result<Affected, String> {
    let code = operation.descriptor().code();
    let mut columns: Vec<Column> =
        graph.resources.iter().map(|node| Column::new(node.descriptor.new_table())).collect();
    for (name, recorded) in std::mem::take(&mut recorded.columns) {
        let at = graph.find_resource(&name).ok_or_else(|| format!("there is no resource {name}"))?;
        fill(&mut columns[at], &labels(graph, code, Phase::Effect, at), recorded)
            .map_err(|what| format!("{name}: {what}"))?;
    }
    let mut arcs: Vec<_> = graph.edges.iter().map(|_| Arcs::default()).collect();
    for ((parent, child), recorded) in std::mem::take(&mut recorded.arcs) {
        let is_it = |edge: &crate::graph::Edge| {
            graph.resources[edge.parent].name() == parent && graph.resources[edge.child].name() == child
        };
        let edge = graph.edges.iter().position(is_it);
        let edge = edge.ok_or_else(|| format!("there is no edge from {child} to {parent}"))?;
        let (parents, children) =
            (columns[graph.edges[edge].parent].len(), columns[graph.edges[edge].child].len());
        let fits = |parent: u32, child: u32| (parent as usize) < parents && (child as usize) < children;
        let block_fits = |Block { parents, children }: &Block| {
            parents.iter().all(|&at| fits(at, 0)) && children.iter().all(|&at| fits(0, at))
        };
        if !recorded.pairs().all(|(parent, child)| fits(parent, child))
            || !recorded.blocks.iter().all(block_fits)
            || !recorded.released.iter().all(|&child| fits(0, child))
        {
            return Err(format!("{child} under {parent}: an instance that is not there"));
        }
        arcs[edge] = recorded;
    }
    if roots as usize > columns[route.root].len() {
        return Err(String::from("a root that is not there"));
    }
    Ok(assemble(Arc::clone(graph), operation, route, Finished { columns, arcs, roots }))
}

fn fill(column: &mut Column, names: &[String], recorded: RecordedColumn) -> Result<(), String> {
    let mask = |effects: &[String]| -> Result<u32, String> {
        effects.iter().try_fold(0, |mask, effect| {
            let bit = names.iter().position(|name| name == effect);
            Ok(mask | 1 << bit.ok_or_else(|| format!("there is no effect `{effect}`"))?)
        })
    };
    let mut kinds = Vec::with_capacity(recorded.dispositions.len());
    for kind in &recorded.dispositions {
        let mut marks = Marks::default();
        if kind.taken {
            marks = marks.with(Marks::WITH_PARENT);
        }
        if kind.retained {
            marks = marks.with(Marks::RETAINED);
        }
        kinds.push(Disposition { given: mask(&kind.given)?, through: mask(&kind.through)?, marks });
    }
    for (expected, id) in (0..).zip(recorded.ids) {
        let text = id.to_string();
        let index = column.ids.insert_json(id).map_err(|error| format!("the id {text}: {error}"))?;
        if index != expected {
            return Err(format!("the id {text} is there twice: do two ids serialise to the same?"));
        }
    }
    for kind in recorded.kind_of {
        column.dispositions.push(kinds[kind as usize]);
    }
    Ok(())
}

/// What has become of the instances of that set.
pub(crate) fn history(affected: &Affected, recorded: &Recorded) -> Result<History, String> {
    let mut history = History {
        cancelled: recorded.cancelled,
        overridden: recorded.overridden.clone(),
        broken_off: true,
        ..History::default()
    };
    for ((phase, resource, effect), ended) in &recorded.done {
        let (at, slot) = slot(affected, *phase, resource, effect)?;
        let ran = history.ran(*phase);
        for &index in ended {
            within(affected, at, index)?;
            ran.note_one(at, index, 1 << slot);
        }
    }
    for ((phase, resource, effect), failed) in &recorded.failed {
        let (at, slot) = slot(affected, *phase, resource, effect)?;
        for FailedInstance { instance, error, drifted } in failed {
            within(affected, at, *instance)?;
            // It has ended too: it does not run again.
            history.ran(*phase).note_one(at, *instance, 1 << slot);
            let error = match drifted {
                true => CallError::Drifted(error.clone()),
                false => CallError::Failed(StepError::terminal(error.clone())),
            };
            let failure = Failure { phase: *phase, effect: effect.clone(), error: Arc::new(error) };
            history.failures.entry(affected.node(at, *instance)).or_insert(failure);
            if *phase == Phase::Effect {
                history.failed_effects.insert((at, *instance));
            }
            if *drifted {
                history.drifted.insert((at, *instance));
            }
        }
    }
    Ok(history)
}

fn slot(affected: &Affected, phase: Phase, resource: &str, effect: &str) -> Result<(usize, usize), String> {
    let at = affected.graph.find_resource(resource);
    let at = at.ok_or_else(|| format!("there is no resource {resource}"))?;
    let names = labels(&affected.graph, affected.operation.descriptor().code(), phase, at);
    let slot = names.iter().position(|name| name == effect);
    Ok((at, slot.ok_or_else(|| format!("{resource} has no {phase} method `{effect}`"))?))
}

fn within(affected: &Affected, resource: usize, index: u32) -> Result<(), String> {
    let there = (index as usize) < affected.columns[resource].len();
    there.then_some(()).ok_or_else(|| String::from("a step on an instance that is not there"))
}
