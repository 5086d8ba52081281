//! One run, as far as its journal tells.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::Value;

use super::error::JournalError;
use super::journal::Journal;
use super::record::{Record, RunEnd, RunStart};
use super::recorded::{Recorded, StepKey};
use super::run::RunInfo;
use crate::model::{Phase, RunId};
use crate::plan::PlanVeto;
use crate::report::FailureSummary;

/// Failures, and instances under way, that are named, at most.
const NAMED: usize = 20;

/// One run: how far its steps are, what failed, and who confirmed it.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct RunDetails {
    /// What is known of every run.
    #[serde(flatten)]
    pub info: RunInfo,
    /// What it started with; `None` if it never did.
    pub start: Option<RunStart>,
    /// Its steps, by phase, resource and method.
    pub steps: Vec<StepTotals>,
    /// The first failures.
    pub failures: Vec<FailureSummary>,
    /// The first instances on which a step has begun, and not ended.
    pub under_way: Vec<UnderWay>,
    /// The vetoes that it goes on in spite of, those against newcomers too.
    pub overridden: Vec<PlanVeto>,
    /// Whether it was told to start nothing new.
    pub cancelled: bool,
    /// How it ended; `None` if it has not.
    pub end: Option<RunEnd>,
}

/// How often a method has ended on instances of a resource.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct StepTotals {
    /// The phase.
    pub phase: Phase,
    /// The resource.
    pub resource: String,
    /// The method.
    pub effect: String,
    /// On how many instances it ended well.
    pub done: usize,
    /// On how many it failed.
    pub failed: usize,
}

/// An instance on which a step has begun, and not ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct UnderWay {
    /// Its resource.
    pub resource: String,
    /// Its id.
    pub id: String,
    /// The method.
    pub effect: String,
}

impl RunDetails {
    /// Reads what a journal has of a run.
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
        });
        let failures = recorded.failed.iter().flat_map(|(key, failed)| {
            failed.iter().map(|failed| FailureSummary {
                resource: key.1.clone(),
                id: printed(&recorded, &key.1, failed.instance),
                phase: key.0,
                effect: key.2.clone(),
                error: failed.error.clone(),
            })
        });
        let under_way = begun.iter().flat_map(|((_, resource, effect), instances)| {
            instances.iter().map(|&at| UnderWay {
                resource: resource.clone(),
                id: printed(&recorded, resource, at),
                effect: effect.clone(),
            })
        });
        Ok(Self {
            steps: steps.collect(),
            failures: failures.take(NAMED).collect(),
            under_way: under_way.take(NAMED).collect(),
            start: recorded.start.clone(),
            overridden: recorded.overridden.clone(),
            cancelled: recorded.cancelled,
            end: recorded.end,
            info,
        })
    }
}

/// Keeps the steps that have begun and not ended. What an owner that died had begun is not under way any more.
fn note_begun(begun: &mut BTreeMap<StepKey, Vec<u32>>, record: &Record) {
    match record {
        Record::StepBegun(step) => {
            let key = (step.phase, step.resource.clone(), step.effect.clone());
            begun.entry(key).or_default().extend(&step.instances);
        }
        Record::StepEnded(step) => {
            let key = (step.phase, step.resource.clone(), step.effect.clone());
            if let Some(instances) = begun.get_mut(&key) {
                let has_ended = |at: &u32| {
                    step.done.contains(at) || step.failed.iter().any(|failed| failed.instance == *at)
                };
                instances.retain(|at| !has_ended(at));
            }
        }
        Record::Resumed | Record::Replanned(_) => begun.clear(),
        _ => {}
    }
}

/// The id of an instance, for people.
fn printed(recorded: &Recorded, resource: &str, at: u32) -> String {
    match recorded.columns.get(resource).and_then(|column| column.ids.get(at as usize)) {
        Some(id) => plain(id),
        None => format!("number {at}"),
    }
}

/// An id as people know it: text without its quotes.
pub(super) fn plain(id: &Value) -> String {
    match id {
        Value::String(text) => text.clone(),
        id => id.to_string(),
    }
}
