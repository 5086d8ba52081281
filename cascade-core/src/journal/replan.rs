//! Replanning the rest of a run after the graph has changed: compares the two plans, and carries over ended steps.

use std::collections::{BTreeMap, HashMap, HashSet};

use super::record::{FailedInstance, LeftInstance, Record, StepEnded};
use super::recorded::{Recorded, RecordedColumn, StepKey};
use crate::affected::Affected;
use crate::graph::{Graph, labels};
use crate::ids::{Index, InstanceIx, ResourceIx};
use crate::model::Phase;
use crate::plan::PlanDifference;

/// The recorded resources that the graph no longer has and that have unfinished instances, with the number of these.
pub(crate) fn missing_resources(graph: &Graph, recorded: &Recorded) -> Vec<(String, usize)> {
    let missing = recorded.columns.iter().filter(|(name, _)| graph.find_resource(name).is_none());
    let unfinished = missing.map(|(name, column)| {
        let ended = EndedSteps::on(recorded, name);
        let numbers = 0..column.ids.len() as u32;
        (name.clone(), numbers.filter(|&number| ended.is_unfinished(column, number)).count())
    });
    unfinished.filter(|(_, count)| *count > 0).collect()
}

/// The ended steps on the instances of one resource, by phase and method.
struct EndedSteps<'r> {
    done: BTreeMap<(Phase, &'r str), HashSet<u32>>,
    failed: BTreeMap<(Phase, &'r str), HashMap<u32, &'r FailedInstance>>,
    /// The instances that effects left, each with the effect.
    left: HashMap<u32, (&'r str, &'r LeftInstance)>,
}

impl<'r> EndedSteps<'r> {
    fn on(recorded: &'r Recorded, resource: &str) -> Self {
        let is_on_resource = |key: &StepKey| key.1 == resource;
        let done = recorded.done.iter().filter(|(key, _)| is_on_resource(key));
        let failed = recorded.failed.iter().filter(|(key, _)| is_on_resource(key));
        let left = recorded.left.iter().filter(|(key, _)| is_on_resource(key));
        Self {
            left: left
                .flat_map(|(key, left)| left.iter().map(|left| (left.instance, (key.2.as_str(), left))))
                .collect(),
            done: done
                .map(|(key, numbers)| ((key.0, key.2.as_str()), numbers.iter().copied().collect()))
                .collect(),
            failed: failed
                .map(|(key, failed)| {
                    ((key.0, key.2.as_str()), failed.iter().map(|failed| (failed.instance, failed)).collect())
                })
                .collect(),
        }
    }

    /// Whether the effect has ended on the instance, or the instance gets no effect any more.
    fn has_ended(&self, effect: &str, number: u32) -> bool {
        let key = (Phase::Effect, effect);
        self.left.contains_key(&number)
            || self.done.get(&key).is_some_and(|done| done.contains(&number))
            || self.failed.get(&key).is_some_and(|failed| failed.contains_key(&number))
    }

    /// Those of the effects that have not ended on the instance.
    fn left<'e>(&self, effects: &'e [String], number: u32) -> impl Iterator<Item = &'e String> {
        effects.iter().filter(move |effect| !self.has_ended(effect, number))
    }

    /// Whether the instance has an effect that has not ended.
    fn is_unfinished(&self, column: &RecordedColumn, number: u32) -> bool {
        self.left(&column.kind(number).runs, number).next().is_some()
    }
}

/// Compares the new plan with the recorded one. Returns the difference, and the records of ended steps with the numbers
/// of the new plan.
pub(crate) fn carry_over(
    affected: &Affected,
    recorded: &Recorded,
) -> Result<(PlanDifference, Vec<Record>), serde_json::Error> {
    let mut difference = PlanDifference::default();
    let mut carried = Vec::new();
    let empty = RecordedColumn::default();
    for (resource, node) in affected.graph.resources.enumerate() {
        let name = node.name();
        let column = recorded.columns.get(name).unwrap_or(&empty);
        let ended = EndedSteps::on(recorded, name);
        let old_numbers = compare(affected, resource, column, &ended, &mut difference)?;
        for phase in [Phase::Begin, Phase::Effect, Phase::Cleanup] {
            carried.extend(ended_steps(affected, resource, phase, &ended, &old_numbers));
        }
    }
    Ok((difference, carried))
}

