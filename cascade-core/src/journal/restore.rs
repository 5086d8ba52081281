//! Restores a recorded run: the affected set, and the results of its steps so far.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use crate::affected::{
    Affected, Arcs, Block, Column, Disposition, FailedEffects, Finished, MAX_ROOT_RESOURCES, Marks, Ran,
    RootSet, assemble,
};
use crate::graph::{Edge, Graph, Route, labels};
use crate::ids::{EdgeIx, Index, Indexed, InstanceIx, NodeIx, ResourceIx};
use crate::model::{AnyOperation, CallError, EffectSet, Phase, StepError};
use crate::plan::{PlanDifference, PlanVeto};
use crate::report::Failure;

use super::record::{DepartedInstance, FailedInstance, InstanceKind, LeftInstance};
use super::recorded::{Recorded, RecordedColumn};

/// The results of a run so far.
#[derive(Default)]
pub(crate) struct History {
    ran: HashMap<Phase, Ran>,
    /// The first failure of each node.
    pub(crate) failures: HashMap<NodeIx, Failure>,
    pub(crate) failed_effects: FailedEffects,
    /// The failed instances that had drifted, by resource and index.
    pub(crate) drifted: HashSet<(ResourceIx, InstanceIx)>,
    /// Whether instances may have lost something of what the plan gave them.
    pub(crate) has_changed: bool,
    /// The instances that departed.
    pub(crate) left: HashMap<NodeIx, String>,
    /// The instances that an effect left as they are, by resource and index, each with the reason.
    pub(crate) left_by_effects: HashMap<(ResourceIx, InstanceIx), String>,
    pub(crate) cancelled: bool,
    /// The vetoes that the run overrides.
    pub(crate) overridden: Vec<PlanVeto>,
    /// The accepted difference from the approved plan.
    pub(crate) difference: Option<Box<PlanDifference>>,
    /// Whether steps may have been in progress when the process died.
    pub(crate) interrupted: bool,
    /// The instances on which an effect may have begun before the plan grew, by resource and index.
    pub(crate) may_have_begun: Vec<(ResourceIx, InstanceIx)>,
}

impl History {
    /// The history of a new run that overrides these vetoes, and has accepted that difference.
    pub(crate) fn beginning(overridden: Vec<PlanVeto>, difference: Option<Box<PlanDifference>>) -> Self {
        Self { overridden, difference, ..Self::default() }
    }

