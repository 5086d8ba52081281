//! The state of one run, read from its journal.

use std::collections::BTreeMap;

use serde::ser::Error;
use serde::{Serialize, Serializer};
use serde_json::Value;

use super::error::JournalError;
use super::journal::Journal;
use super::record::{Record, RunEnd, RunStart};
use super::recorded::{Recorded, StepKey};
use super::run::RunInfo;
use crate::graph::Graph;
use crate::model::{InstanceName, Phase, RunId};
use crate::plan::PlanVeto;
use crate::report::FailureSummary;

/// The most failures, and the most instances in progress, that are listed.
const MAX_LISTED: usize = 20;

/// The state of one run: its steps, its failures, and who confirmed it.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct RunDetails {
    /// The summary that a journal has of every run.
    #[serde(flatten)]
    pub info: RunInfo,
    /// The inputs of the run; `None` if it has not started.
    #[serde(serialize_with = "start_document")]
    pub start: Option<RunStart>,
    /// The ended steps, by phase, resource and method.
    pub steps: Vec<StepTotals>,
    /// The first 20 failures.
    pub failures: Vec<FailureSummary>,
    /// The first 20 instances on which a step has started and not ended.
    pub under_way: Vec<UnderWay>,
    /// The vetoes that the run overrides, including those against late dependents.
    pub overridden: Vec<PlanVeto>,
    /// Whether the run was cancelled.
    pub cancelled: bool,
    /// The result of the run; `None` if it has not ended.
    pub end: Option<RunEnd>,
}

/// The results of one method on the instances of a resource.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct StepTotals {
    /// The phase.
    pub phase: Phase,
    /// The resource.
    pub resource: String,
    /// The method.
    pub effect: String,
    /// The number of instances on which it succeeded.
    pub done: usize,
    /// The number of instances on which it failed.
    pub failed: usize,
    /// The number of instances that it left as they are.
    pub left: usize,
}

/// An instance on which a step has started and not ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct UnderWay {
    /// The instance.
    #[serde(flatten)]
    pub instance: InstanceName,
    /// The method.
    pub effect: String,
}

impl RunDetails {
    /// Reads a run from a journal. Journals hold serialised ids, so the texts of instances are those of their JSON.
    /// [`Cascade::run_details`](crate::Cascade::run_details) prints them as plans do.
    ///
    /// # Errors
    ///
    /// If the journal has no such run, or its records cannot be read.
    pub async fn read(journal: &dyn Journal, run: &RunId) -> Result<Self, JournalError> {
        let info = journal.run(run).await?;
        let mut begun: BTreeMap<StepKey, Vec<u32>> = BTreeMap::new();
        let recorded = Recorded::read_with(journal, run, |record| note_begun(&mut begun, record)).await?;
        let steps = recorded.done.iter().map(|(key, done)| StepTotals {
            phase: key.0,
            resource: key.1.clone(),
            effect: key.2.clone(),
            done: done.len(),
            failed: recorded.failed.get(key).map_or(0, Vec::len),
            left: recorded.left.get(key).map_or(0, Vec::len),
        });
        let failures = recorded.failed.iter().flat_map(|(key, failed)| {
            failed.iter().map(|failed| FailureSummary {
                instance: name(&recorded, &key.1, failed.instance),
                phase: key.0,
                effect: key.2.clone(),
                error: failed.error.clone(),
            })
        });
        let under_way = begun.iter().flat_map(|((_, resource, effect), instances)| {
            instances.iter().map(|&number| UnderWay {
                instance: name(&recorded, resource, number),
                effect: effect.clone(),
            })
        });
        Ok(Self {
            steps: steps.collect(),
            failures: failures.take(MAX_LISTED).collect(),
            under_way: under_way.take(MAX_LISTED).collect(),
            start: recorded.start.clone(),
            overridden: recorded.overridden.clone(),
            cancelled: recorded.cancelled,
            end: recorded.end,
            info,
        })
    }
}

impl RunDetails {
    /// With instances as the types of their ids print them.
    pub(crate) fn printed_by(mut self, graph: &Graph) -> Self {
        let failures = self.failures.iter_mut().map(|failure| &mut failure.instance);
        let under_way = self.under_way.iter_mut().map(|step| &mut step.instance);
        for instance in failures.chain(under_way).filter(|instance| !instance.id.is_null()) {
            if let Some(resource) = graph.find_resource(&instance.resource) {
                *instance = graph.resources[resource].descriptor.name_of(instance.id.clone());
            }
        }
        self
    }
}

/// The inputs of a run for people: their vetoes name instances as all documents do.
#[expect(clippy::ref_option, reason = "serde passes a reference")]
fn start_document<S: Serializer>(start: &Option<RunStart>, serializer: S) -> Result<S::Ok, S::Error> {
    let Some(start) = start else { return serializer.serialize_none() };
    let mut document = serde_json::to_value(start).map_err(S::Error::custom)?;
    if let Some(overridden) = document.get_mut("overridden") {
        *overridden = serde_json::to_value(&start.overridden).map_err(S::Error::custom)?;
    }
    document.serialize(serializer)
}

/// Tracks the steps that have started and not ended. Steps of an earlier owner are no longer in progress.
fn note_begun(begun: &mut BTreeMap<StepKey, Vec<u32>>, record: &Record) {
    match record {
        Record::StepBegun(step) => {
            let key = (step.phase, step.resource.clone(), step.effect.clone());
            begun.entry(key).or_default().extend(&step.instances);
        }
        Record::StepEnded(step) => {
            let key = (step.phase, step.resource.clone(), step.effect.clone());
            if let Some(instances) = begun.get_mut(&key) {
                let has_ended = |number: &u32| {
                    step.done.contains(number)
                        || step.failed.iter().any(|failed| failed.instance == *number)
                        || step.left.iter().any(|left| left.instance == *number)
                };
                instances.retain(|number| !has_ended(number));
            }
        }
        Record::Resumed | Record::Replanned(_) => begun.clear(),
        _ => {}
    }
}

/// The name of an instance. Its text is its number if the journal does not have the id.
fn name(recorded: &Recorded, resource: &str, number: u32) -> InstanceName {
    match recorded.columns.get(resource).and_then(|column| column.ids.get(number as usize)) {
        Some(id) => InstanceName::of_json(resource, id.clone()),
        None => InstanceName::new(resource, Value::Null, format!("number {number}")),
    }
}