/// Adds the differences of one resource. Returns the recorded number of each instance that both plans have, by its number
/// in the new plan.
fn compare(
    affected: &Affected,
    resource: ResourceIx,
    column: &RecordedColumn,
    ended: &EndedSteps<'_>,
    difference: &mut PlanDifference,
) -> Result<HashMap<InstanceIx, u32>, serde_json::Error> {
    let mut by_id: HashMap<String, u32> =
        (0..).zip(&column.ids).map(|(number, id)| (id.to_string(), number)).collect();
    let code = affected.operation.descriptor().code();
    let labels = labels(&affected.graph, code, Phase::Effect, resource);
    let mut old_numbers = HashMap::new();
    for index in affected.instances(resource) {
        let id = affected.columns[resource].ids.id_to_json(index)?.to_string();
        let runs: Vec<String> =
            affected.effects(resource, index).iter().map(|effect| labels[effect].clone()).collect();
        let instance = || affected.name(resource, index);
        match by_id.remove(&id) {
            Some(old_number) => {
                let before = &column.kind(old_number).runs;
                // An effect that has ended may be the reason why the new plan lacks it.
                if !ended.left(before, old_number).eq(ended.left(&runs, old_number)) {
                    difference.change(instance, before.clone(), runs);
                }
                old_numbers.insert(index, old_number);
            }
            None if !runs.is_empty() => difference.add(instance, runs),
            None => {}
        }
    }
    let descriptor = &affected.graph.resources[resource].descriptor;
    let mut removed: Vec<(String, u32)> =
        by_id.into_iter().filter(|(_, number)| ended.is_unfinished(column, *number)).collect();
    removed.sort_unstable();
    for (_, number) in removed {
        let instance = || descriptor.name_of(column.ids[number as usize].clone());
        difference.remove(instance, column.kind(number).runs.clone());
    }
    Ok(old_numbers)
}

/// The records of the ended steps of one phase, with the numbers of the new plan.
fn ended_steps(
    affected: &Affected,
    resource: ResourceIx,
    phase: Phase,
    ended: &EndedSteps<'_>,
    old_numbers: &HashMap<InstanceIx, u32>,
) -> Vec<Record> {
    let code = affected.operation.descriptor().code();
    let names = labels(&affected.graph, code, phase, resource);
    let mut records = Vec::new();
    for (slot, effect) in names.iter().enumerate() {
        let key = (phase, effect.as_str());
        // If the graph has lost the effect that left an instance, the first one stands for it.
        let is_by_this = |by: &str| by == effect || slot == 0 && names.iter().all(|name| name != by);
        let mut step = StepEnded {
            phase,
            resource: affected.resource_name(resource).to_owned(),
            effect: effect.clone(),
            done: Vec::new(),
            failed: Vec::new(),
            left: Vec::new(),
            finished: 0,
        };
        for (&index, old_number) in old_numbers {
            let is_done = ended.done.get(&key).is_some_and(|done| done.contains(old_number));
            let failed = ended.failed.get(&key).and_then(|failed| failed.get(old_number));
            if is_done {
                step.done.push(index.number());
            } else if let Some(failed) = failed {
                step.failed.push(FailedInstance { instance: index.number(), ..(*failed).clone() });
            } else if let Some((by, left)) = ended.left.get(old_number)
                && phase == Phase::Effect
                && is_by_this(by)
            {
                step.left.push(LeftInstance { instance: index.number(), ..(*left).clone() });
                step.finished += 1;
                continue;
            } else {
                continue;
            }
            let last = affected.effects_in_order(resource, index).last();
            step.finished += u64::from(phase == Phase::Effect && last == Some(slot));
        }
        if !step.done.is_empty() || !step.failed.is_empty() || !step.left.is_empty() {
            step.done.sort_unstable();
            step.left.sort_unstable_by_key(|left| left.instance);
            step.failed.sort_unstable_by_key(|failed| failed.instance);
            records.push(Record::StepEnded(step));
        }
    }
    records
}
