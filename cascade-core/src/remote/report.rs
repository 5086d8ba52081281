//! A report that travels, in pages.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::error::RemoteError;
use crate::model::{Phase, RunId};
use crate::plan::{Plan, PlanVeto};
use crate::report::{Failure, NestedReport, Report, State};

/// Entries in one page, at most: a row of equal verdicts, a failure or a blocked instance each.
const PAGE: usize = 10_000;

/// A part of a report. What belongs to a plan is by node: by the number of the instance among all of it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct ReportPage {
    /// What became of the instances, in rows of equal ones.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    states: Vec<(State, u32)>,
    /// What went wrong, each once.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    errors: Vec<FailureRecord>,
    /// An instance, and its error's place in this page.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    failures: Vec<(u32, u32)>,
    /// An instance, and what it is blocked by.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    blocked: Vec<(u32, u32)>,
    /// In the first page: what is not about single instances.
    #[serde(skip_serializing_if = "Option::is_none")]
    all: Option<WholeReport>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct WholeReport {
    run: RunId,
    overridden: Vec<PlanVeto>,
    not_cleaned_up: usize,
    cancelled: bool,
    nested: Vec<NestedReport>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct FailureRecord {
    phase: Phase,
    effect: String,
    error: RemoteError,
}

/// The pages of a report: always the same for the same report.
pub fn report_pages(report: &Report) -> Vec<ReportPage> {
    let all = WholeReport {
        run: report.run.clone(),
        overridden: report.overridden.clone(),
        not_cleaned_up: report.not_cleaned_up,
        cancelled: report.cancelled,
        nested: report.nested.clone(),
    };
    let mut pages = vec![ReportPage { all: Some(all), ..ReportPage::default() }];
    let rows: Vec<(State, u32)> =
        report.states.chunk_by(|a, b| a == b).map(|row| (row[0], row.len() as u32)).collect();
    pages.extend(rows.chunks(PAGE).map(|rows| ReportPage { states: rows.to_vec(), ..ReportPage::default() }));

    let mut failed: Vec<(&u32, &Failure)> = report.failures.iter().collect();
    failed.sort_unstable_by_key(|(node, _)| **node);
    pages.extend(failed.chunks(PAGE).map(failure_page));

    let mut blocked: Vec<(u32, u32)> = report.blocked_by.iter().map(|(&node, &by)| (node, by)).collect();
    blocked.sort_unstable();
    let blocked = blocked.chunks(PAGE);
    pages.extend(blocked.map(|blocked| ReportPage { blocked: blocked.to_vec(), ..ReportPage::default() }));
    pages
}

fn failure_page(failed: &[(&u32, &Failure)]) -> ReportPage {
    let mut page = ReportPage::default();
    // Instances that failed together share their error.
    let mut numbers: BTreeMap<String, u32> = BTreeMap::new();
    for (node, failure) in failed {
        let error = RemoteError::from(&*failure.error);
        let key = format!("{} {} {error:?}", failure.phase, failure.effect);
        let number = *numbers.entry(key).or_insert_with(|| {
            let (phase, effect) = (failure.phase, failure.effect.clone());
            page.errors.push(FailureRecord { phase, effect, error });
            page.errors.len() as u32 - 1
        });
        page.failures.push((**node, number));
    }
    page
}

/// The report of these pages, about `plan` as it was in the end. The error says what does not fit.
pub fn report_from(plan: &Plan, pages: impl IntoIterator<Item = ReportPage>) -> Result<Report, String> {
    let (mut whole, mut states) = (None, Vec::new());
    let (mut failures, mut blocked_by) = (HashMap::new(), HashMap::new());
    for page in pages {
        whole = whole.or(page.all);
        for (state, count) in page.states {
            states.extend(std::iter::repeat_n(state, count as usize));
        }
        let errors = page.errors.into_iter().map(|record| Failure {
            phase: record.phase,
            effect: record.effect,
            error: Arc::new(record.error.into_call_error()),
        });
        let errors: Vec<Failure> = errors.collect();
        for (node, error) in page.failures {
            let failure = errors.get(error as usize).ok_or("a failure without its error")?;
            failures.insert(node, failure.clone());
        }
        blocked_by.extend(page.blocked);
    }
    let whole = whole.ok_or("its first page is missing")?;
    let nodes = plan.affected.nodes();
    let known = |node: u32| (node as usize) < nodes;
    if states.len() != nodes
        || !failures.keys().copied().all(known)
        || !blocked_by.iter().all(|(&node, &by)| known(node) && known(by))
    {
        return Err(format!("it speaks of {} instances, and the plan of {nodes}", states.len()));
    }
    Ok(Report {
        run: whole.run,
        affected: Arc::clone(&plan.affected),
        states,
        failures,
        blocked_by,
        overridden: whole.overridden,
        not_cleaned_up: whole.not_cleaned_up,
        cancelled: whole.cancelled,
        nested: whole.nested,
    })
}
