//! A report in numbers.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::affected::Affected;
use crate::model::Phase;
use crate::plan::PlanVeto;

/// The report of a cascade that a method of a run started.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct NestedReport {
    /// The resource whose method started it.
    pub resource: String,
    /// The method that started it.
    pub effect: String,
    /// What it was asked to do.
    #[serde(default)]
    pub asked: NestedRequest,
    /// What became of it.
    pub report: ReportSummary,
}

/// What a nested cascade was asked to do. A later one that is asked for the same mends what an earlier one left.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct NestedRequest {
    /// The operation itself, as it serialises.
    pub operation: serde_json::Value,
    /// The root resource.
    pub root: String,
    /// The ids of the root instances, as they serialise.
    pub roots: Vec<serde_json::Value>,
}

impl NestedRequest {
    pub(crate) fn of(affected: &Affected) -> Result<Self, serde_json::Error> {
        let resource = affected.route.root;
        let ids = &affected.columns[resource].ids;
        Ok(Self {
            operation: affected.operation.to_json()?,
            root: affected.resource_name(resource).to_owned(),
            roots: (0..affected.roots).map(|root| ids.id_to_json(root)).collect::<Result<_, _>>()?,
        })
    }
}

impl NestedReport {
    /// Whether this one is complete, and was asked to do the same to that root instance.
    fn has_done(&self, other: &Self, root: &serde_json::Value) -> bool {
        let (mine, others) = (&self.asked, &other.asked);
        self.report.is_complete()
            && self.report.operation == other.report.operation
            && mine.operation == others.operation
            && mine.root == others.root
            && mine.roots.contains(root)
    }
}

/// Whether every nested cascade is complete, or later ones have done what it left: a method that is tried again starts
/// its cascades again.
pub(super) fn all_complete(nested: &[NestedReport]) -> bool {
    nested.iter().enumerate().all(|(at, one)| {
        let done_later = |root| nested[at + 1..].iter().any(|later| later.has_done(one, root));
        one.report.is_complete() || !one.asked.roots.is_empty() && one.asked.roots.iter().all(done_later)
    })
}

/// A report in numbers. `done + failed + blocked + not_started + unrecorded` are all instances of the plan.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ReportSummary {
    /// The operation's code.
    pub operation: String,
    /// Instances whose effects all ended well.
    pub done: usize,
    /// Instances on which a method failed.
    pub failed: usize,
    /// Instances that were held back by one that failed.
    pub blocked: usize,
    /// Instances that the run did not come to.
    pub not_started: usize,
    /// Instances with a step that ended, where the journal did not take that.
    #[serde(default)]
    pub unrecorded: usize,
    /// Instances that are done, but whose cleanup did not run.
    pub not_cleaned_up: usize,
    /// Whether the run was told to start nothing new.
    pub cancelled: bool,
    /// The same, by resource.
    pub resources: BTreeMap<String, VerdictCounts>,
    /// The objections that a forced run went on in spite of.
    pub overridden: Vec<PlanVeto>,
    /// The failures, by resource and id.
    pub failures: Vec<FailureSummary>,
    /// The cascades that methods of the run started.
    pub nested: Vec<NestedReport>,
}

/// How many instances of one resource got which verdict.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct VerdictCounts {
    /// Instances whose effects all ended well.
    pub done: usize,
    /// Instances on which a method failed.
    pub failed: usize,
    /// Instances that were held back by one that failed.
    pub blocked: usize,
    /// Instances that the run did not come to.
    pub not_started: usize,
    /// Instances with a step that ended, where the journal did not take that.
    #[serde(default)]
    pub unrecorded: usize,
}

/// One failed instance, in words.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct FailureSummary {
    /// Its resource.
    pub resource: String,
    /// Its id, as it prints.
    pub id: String,
    /// The phase it failed in.
    pub phase: Phase,
    /// The method that failed.
    pub effect: String,
    /// What the method answered.
    pub error: String,
}

impl VerdictCounts {
    pub(crate) fn add(&mut self, other: Self) {
        self.done += other.done;
        self.failed += other.failed;
        self.blocked += other.blocked;
        self.not_started += other.not_started;
        self.unrecorded += other.unrecorded;
    }
}

impl ReportSummary {
    /// Whether every instance is done, and cleaned up where that was asked for, here and in the nested cascades. What one
    /// of these left counts as done if a later one that was asked for the same has done it.
    pub fn is_complete(&self) -> bool {
        self.failed + self.blocked + self.not_started + self.unrecorded + self.not_cleaned_up == 0
            && all_complete(&self.nested)
    }
}
