//! A report as JSON: in numbers, and with the verdict of every instance.

use serde::ser::{Error, SerializeSeq};
use serde::{Serialize, Serializer};
use serde_json::Value;

use super::report::{Report, Verdict};
use super::summary::ReportSummary;
use crate::ids::ResourceIx;
use crate::model::{InstanceName, Phase};

/// Serialises the summary, and `affected`: a map of each resource to its instances, sorted by id, each with its verdict.
/// `docs/report.schema.json` has the schema.
impl Serialize for Report {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        /// The summary comes first, so that `format` does.
        #[derive(Serialize)]
        struct ReportDocument<'a> {
            #[serde(flatten)]
            summary: ReportSummary,
            affected: VerdictList<'a>,
        }
        ReportDocument { summary: self.summary(), affected: VerdictList(self) }.serialize(serializer)
    }
}

struct VerdictList<'a>(&'a Report);
struct ColumnList<'a>(&'a Report, ResourceIx);

#[derive(Serialize)]
struct InstanceEntry<'a> {
    id: Value,
    text: String,
    #[serde(flatten)]
    verdict: VerdictEntry<'a>,
}

#[derive(Serialize)]
#[serde(tag = "verdict", rename_all = "snake_case")]
enum VerdictEntry<'a> {
    Done,
    Failed { phase: Phase, effect: &'a str, error: String },
    Blocked { by: InstanceName },
    NotStarted,
    Left { reason: &'a str },
    Unrecorded,
}

impl Serialize for VerdictList<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Self(report) = *self;
        let affected = &*report.affected;
        let lists = report.resources().map(|at| (affected.resource_name(at), ColumnList(report, at)));
        serializer.collect_map(lists)
    }
}

impl Serialize for ColumnList<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Self(report, resource) = *self;
        let affected = &*report.affected;
        let ids = &affected.columns[resource].ids;
        let mut list = serializer.serialize_seq(Some(affected.with_left(resource).count()))?;
        for index in affected.sorted_with_left(resource) {
            list.serialize_element(&InstanceEntry {
                id: ids.id_to_json(index).map_err(S::Error::custom)?,
                text: ids.display(index).to_string(),
                verdict: entry(report.verdict_of(affected.node(resource, index))),
            })?;
        }
        list.end()
    }
}

fn entry(verdict: Verdict<'_>) -> VerdictEntry<'_> {
    match verdict {
        Verdict::Done => VerdictEntry::Done,
        Verdict::Failed(failure) => VerdictEntry::Failed {
            phase: failure.phase,
            effect: &failure.effect,
            error: failure.error.to_string(),
        },
        Verdict::Blocked { by } => VerdictEntry::Blocked { by: by.name() },
        Verdict::NotStarted => VerdictEntry::NotStarted,
        Verdict::Left { reason } => VerdictEntry::Left { reason },
        Verdict::Unrecorded => VerdictEntry::Unrecorded,
    }
}