    /// The instances on which methods of a phase have ended, each with these methods.
    pub(crate) fn ran_of(&self, phase: Phase) -> impl Iterator<Item = (ResourceIx, InstanceIx, EffectSet)> {
        self.ran.get(&phase).into_iter().flat_map(Ran::iter)
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

/// The root resources of a recorded plan, of which `first` is the first. The error says which of them does not fit the graph.
pub(crate) fn root_resources(
    graph: &Graph,
    first: &str,
    recorded: &Recorded,
) -> Result<Vec<ResourceIx>, String> {
    let names = std::iter::once(first).chain(recorded.further_roots.keys().map(String::as_str));
    let mut roots = Vec::new();
    for name in names {
        let root = graph.find_resource(name).ok_or_else(|| format!("no linked extension declares {name}"))?;
        if roots.contains(&root) {
            return Err(format!("{name} is a root resource twice"));
        }
        roots.push(root);
    }
    if roots.len() > MAX_ROOT_RESOURCES {
        return Err(format!("it has {} root resources, more than {MAX_ROOT_RESOURCES}", roots.len()));
    }
    Ok(roots)
}

/// Restores the affected set from its records, and takes these out of `recorded`. `first_roots` is the number of roots of the
/// first root resource. The error says which record does not fit the graph.
pub(crate) fn restored(
    graph: &Arc<Graph>,
    operation: Arc<dyn AnyOperation>,
    route: Route,
    first_roots: u32,
    recorded: &mut Recorded,
) -> Result<Affected, String> {
    let code = operation.descriptor().code();
    let mut columns: Indexed<_, Column> =
        graph.resources.iter().map(|node| Column::new(node.descriptor.new_table())).collect();
    let mut recorded_columns = Vec::new();
    let root_names: Vec<&str> =
        route.roots.iter().map(|root| graph.resources[root.resource].name()).collect();
    for (name, mut recorded) in std::mem::take(&mut recorded.columns) {
        let resource = graph.find_resource(&name).ok_or_else(|| format!("there is no resource {name}"))?;
        let names = Names { effects: &labels(graph, code, Phase::Effect, resource), roots: &root_names };
        fill(&mut columns[resource], &names, &mut recorded).map_err(|what| format!("{name}: {what}"))?;
        recorded_columns.push((resource, recorded));
    }
    let mut arcs: Indexed<EdgeIx, _> = graph.edges.iter().map(|_| Arcs::default()).collect();
    for (key, recorded) in std::mem::take(&mut recorded.arcs) {
        let connects = |edge: &Edge| {
            graph.resources[edge.parent].name() == key.parent
                && graph.resources[edge.child].name() == key.child
                && edge.role.as_deref() == key.role.as_deref()
                && key.root.as_deref().is_none_or(|root| root_names[edge.root] == root)
        };
        let edge = graph.edges.iter().position(connects).map(EdgeIx::at);
        let edge = edge.ok_or_else(|| format!("there is no {key}"))?;
        let Edge { parent: parents, child: children, .. } = &graph.edges[edge];
        if !names_known_instances(&recorded, columns[*parents].len(), columns[*children].len()) {
            return Err(format!("an arc of the {key} refers to an instance that no record lists"));
        }
        arcs[edge] = recorded;
    }
    let roots = recorded.root_counts(first_roots);
    for (root, &count) in route.roots.iter().zip(&roots) {
        let instances = columns[root.resource].len();
        if count as usize > instances {
            return Err(format!(
                "the run has {count} roots of {}, but only {instances} instances",
                graph.resources[root.resource].name()
            ));
        }
    }
    let affected = assemble(Arc::clone(graph), operation, route, Finished { columns, arcs, roots });
    check_early_effects(&affected, &recorded_columns)?;
    Ok(affected)
}

/// Whether all arcs are between the first `parents` and the first `children` instances of their resources.
fn names_known_instances(arcs: &Arcs, parents: usize, children: usize) -> bool {
    let is_parent = |parent: InstanceIx| parent.position() < parents;
    let is_child = |child: InstanceIx| child.position() < children;
    let is_known = |block: &Block| {
        block.parents.iter().copied().all(is_parent) && block.children.iter().copied().all(is_child)
    };
    arcs.pairs().all(|(parent, child)| is_parent(parent) && is_child(child))
        && arcs.blocks.iter().all(is_known)
        && arcs.released.iter().copied().all(is_child)
}

/// An earlier version of the engine ran no superseded effect, not even in a cycle. A plan that it approved gets none either.
fn check_early_effects(affected: &Affected, recorded: &[(ResourceIx, RecordedColumn)]) -> Result<(), String> {
    let code = affected.operation.descriptor().code();
    for (resource, column) in recorded {
        let early = affected.cycles.early.within(&affected.base.of(*resource));
        if early.is_empty() {
            continue;
        }
        let names = labels(&affected.graph, code, Phase::Effect, *resource);
        for &(node, effects) in early {
            let (_, index) = affected.locate(node);
            let runs = &column.kind(index.number()).runs;
            let mut names = effects.iter().map(|effect| &names[effect]);
            if let Some(missing) = names.find(|name| !runs.contains(*name)) {
                return Err(format!(
                    "its plan was made by a version of the engine that ordered cycles in another way, and has no \
                     effect `{missing}` on {} {}: plan the rest again as a new run",
                    affected.resource_name(*resource),
                    affected.display(*resource, index)
                ));
            }
        }
    }
    Ok(())
}

/// The names that a disposition refers to, by position.
struct Names<'a> {
    /// The effects of the resource.
    effects: &'a [String],
    /// The root resources.
    roots: &'a [&'a str],
}

impl Names<'_> {
    /// The root resources for which the instance is expanded. Records of a plan with one root resource do not list it.
    fn expanded(&self, kind: &InstanceKind) -> Result<RootSet, String> {
        if self.roots.len() < 2 {
            let is_expanded = kind.taken || !kind.through.is_empty();
            return Ok(if is_expanded { RootSet::FIRST } else { RootSet::default() });
        }
        kind.expanded.iter().try_fold(RootSet::default(), |roots, name| {
            let position = self.roots.iter().position(|root| root == name);
            let position = position.ok_or_else(|| format!("{name} is no root resource of the run"))?;
            Ok(roots.union(RootSet::of(position)))
        })
    }
}

