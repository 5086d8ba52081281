//! A run's remainder under a graph that has changed: planned again, compared, and what has ended carried over.

use std::collections::{BTreeMap, HashMap, HashSet};

use super::details::plain;
use super::record::{FailedInstance, Record, StepEnded};
use super::recorded::{Recorded, RecordedColumn, StepKey};
use crate::affected::Affected;
use crate::graph::{Graph, labels};
use crate::model::{Phase, Printed, bits};
use crate::plan::PlanDifference;

/// The resources that are no longer in the graph, with how many of their instances were left to do.
pub(crate) fn gone(graph: &Graph, recorded: &Recorded) -> Vec<(String, usize)> {
    let missing = recorded.columns.iter().filter(|(name, _)| graph.find_resource(name).is_none());
    let left = missing.map(|(name, column)| {
        let ended = Ended::of(recorded, name);
        let left = (0..column.ids.len() as u32).filter(|&at| ended.leaves(column, at)).count();
        (name.clone(), left)
    });
    left.filter(|(_, left)| *left > 0).collect()
}

/// What has ended on the instances of one resource.
struct Ended<'r> {
    by_step: BTreeMap<(Phase, &'r str), HashSet<u32>>,
    failed: BTreeMap<(Phase, &'r str), HashMap<u32, &'r FailedInstance>>,
}

impl<'r> Ended<'r> {
    fn of(recorded: &'r Recorded, resource: &str) -> Self {
        let is_of = |key: &StepKey| key.1 == resource;
        let done = recorded.done.iter().filter(|(key, _)| is_of(key));
        let failed = recorded.failed.iter().filter(|(key, _)| is_of(key));
        Self {
            by_step: done.map(|(key, at)| ((key.0, key.2.as_str()), at.iter().copied().collect())).collect(),
            failed: failed
                .map(|(key, failed)| {
                    ((key.0, key.2.as_str()), failed.iter().map(|failed| (failed.instance, failed)).collect())
                })
                .collect(),
        }
    }

    /// Whether a step on the instance was left to do.
    fn leaves(&self, column: &RecordedColumn, at: u32) -> bool {
        let ended = |effect: &String| {
            let key = (Phase::Effect, effect.as_str());
            self.by_step.get(&key).is_some_and(|done| done.contains(&at))
                || self.failed.get(&key).is_some_and(|failed| failed.contains_key(&at))
        };
        column.kind(at).runs.iter().any(|effect| !ended(effect))
    }
}

/// Compares the new plan with what is recorded. Answers the difference, and the records that carry over what has ended.
pub(crate) fn carry_over(
    affected: &Affected,
    recorded: &Recorded,
) -> Result<(PlanDifference, Vec<Record>), serde_json::Error> {
    let mut difference = PlanDifference::default();
    let mut carried = Vec::new();
    let nothing = RecordedColumn::default();
    for (resource, node) in affected.graph.resources.iter().enumerate() {
        let name = node.name();
        let column = recorded.columns.get(name).unwrap_or(&nothing);
        let ended = Ended::of(recorded, name);
        let moved = compare(affected, resource, column, &ended, &mut difference)?;
        for phase in [Phase::Begin, Phase::Effect, Phase::Cleanup] {
            carried.extend(steps(affected, resource, phase, &ended, &moved));
        }
    }
    Ok((difference, carried))
}

/// Answers the old number of each instance that the old plan had, by its new one.
fn compare(
    affected: &Affected,
    resource: usize,
    column: &RecordedColumn,
    ended: &Ended<'_>,
    difference: &mut PlanDifference,
) -> Result<HashMap<u32, u32>, serde_json::Error> {
    let mut by_id: HashMap<String, u32> =
        (0..).zip(&column.ids).map(|(at, id)| (id.to_string(), at)).collect();
    let name = affected.resource_name(resource);
    let code = affected.operation.descriptor().code();
    let labels = labels(&affected.graph, code, Phase::Effect, resource);
    let mut moved = HashMap::new();
    for index in affected.instances(resource) {
        let id = affected.columns[resource].ids.id_to_json(index)?.to_string();
        let runs: Vec<String> =
            bits(affected.effects(resource, index)).map(|bit| labels[bit].clone()).collect();
        let instance = || format!("{name} {}", affected.display(resource, index));
        match by_id.remove(&id) {
            Some(old) => {
                let before = &column.kind(old).runs;
                if *before != runs {
                    difference.change(&instance(), before, &runs);
                }
                moved.insert(index, old);
            }
            None if !runs.is_empty() => difference.add(&instance(), &runs),
            None => {}
        }
    }
    let mut missed: Vec<(String, u32)> =
        by_id.into_iter().filter(|(_, at)| ended.leaves(column, *at)).collect();
    missed.sort_unstable();
    for (_, at) in missed {
        let id = plain(&column.ids[at as usize]);
        difference.miss(&format!("{name} {}", Printed(&id)), &column.kind(at).runs);
    }
    Ok(moved)
}

/// The steps of one phase that have ended, under the new numbers.
fn steps(
    affected: &Affected,
    resource: usize,
    phase: Phase,
    ended: &Ended<'_>,
    moved: &HashMap<u32, u32>,
) -> Vec<Record> {
    let code = affected.operation.descriptor().code();
    let names = labels(&affected.graph, code, phase, resource);
    let mut records = Vec::new();
    for (slot, effect) in names.iter().enumerate() {
        let key = (phase, effect.as_str());
        let mut step = StepEnded {
            phase,
            resource: affected.resource_name(resource).to_owned(),
            effect: effect.clone(),
            done: Vec::new(),
            failed: Vec::new(),
            finished: 0,
        };
        for (&index, old) in moved {
            let is_done = ended.by_step.get(&key).is_some_and(|done| done.contains(old));
            let failed = ended.failed.get(&key).and_then(|failed| failed.get(old));
            if is_done {
                step.done.push(index);
            } else if let Some(failed) = failed {
                step.failed.push(FailedInstance { instance: index, ..(*failed).clone() });
            } else {
                continue;
            }
            let last = bits(affected.effects(resource, index)).last();
            step.finished += u64::from(phase == Phase::Effect && last == Some(slot));
        }
        if !step.done.is_empty() || !step.failed.is_empty() {
            step.done.sort_unstable();
            step.failed.sort_unstable_by_key(|failed| failed.instance);
            records.push(Record::StepEnded(step));
        }
    }
    records
}
