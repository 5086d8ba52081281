//! The form that reports and vetoes have in records, whose names never change: `id` is the printed id. In documents for
//! people it is the serialised one, which records have as `value`. Earlier versions did not write it.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::model::{InstanceName, JsonFormat, Phase, RunId};
use crate::plan::{PlanDifference, PlanVeto};
use crate::report::{FailureSummary, LeftSummary, NestedReport, NestedRequest, ReportSummary, VerdictCounts};

#[derive(Serialize, Deserialize)]
struct StoredName {
    resource: String,
    id: String,
    #[serde(default, skip_serializing_if = "Value::is_null")]
    value: Value,
}

#[derive(Serialize, Deserialize)]
struct StoredVeto {
    #[serde(flatten)]
    instance: StoredName,
    reason: String,
    check: String,
}

#[derive(Serialize, Deserialize)]
struct StoredFailure {
    #[serde(flatten)]
    instance: StoredName,
    phase: Phase,
    effect: String,
    error: String,
}

#[derive(Serialize, Deserialize)]
struct StoredLeft {
    #[serde(flatten)]
    instance: StoredName,
    reason: String,
}

#[derive(Serialize, Deserialize)]
struct StoredNested {
    resource: String,
    effect: String,
    #[serde(default)]
    asked: NestedRequest,
    report: StoredReport,
}

#[derive(Serialize, Deserialize)]
struct StoredReport {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    run: Option<RunId>,
    operation: String,
    done: usize,
    failed: usize,
    blocked: usize,
    not_started: usize,
    #[serde(default)]
    unrecorded: usize,
    #[serde(default, skip_serializing_if = "is_zero")]
    left: usize,
    not_cleaned_up: usize,
    #[serde(default, skip_serializing_if = "is_zero")]
    done_below_left: usize,
    #[serde(default, skip_serializing_if = "is_zero")]
    roots_left: usize,
    cancelled: bool,
    resources: BTreeMap<String, StoredCounts>,
    overridden: Vec<StoredVeto>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    drift: Option<Box<PlanDifference>>,
    failures: Vec<StoredFailure>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    left_instances: Vec<StoredLeft>,
    nested: Vec<StoredNested>,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
fn is_zero(count: &usize) -> bool {
    *count == 0
}

#[derive(Serialize, Deserialize)]
struct StoredCounts {
    done: usize,
    failed: usize,
    blocked: usize,
    not_started: usize,
    #[serde(default, skip_serializing_if = "is_zero")]
    left: usize,
    #[serde(default)]
    unrecorded: usize,
}

impl From<VerdictCounts> for StoredCounts {
    fn from(VerdictCounts { done, failed, blocked, not_started, left, unrecorded }: VerdictCounts) -> Self {
        Self { done, failed, blocked, not_started, left, unrecorded }
    }
}

impl From<StoredCounts> for VerdictCounts {
    fn from(StoredCounts { done, failed, blocked, not_started, left, unrecorded }: StoredCounts) -> Self {
        Self { done, failed, blocked, not_started, left, unrecorded }
    }
}

impl From<InstanceName> for StoredName {
    fn from(InstanceName { resource, id, text, .. }: InstanceName) -> Self {
        Self { resource, id: text, value: id }
    }
}

impl From<StoredName> for InstanceName {
    fn from(StoredName { resource, id, value }: StoredName) -> Self {
        Self::new(resource, value, id)
    }
}

impl From<PlanVeto> for StoredVeto {
    fn from(PlanVeto { instance, reason, check }: PlanVeto) -> Self {
        Self { instance: instance.into(), reason, check }
    }
}

impl From<StoredVeto> for PlanVeto {
    fn from(StoredVeto { instance, reason, check }: StoredVeto) -> Self {
        Self { instance: instance.into(), reason, check }
    }
}

impl From<FailureSummary> for StoredFailure {
    fn from(FailureSummary { instance, phase, effect, error }: FailureSummary) -> Self {
        Self { instance: instance.into(), phase, effect, error }
    }
}

impl From<StoredFailure> for FailureSummary {
    fn from(StoredFailure { instance, phase, effect, error }: StoredFailure) -> Self {
        Self { instance: instance.into(), phase, effect, error }
    }
}

impl From<LeftSummary> for StoredLeft {
    fn from(LeftSummary { instance, reason }: LeftSummary) -> Self {
        Self { instance: instance.into(), reason }
    }
}

impl From<StoredLeft> for LeftSummary {
    fn from(StoredLeft { instance, reason }: StoredLeft) -> Self {
        Self { instance: instance.into(), reason }
    }
}

impl From<NestedReport> for StoredNested {
    fn from(NestedReport { resource, effect, asked, report }: NestedReport) -> Self {
        Self { resource, effect, asked, report: report.into() }
    }
}

impl From<StoredNested> for NestedReport {
    fn from(StoredNested { resource, effect, asked, report }: StoredNested) -> Self {
        Self { resource, effect, asked, report: report.into() }
    }
}

impl From<ReportSummary> for StoredReport {
    fn from(report: ReportSummary) -> Self {
        Self {
            run: report.run,
            operation: report.operation,
            done: report.done,
            failed: report.failed,
            blocked: report.blocked,
            not_started: report.not_started,
            unrecorded: report.unrecorded,
            left: report.left,
            not_cleaned_up: report.not_cleaned_up,
            done_below_left: report.done_below_left,
            roots_left: report.roots_left,
            cancelled: report.cancelled,
            resources: report.resources.into_iter().map(|(name, counts)| (name, counts.into())).collect(),
            overridden: converted(report.overridden),
            drift: report.drift,
            failures: converted(report.failures),
            left_instances: converted(report.left_instances),
            nested: converted(report.nested),
        }
    }
}

impl From<StoredReport> for ReportSummary {
    fn from(report: StoredReport) -> Self {
        Self {
            format: JsonFormat,
            run: report.run,
            operation: report.operation,
            done: report.done,
            failed: report.failed,
            blocked: report.blocked,
            not_started: report.not_started,
            unrecorded: report.unrecorded,
            left: report.left,
            not_cleaned_up: report.not_cleaned_up,
            done_below_left: report.done_below_left,
            roots_left: report.roots_left,
            cancelled: report.cancelled,
            resources: report.resources.into_iter().map(|(name, counts)| (name, counts.into())).collect(),
            overridden: converted(report.overridden),
            drift: report.drift,
            failures: converted(report.failures),
            left_instances: converted(report.left_instances),
            nested: converted(report.nested),
        }
    }
}

fn converted<A: Into<B>, B>(all: Vec<A>) -> Vec<B> {
    all.into_iter().map(Into::into).collect()
}

/// The form of a list of vetoes.
pub(super) mod vetoes {
    use serde::{Deserialize, Deserializer, Serializer};

    use super::{PlanVeto, StoredVeto, converted};

    pub(crate) fn serialize<S: Serializer>(vetoes: &[PlanVeto], serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(vetoes.iter().cloned().map(StoredVeto::from))
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<PlanVeto>, D::Error> {
        Vec::<StoredVeto>::deserialize(deserializer).map(converted)
    }
}

/// The form of the report of a nested cascade.
pub(super) mod nested {
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    use super::{NestedReport, StoredNested};

    pub(crate) fn serialize<S: Serializer>(report: &NestedReport, serializer: S) -> Result<S::Ok, S::Error> {
        StoredNested::from(report.clone()).serialize(serializer)
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<NestedReport, D::Error> {
        StoredNested::deserialize(deserializer).map(Into::into)
    }
}