/// Adds the recorded instances to an empty column.
fn fill(column: &mut Column, names: &Names<'_>, recorded: &mut RecordedColumn) -> Result<(), String> {
    let set = |effects: &[String]| -> Result<EffectSet, String> {
        let position = |effect: &String| {
            let position = names.effects.iter().position(|name| name == effect);
            position.ok_or_else(|| format!("there is no effect `{effect}`"))
        };
        effects.iter().map(position).collect()
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
        if kind.left {
            marks = marks.with(Marks::LEFT);
        }
        let (given, through) = (set(&kind.given)?, set(&kind.through)?);
        kinds.push(Disposition { given, through, marks, expanded: names.expanded(kind)? });
    }
    for (expected, id) in InstanceIx::all(recorded.ids.len()).zip(std::mem::take(&mut recorded.ids)) {
        let text = id.to_string();
        let index = column.ids.insert_json(id).map_err(|error| format!("the id {text}: {error}"))?;
        if index != expected {
            return Err(format!(
                "the id {text} is listed twice: make sure that distinct ids serialise differently"
            ));
        }
    }
    for &kind in &recorded.kind_of {
        column.dispositions.push(kinds[kind as usize]);
    }
    Ok(())
}

/// Restores the results of the run's steps on the instances of `affected`.
pub(crate) fn history(affected: &Affected, recorded: &Recorded) -> Result<History, String> {
    let mut history = History {
        cancelled: recorded.cancelled,
        overridden: recorded.overridden.clone(),
        difference: recorded.start.as_ref().and_then(|start| start.difference.clone()),
        interrupted: true,
        has_changed: recorded.has_changed,
        ..History::default()
    };
    for ((phase, name, effect), done) in &recorded.done {
        let (resource, slot) = slot(affected, *phase, name, effect)?;
        let ran = history.ran(*phase);
        for &number in done {
            let index = known_instance(affected, resource, number)?;
            ran.note_one(resource, index, EffectSet::of(slot));
        }
    }
    let known = |name: &String| {
        let resource = affected.graph.find_resource(name);
        resource.ok_or_else(|| format!("there is no resource {name}"))
    };
    for (name, instances) in &recorded.may_have_begun {
        let resource = known(name)?;
        for &number in instances {
            let index = known_instance(affected, resource, number)?;
            history.may_have_begun.push((resource, index));
        }
    }
    for (name, departed) in &recorded.departed {
        let resource = known(name)?;
        for DepartedInstance { instance, reason } in departed {
            let index = known_instance(affected, resource, *instance)?;
            history.left.insert(affected.node(resource, index), reason.clone());
        }
    }
    for ((phase, name, effect), left) in &recorded.left {
        let (resource, slot) = slot(affected, *phase, name, effect)?;
        for LeftInstance { instance, reason } in left {
            let index = known_instance(affected, resource, *instance)?;
            history.ran(*phase).note_one(resource, index, EffectSet::of(slot));
            history.left_by_effects.insert((resource, index), reason.clone());
        }
    }
    for ((phase, name, effect), failed) in &recorded.failed {
        let (resource, slot) = slot(affected, *phase, name, effect)?;
        for FailedInstance { instance, error, drifted } in failed {
            let index = known_instance(affected, resource, *instance)?;
            // A failed method has ended too: the resumed run does not call it again.
            history.ran(*phase).note_one(resource, index, EffectSet::of(slot));
            let error = match drifted {
                true => CallError::Drifted(error.clone()),
                false => CallError::Failed(StepError::terminal(error.clone())),
            };
            let failure = Failure { phase: *phase, effect: effect.clone(), error: Arc::new(error) };
            history.failures.entry(affected.node(resource, index)).or_insert(failure);
            if *phase == Phase::Effect {
                let failed = history.failed_effects.entry((resource, index)).or_default();
                *failed = failed.union(EffectSet::of(slot));
            }
            if *drifted {
                history.drifted.insert((resource, index));
            }
        }
    }
    Ok(history)
}

/// The resource, and the position of the method among the methods of that phase.
fn slot(affected: &Affected, phase: Phase, name: &str, effect: &str) -> Result<(ResourceIx, usize), String> {
    let resource = affected.graph.find_resource(name);
    let resource = resource.ok_or_else(|| format!("there is no resource {name}"))?;
    let labels = labels(&affected.graph, affected.operation.descriptor().code(), phase, resource);
    let slot = labels.iter().position(|label| label == effect);
    Ok((resource, slot.ok_or_else(|| format!("{name} has no {phase} method `{effect}`"))?))
}

/// The instance with that number in the records.
fn known_instance(affected: &Affected, resource: ResourceIx, number: u32) -> Result<InstanceIx, String> {
    if (number as usize) < affected.columns[resource].len() {
        return Ok(InstanceIx::new(number));
    }
    let name = affected.resource_name(resource);
    Err(format!("a step on {name} refers to an instance that no record lists"))
}
