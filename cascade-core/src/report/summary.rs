//! A report in numbers.

use std::collections::BTreeMap;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::affected::Affected;
use crate::graph::RootRoute;
use crate::ids::{Index, InstanceIx};
use crate::model::{InstanceName, JsonFormat, Phase, RunId};
use crate::plan::{PlanDifference, PlanVeto};

/// The report of a cascade that a method of a run started.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct NestedReport {
    /// The resource whose method started it.
    pub resource: String,
    /// The method that started it.
    pub effect: String,
    /// The operation and the roots it was started with.
    #[serde(default)]
    pub asked: NestedRequest,
    /// Its report.
    pub report: ReportSummary,
}

/// The operation and the roots that a nested cascade was started with. A later nested cascade with the same operation
/// and roots can complete what an earlier one left incomplete.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct NestedRequest {
    /// The operation with its payload, serialised.
    pub operation: serde_json::Value,
    /// The root resource.
    pub root: String,
    /// The ids of the root instances, serialised.
    pub roots: Vec<serde_json::Value>,
    /// The roots of further resources.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub further_roots: Vec<NestedRoots>,
}

/// The roots of one resource.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct NestedRoots {
    /// The resource.
    pub resource: String,
    /// The ids of the instances, serialised.
    pub roots: Vec<serde_json::Value>,
}

impl NestedRequest {
    pub(crate) fn of(affected: &Affected) -> Result<Self, serde_json::Error> {
        let of_resource = |(root, count): (RootRoute, u32)| {
            let ids = &affected.columns[root.resource].ids;
            let roots = InstanceIx::all(count as usize).map(|index| ids.id_to_json(index));
            let resource = affected.resource_name(root.resource).to_owned();
            Ok(NestedRoots { resource, roots: roots.collect::<Result<_, _>>()? })
        };
        let mut roots = affected.roots().map(of_resource).collect::<Result<Vec<_>, _>>()?.into_iter();
        let NestedRoots { resource: root, roots: first } = roots.next().unwrap_or_default();
        Ok(Self {
            operation: affected.operation.to_json()?,
            root,
            roots: first,
            further_roots: roots.collect(),
        })
    }

    /// The roots, each with its resource.
    pub(crate) fn all_roots(&self) -> impl Iterator<Item = (&str, &serde_json::Value)> {
        let first = self.roots.iter().map(|root| (self.root.as_str(), root));
        let further = self.further_roots.iter();
        first.chain(further.flat_map(|of| of.roots.iter().map(|root| (of.resource.as_str(), root))))
    }
}

impl NestedReport {
    /// Whether this cascade is complete and does the operation of `earlier` to `root`, a root of `earlier`.
    fn completes(&self, earlier: &Self, root: (&str, &serde_json::Value)) -> bool {
        self.report.is_complete()
            && self.report.operation == earlier.report.operation
            && self.asked.operation == earlier.asked.operation
            && self.asked.all_roots().any(|own| own == root)
    }
}

/// Whether every nested cascade is complete, or later ones with the same operation are complete for all its roots: a
/// method that is retried starts its cascades again.
pub(super) fn all_complete(nested: &[NestedReport]) -> bool {
    nested.iter().enumerate().all(|(position, report)| {
        let completed_later = |root| nested[position + 1..].iter().any(|later| later.completes(report, root));
        let mut roots = report.asked.all_roots().peekable();
        report.report.is_complete() || roots.peek().is_some() && roots.all(completed_later)
    })
}

