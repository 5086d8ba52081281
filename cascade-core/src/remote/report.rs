//! The serialised form of a report, in pages of bounded size.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::error::RemoteError;
use crate::ids::{Index, NodeIx};
use crate::model::{Phase, RunId};
use crate::plan::{Plan, PlanVeto};
use crate::report::{Failure, NestedReport, Report, State};

/// The most entries in one page. An entry is a sequence of equal states, or an instance.
const PAGE: usize = 10_000;

/// A part of a report. Instances are named by node: their number among all instances of the plan.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct ReportPage {
    /// The states of the instances, in the order of the nodes: each state, and for how many nodes it repeats.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    states: Vec<(State, u32)>,
    /// The distinct errors of this page.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    errors: Vec<FailureRecord>,
    /// Failed instances: the node, and the index of its error in `errors`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    failures: Vec<(u32, u32)>,
    /// Blocked instances: the node, and the node that blocks it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    blocked: Vec<(u32, u32)>,
    /// Instances that the run left as they are: the node, and the reason.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    left: Vec<(u32, String)>,
    /// The nodes of the done instances below one of them.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    done_below_left: Vec<u32>,
    /// The data about the whole run; only in the first page.
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

/// Splits a report into pages. The same report always gives the same pages.
pub fn report_pages(report: &Report) -> Vec<ReportPage> {
    let all = WholeReport {
        run: report.run.clone(),
        overridden: report.overridden.clone(),
        not_cleaned_up: report.not_cleaned_up,
        cancelled: report.cancelled,
        nested: report.nested.clone(),
    };
    let mut pages = vec![ReportPage { all: Some(all), ..ReportPage::default() }];
    let states: Vec<(State, u32)> =
        report.states.chunk_by(|a, b| a == b).map(|equal| (equal[0], equal.len() as u32)).collect();
    let states = states.chunks(PAGE);
    pages.extend(states.map(|states| ReportPage { states: states.to_vec(), ..ReportPage::default() }));

    let mut failed: Vec<(NodeIx, &Failure)> =
        report.failures.iter().map(|(&node, failure)| (node, failure)).collect();
    failed.sort_unstable_by_key(|(node, _)| *node);
    pages.extend(failed.chunks(PAGE).map(failure_page));

    let mut blocked: Vec<(u32, u32)> =
        report.blocked_by.iter().map(|(node, by)| (node.number(), by.number())).collect();
    blocked.sort_unstable();
    let blocked = blocked.chunks(PAGE);
    pages.extend(blocked.map(|blocked| ReportPage { blocked: blocked.to_vec(), ..ReportPage::default() }));

    let mut left: Vec<(u32, String)> =
        report.left.iter().map(|(node, reason)| (node.number(), reason.clone())).collect();
    left.sort_unstable();
    pages.extend(left.chunks(PAGE).map(|left| ReportPage { left: left.to_vec(), ..ReportPage::default() }));
    let below: Vec<u32> = report.done_below_left.iter().map(|node| node.number()).collect();
    pages.extend(
        below
            .chunks(PAGE)
            .map(|below| ReportPage { done_below_left: below.to_vec(), ..ReportPage::default() }),
    );
    pages
}

fn failure_page(failed: &[(NodeIx, &Failure)]) -> ReportPage {
    let mut page = ReportPage::default();
    // Instances of one failed call have equal errors: the page lists each once.
    let mut numbers: BTreeMap<String, u32> = BTreeMap::new();
    for &(node, failure) in failed {
        let error = RemoteError::from(&*failure.error);
        let key = format!("{} {} {error:?}", failure.phase, failure.effect);
        let number = *numbers.entry(key).or_insert_with(|| {
            let (phase, effect) = (failure.phase, failure.effect.clone());
            page.errors.push(FailureRecord { phase, effect, error });
            page.errors.len() as u32 - 1
        });
        page.failures.push((node.number(), number));
    }
    page
}

/// Restores a report from its pages. `plan` is the final state of the plan.
///
/// # Errors
///
/// A message that says what is missing, or does not match the plan.
pub fn report_from(plan: &Plan, pages: impl IntoIterator<Item = ReportPage>) -> Result<Report, String> {
    let (mut whole, mut states) = (None, Vec::new());
    let (mut failures, mut blocked_by) = (HashMap::new(), HashMap::new());
    let (mut left, mut done_below_left) = (HashMap::new(), Vec::new());
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
            let failure = errors
                .get(error as usize)
                .ok_or("a failure refers to an error that its page does not list")?;
            failures.insert(NodeIx::new(node), failure.clone());
        }
        left.extend(page.left.into_iter().map(|(node, reason)| (NodeIx::new(node), reason)));
        done_below_left.extend(page.done_below_left.into_iter().map(NodeIx::new));
        blocked_by
            .extend(page.blocked.into_iter().map(|(node, cause)| (NodeIx::new(node), NodeIx::new(cause))));
    }
    let whole = whole.ok_or("the first page of the report is missing")?;
    let nodes = plan.affected.nodes();
    if states.len() != nodes {
        return Err(format!("the report has {} instances, but the plan has {nodes}", states.len()));
    }
    let blocked = blocked_by.keys().chain(blocked_by.values());
    let mut named = failures.keys().chain(blocked).chain(left.keys()).chain(&done_below_left);
    if let Some(unknown) = named.find(|node| node.position() >= nodes) {
        return Err(format!(
            "the report names instance {}, but the plan has only {nodes} instances",
            unknown.number()
        ));
    }
    Ok(Report {
        run: whole.run,
        affected: Arc::clone(&plan.affected),
        states: states.into_iter().collect(),
        failures,
        blocked_by,
        left,
        done_below_left,
        overridden: whole.overridden,
        difference: None,
        not_cleaned_up: whole.not_cleaned_up,
        cancelled: whole.cancelled,
        nested: whole.nested,
    })
}
