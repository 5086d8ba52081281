//! The change that records make to the summary of their run.

use super::record::Record;
use super::run::{RunInfo, RunState};

/// The change that a list of records makes to the [`RunInfo`] of their run. With it a journal updates the summary
/// without reading the earlier records.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct RunChange {
    /// The new state.
    pub state: Option<RunState>,
    /// The number of instances of a new plan; it also resets the counts of ended and failed instances.
    pub planned: Option<u64>,
    /// The number of further instances that have no step left.
    pub ended: u64,
    /// The number of further failed instances.
    pub failed: u64,
    /// The person or system that confirmed the plan.
    pub confirmed_by: Option<String>,
    /// Whether another owner has resumed the run.
    pub resumed: bool,
}

impl RunChange {
    /// Computes the combined change of `records`.
    pub fn of(records: &[Record]) -> Self {
        let mut change = Self::default();
        for record in records {
            change.add(record);
        }
        change
    }

    fn add(&mut self, record: &Record) {
        match record {
            Record::Started(start) => {
                self.state = Some(RunState::Unfinished);
                self.confirmed_by.clone_from(&start.confirmed_by);
            }
            Record::StepEnded(step) => {
                self.ended += step.finished;
                self.failed += step.failed.len() as u64;
            }
            Record::Departed(departed) => self.ended += departed.finished,
            Record::Resumed => self.resumed = true,
            Record::Replanned(plan) => {
                self.planned = Some(plan.instances);
                (self.ended, self.failed) = (0, 0);
            }
            Record::Ended(end) => {
                self.state = Some(if end.complete { RunState::Complete } else { RunState::Incomplete });
            }
            Record::Roots(_)
            | Record::Instances(_)
            | Record::Pairs(_)
            | Record::Block(_)
            | Record::Lost(_)
            | Record::MayHaveBegun(_)
            | Record::Overridden(_)
            | Record::StepBegun(_)
            | Record::Nested(_)
            | Record::Cancelled => {}
        }
    }

    /// Applies the change to `info`. The journal itself sets the time and the owner.
    pub fn apply(&self, info: &mut RunInfo) {
        info.state = self.state.unwrap_or(info.state);
        if let Some(instances) = self.planned {
            info.run.instances = instances;
            (info.ended, info.failed) = (0, 0);
        }
        info.ended += self.ended;
        info.failed += self.failed;
        if let Some(confirmed_by) = &self.confirmed_by {
            info.confirmed_by = Some(confirmed_by.clone());
        }
        info.takeovers += u64::from(self.resumed);
    }
}
