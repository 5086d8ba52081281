//! Restores a recorded run: the affected set, and the results of its steps so far.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use crate::affected::{Affected, Arcs, Block, Column, Disposition, Finished, Marks, Ran, assemble};
use crate::graph::{Edge, Graph, Route, labels};
use crate::model::{AnyOperation, CallError, Phase, StepError};
use crate::plan::PlanVeto;
use crate::report::Failure;

use super::record::FailedInstance;
use super::recorded::{Recorded, RecordedColumn};

/// The results of a run so far.
#[derive(Default)]
pub(crate) struct History {
    ran: HashMap<Phase, Ran>,
    /// The first failure of each node.
    pub(crate) failures: HashMap<u32, Failure>,
    /// The instances on which an effect failed, by resource and index.
    pub(crate) failed_effects: HashSet<(usize, u32)>,
    /// The failed instances that had drifted, by resource and index.
    pub(crate) drifted: HashSet<(usize, u32)>,
    pub(crate) cancelled: bool,
    /// The vetoes that the run overrides.
    pub(crate) overridden: Vec<PlanVeto>,
    /// Whether steps may have been in progress when the process died.
    pub(crate) broken_off: bool,
}

impl History {
    /// The history of a new run that overrides these vetoes.
    pub(crate) fn beginning(overridden: Vec<PlanVeto>) -> Self {
        Self { overridden, ..Self::default() }
    }

    /// Removes and returns the ended methods of a phase, by instance.
    pub(crate) fn take_ran(&mut self, phase: Phase) -> Ran {
        self.ran.remove(&phase).unwrap_or_default()
    }

    /// The ended methods of a phase, by instance, to add to.
    pub(crate) fn ran(&mut self, phase: Phase) -> &mut Ran {
        self.ran.entry(phase).or_default()
    }
}

/// Restores the affected set from its records, and takes these out of `recorded`. The error says which record does not
/// fit the graph.
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
        let resource = graph.find_resource(&name).ok_or_else(|| format!("there is no resource {name}"))?;
        fill(&mut columns[resource], &labels(graph, code, Phase::Effect, resource), recorded)
            .map_err(|what| format!("{name}: {what}"))?;
    }
    let mut arcs: Vec<_> = graph.edges.iter().map(|_| Arcs::default()).collect();
    for ((parent, child), recorded) in std::mem::take(&mut recorded.arcs) {
        let connects = |edge: &Edge| {
            graph.resources[edge.parent].name() == parent && graph.resources[edge.child].name() == child
        };
        let edge = graph.edges.iter().position(connects);
        let edge = edge.ok_or_else(|| format!("there is no edge from {child} to {parent}"))?;
        let Edge { parent: parents, child: children, .. } = &graph.edges[edge];
        if !names_known_instances(&recorded, columns[*parents].len(), columns[*children].len()) {
            return Err(format!(
                "an arc from {child} to {parent} refers to an instance that no record lists"
            ));
        }
        arcs[edge] = recorded;
    }
    let instances = columns[route.root].len();
    if roots as usize > instances {
        return Err(format!(
            "the run has {roots} roots, but only {instances} instances of the root resource"
        ));
    }
    Ok(assemble(Arc::clone(graph), operation, route, Finished { columns, arcs, roots }))
}

/// Whether all arcs are between the first `parents` and the first `children` instances of their resources.
fn names_known_instances(arcs: &Arcs, parents: usize, children: usize) -> bool {
    let is_parent = |parent: u32| (parent as usize) < parents;
    let is_child = |child: u32| (child as usize) < children;
    let is_known = |block: &Block| {
        block.parents.iter().copied().all(is_parent) && block.children.iter().copied().all(is_child)
    };
    arcs.pairs().all(|(parent, child)| is_parent(parent) && is_child(child))
        && arcs.blocks.iter().all(is_known)
        && arcs.released.iter().copied().all(is_child)
}

/// Adds the recorded instances to an empty column. `names` are the effects of the resource, by bit.
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
            return Err(format!(
                "the id {text} is listed twice: make sure that distinct ids serialise differently"
            ));
        }
    }
    for kind in recorded.kind_of {
        column.dispositions.push(kinds[kind as usize]);
    }
    Ok(())
}

/// Restores the results of the run's steps on the instances of `affected`.
pub(crate) fn history(affected: &Affected, recorded: &Recorded) -> Result<History, String> {
    let mut history = History {
        cancelled: recorded.cancelled,
        overridden: recorded.overridden.clone(),
        broken_off: true,
        ..History::default()
    };
    for ((phase, name, effect), done) in &recorded.done {
        let (resource, slot) = slot(affected, *phase, name, effect)?;
        let ran = history.ran(*phase);
        for &index in done {
            check_index(affected, resource, index)?;
            ran.note_one(resource, index, 1 << slot);
        }
    }
    for ((phase, name, effect), failed) in &recorded.failed {
        let (resource, slot) = slot(affected, *phase, name, effect)?;
        for FailedInstance { instance, error, drifted } in failed {
            check_index(affected, resource, *instance)?;
            // A failed method has ended too: the resumed run does not call it again.
            history.ran(*phase).note_one(resource, *instance, 1 << slot);
            let error = match drifted {
                true => CallError::Drifted(error.clone()),
                false => CallError::Failed(StepError::terminal(error.clone())),
            };
            let failure = Failure { phase: *phase, effect: effect.clone(), error: Arc::new(error) };
            history.failures.entry(affected.node(resource, *instance)).or_insert(failure);
            if *phase == Phase::Effect {
                history.failed_effects.insert((resource, *instance));
            }
            if *drifted {
                history.drifted.insert((resource, *instance));
            }
        }
    }
    Ok(history)
}

/// The index of the resource, and the bit of the method among the methods of that phase.
fn slot(affected: &Affected, phase: Phase, name: &str, effect: &str) -> Result<(usize, usize), String> {
    let resource = affected.graph.find_resource(name);
    let resource = resource.ok_or_else(|| format!("there is no resource {name}"))?;
    let labels = labels(&affected.graph, affected.operation.descriptor().code(), phase, resource);
    let slot = labels.iter().position(|label| label == effect);
    Ok((resource, slot.ok_or_else(|| format!("{name} has no {phase} method `{effect}`"))?))
}

fn check_index(affected: &Affected, resource: usize, index: u32) -> Result<(), String> {
    if (index as usize) < affected.columns[resource].len() {
        return Ok(());
    }
    let name = affected.resource_name(resource);
    Err(format!("a step on {name} refers to an instance that no record lists"))
}