/// A report in numbers. `done + failed + blocked + not_started + left + unrecorded` is the number of instances of the plan.
///
/// Its serialised form also has `complete`: see [`is_complete`](Self::is_complete). `docs/report.schema.json` has the schema.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(remote = "Self")]
#[non_exhaustive]
pub struct ReportSummary {
    /// The format of the document.
    #[serde(default)]
    pub format: JsonFormat,
    /// The run; `None` in a report that an earlier version recorded.
    #[serde(default)]
    pub run: Option<RunId>,
    /// The operation's code.
    pub operation: String,
    /// The number of instances whose effects all succeeded.
    pub done: usize,
    /// The number of instances on which a method failed.
    pub failed: usize,
    /// The number of instances that were blocked by a failed one.
    pub blocked: usize,
    /// The number of instances whose effects did not all run, because the run stopped before.
    pub not_started: usize,
    /// The number of instances with a step that ended, but that the journal could not record.
    #[serde(default)]
    pub unrecorded: usize,
    /// The number of instances that the run left as they are.
    #[serde(default)]
    pub left: usize,
    /// The number of instances that are done, but whose cleanup did not run.
    pub not_cleaned_up: usize,
    /// The number of instances that were removed only because of one above them that then stayed.
    #[serde(default)]
    pub done_below_left: usize,
    /// The number of roots that the run left as they are.
    #[serde(default)]
    pub roots_left: usize,
    /// Whether the run was cancelled.
    pub cancelled: bool,
    /// The verdicts by resource.
    pub resources: BTreeMap<String, VerdictCounts>,
    /// The objections that a forced run overrode.
    pub overridden: Vec<PlanVeto>,
    /// The difference between the approved plan and that of the run, which the run accepted: see [`Report::drift`](crate::Report::drift).
    #[serde(default)]
    pub drift: Option<Box<PlanDifference>>,
    /// The failures, sorted by resource and id.
    pub failures: Vec<FailureSummary>,
    /// The first 100 of the instances that the run left as they are, sorted by resource and id.
    #[serde(default)]
    pub left_instances: Vec<LeftSummary>,
    /// The reports of the cascades that methods of the run started.
    pub nested: Vec<NestedReport>,
}

impl Serialize for ReportSummary {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        struct Fields<'a>(&'a ReportSummary);

        impl Serialize for Fields<'_> {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                ReportSummary::serialize(self.0, serializer)
            }
        }

        #[derive(Serialize)]
        struct ReportDocument<'a> {
            #[serde(flatten)]
            fields: Fields<'a>,
            complete: bool,
        }
        ReportDocument { fields: Fields(self), complete: self.is_complete() }.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for ReportSummary {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::deserialize(deserializer)
    }
}

/// The number of instances of one resource with each verdict.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct VerdictCounts {
    /// The number of instances whose effects all succeeded.
    pub done: usize,
    /// The number of instances on which a method failed.
    pub failed: usize,
    /// The number of instances that were blocked by a failed one.
    pub blocked: usize,
    /// The number of instances whose effects did not all run, because the run stopped before.
    pub not_started: usize,
    /// Instances that the run left as they are.
    #[serde(default)]
    pub left: usize,
    /// The number of instances with a step that ended, but that the journal could not record.
    #[serde(default)]
    pub unrecorded: usize,
}

/// One failed instance, as text.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct FailureSummary {
    /// The instance.
    #[serde(flatten)]
    pub instance: InstanceName,
    /// The phase it failed in.
    pub phase: Phase,
    /// The method that failed.
    pub effect: String,
    /// The error, printed.
    pub error: String,
}

/// The most instances that a summary lists as left.
pub(super) const MAX_LEFT: usize = 100;

/// One instance that the run left as it is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct LeftSummary {
    /// The instance.
    #[serde(flatten)]
    pub instance: InstanceName,
    /// Why the run left it.
    pub reason: String,
}

impl VerdictCounts {
    pub(crate) fn add(&mut self, other: Self) {
        self.done += other.done;
        self.failed += other.failed;
        self.blocked += other.blocked;
        self.not_started += other.not_started;
        self.left += other.left;
        self.unrecorded += other.unrecorded;
    }
}

impl ReportSummary {
    /// Whether every instance is done or left, no root is left, and no requested cleanup is missing, in this run and in its
    /// nested cascades.
    ///
    /// An incomplete nested cascade does not count if later ones with the same operation are complete for all its
    /// roots.
    pub fn is_complete(&self) -> bool {
        self.failed
            + self.blocked
            + self.not_started
            + self.unrecorded
            + self.not_cleaned_up
            + self.done_below_left
            + self.roots_left
            == 0
            && all_complete(&self.nested)
    }
}
