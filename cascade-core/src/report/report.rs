//! The report of a run: a verdict for every instance of the plan.

use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::sync::Arc;

use super::state::State;
use super::summary::{
    FailureSummary, LeftSummary, MAX_LEFT, NestedReport, ReportSummary, VerdictCounts, all_complete,
};
use crate::affected::{Affected, InstanceRef, LookupError};
use crate::ids::{Indexed, NodeIx, ResourceIx};
use crate::model::{CallError, Phase, Resource, RunId};
use crate::plan::{PlanDifference, PlanVeto};

/// The result of a run for one instance.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub enum Verdict<'a> {
    /// All its effects succeeded.
    Done,
    /// A method failed on it.
    Failed(&'a Failure),
    /// It was not operated on, because an instance that it waits for failed or is not done.
    Blocked {
        /// The instance that failed.
        by: InstanceRef<'a>,
    },
    /// The run left it as it is: it departed while the run was under way, or an effect answered so.
    Left {
        /// Why.
        reason: &'a str,
    },
    /// The run stopped before all its effects ran. If it has several effects, the first ones may have run.
    NotStarted,
    /// A step on it ended, but the journal could not record that. It may be done; a resumed run calls the step again.
    Unrecorded,
}

/// Why an instance failed.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Failure {
    /// The phase it failed in.
    pub phase: Phase,
    /// The method that failed.
    pub effect: String,
    /// The error. Instances that failed together share it.
    pub error: Arc<CallError>,
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.effect, self.error)
    }
}

/// The report of a run: a verdict for every instance of the plan.
#[must_use = "a run may end with failures: check `is_complete`"]
#[derive(Debug)]
pub struct Report {
    pub(crate) run: RunId,
    pub(crate) affected: Arc<Affected>,
    pub(crate) states: Indexed<NodeIx, State>,
    pub(crate) failures: HashMap<NodeIx, Failure>,
    pub(crate) blocked_by: HashMap<NodeIx, NodeIx>,
    /// The instances that the run left as they are, each with the reason.
    pub(crate) left: HashMap<NodeIx, String>,
    /// The done instances below one of them, in ascending order.
    pub(crate) done_below_left: Vec<NodeIx>,
    pub(crate) overridden: Vec<PlanVeto>,
    pub(crate) difference: Option<Box<PlanDifference>>,
    pub(crate) not_cleaned_up: usize,
    pub(crate) cancelled: bool,
    pub(crate) nested: Vec<NestedReport>,
}

impl Report {
    /// Whether every instance is done or left, no root is left, and no requested cleanup is missing, in this run and in its
    /// nested cascades.
    ///
    /// An incomplete nested cascade does not count if later ones with the same operation are complete for all its
    /// roots: a method that is retried starts its cascades again.
    pub fn is_complete(&self) -> bool {
        self.not_cleaned_up == 0
            && self.done_below_left.is_empty()
            && self.roots_left() == 0
            && all_complete(&self.nested)
            && self.affected.resources().all(|resource| {
                self.states_of(resource).all(|state| matches!(state, State::Done | State::Left))
            })
    }

    /// Every instance on which a method failed, with the failure, by resource and in the order of discovery. After a
    /// run with [`FailurePolicy::Force`](crate::FailurePolicy::Force), these are the instances that were left behind.
    pub fn failures(&self) -> impl Iterator<Item = (InstanceRef<'_>, &Failure)> {
        let mut nodes: Vec<NodeIx> = self.failures.keys().copied().collect();
        nodes.sort_unstable();
        nodes.into_iter().filter_map(|node| Some((self.instance(node), self.failures.get(&node)?)))
    }

    /// Every instance that the run left as it is, with the reason, by resource and in the order of discovery: it departed while
    /// the run was under way, an effect answered so, or it would have completed with such an instance.
    pub fn left(&self) -> impl Iterator<Item = (InstanceRef<'_>, &str)> {
        let mut nodes: Vec<NodeIx> = self.left.keys().copied().collect();
        nodes.sort_unstable();
        nodes.into_iter().filter_map(|node| Some((self.instance(node), self.left.get(&node)?.as_str())))
    }

    /// The number of roots that the run left as they are.
    fn roots_left(&self) -> usize {
        let roots = self.affected.root_instances();
        roots
            .filter(|&(resource, index)| self.states[self.affected.node(resource, index)] == State::Left)
            .count()
    }

    /// The instances that were removed only because of one above them that then stayed: after they were done, it departed, an
    /// effect left it, or it got an effect that does not remove it. A run with such an instance is not complete.
    pub fn done_below_left(&self) -> impl Iterator<Item = InstanceRef<'_>> {
        self.done_below_left.iter().map(|&node| self.instance(node))
    }

    /// The reports of the cascades that methods of the run started, in the order they ended.
    pub fn nested(&self) -> &[NestedReport] {
        &self.nested
    }

    /// The id of the run.
    pub fn run_id(&self) -> &RunId {
        &self.run
    }

    /// Whether the run was cancelled.
    pub fn is_cancelled(&self) -> bool {
        self.cancelled
    }

    /// The verdict on one instance of `R`; `None` if it was not in the plan.
    pub fn verdict<R: Resource>(&self, id: &R::Id) -> Option<Verdict<'_>> {
        let (resource, index) = self.affected.find::<R>(id)?;
        Some(self.verdict_of(self.affected.node(resource, index)))
    }

    /// Like [`verdict`](Self::verdict), for a resource and an id as text: the printed id, or the id as JSON. Compares `id`
    /// with every printed id.
    pub fn verdict_named(&self, resource: &str, id: &str) -> Result<Option<Verdict<'_>>, LookupError> {
        let found = self.affected.find_text(resource, id)?;
        Ok(found.map(|(resource, index)| self.verdict_of(self.affected.node(resource, index))))
    }

    /// Every instance of the plan with its verdict, resource by resource, in the order of discovery.
    pub fn verdicts(&self) -> impl Iterator<Item = (InstanceRef<'_>, Verdict<'_>)> {
        self.affected.columns.indices().flat_map(move |resource| {
            self.affected.with_left(resource).map(move |index| {
                let node = self.affected.node(resource, index);
                (self.instance(node), self.verdict_of(node))
            })
        })
    }

    /// The difference between the plan that was approved and the plan that the run ran, if the world had changed when the run
    /// started and the run accepted that: see [`Drift`](crate::Drift). `None` if there was no difference. A run on workers does
    /// not report it.
    pub fn drift(&self) -> Option<&PlanDifference> {
        self.difference.as_deref()
    }

    /// The report in numbers, with the failures as text.
    pub fn summary(&self) -> ReportSummary {
        let summary = ReportSummary {
            run: Some(self.run.clone()),
            operation: self.affected.operation.descriptor().code().to_owned(),
            not_cleaned_up: self.not_cleaned_up,
            done_below_left: self.done_below_left.len(),
            roots_left: self.roots_left(),
            left_instances: self.left_summaries(),
            cancelled: self.cancelled,
            resources: self.counts(),
            overridden: self.overridden.clone(),
            drift: self.difference.clone(),
            failures: self.failure_summaries(),
            nested: self.nested.clone(),
            ..ReportSummary::default()
        };
        let mut all = VerdictCounts::default();
        summary.resources.values().for_each(|counts| all.add(*counts));
        let VerdictCounts { done, failed, blocked, not_started, left, unrecorded } = all;
        ReportSummary { done, failed, blocked, not_started, unrecorded, left, ..summary }
    }

    /// The number of instances with each verdict, by resource.
    pub(crate) fn counts(&self) -> BTreeMap<String, VerdictCounts> {
        let mut by_resource = BTreeMap::new();
        for resource in self.resources() {
            let mut counts = VerdictCounts::default();
            for state in self.states_of(resource) {
                match state {
                    State::Done => counts.done += 1,
                    State::Failed => counts.failed += 1,
                    State::Blocked => counts.blocked += 1,
                    State::Waiting => counts.not_started += 1,
                    State::Left => counts.left += 1,
                    State::Running => counts.unrecorded += 1,
                }
            }
            by_resource.insert(self.affected.resource_name(resource).to_owned(), counts);
        }
        by_resource
    }

    /// The resources with instances that the report lists.
    pub(super) fn resources(&self) -> impl Iterator<Item = ResourceIx> {
        let is_listed = |&resource: &ResourceIx| self.affected.with_left(resource).next().is_some();
        self.affected.columns.indices().filter(is_listed)
    }

    /// The states of a resource's instances, as far as the report lists them.
    fn states_of(&self, resource: ResourceIx) -> impl Iterator<Item = State> {
        let instances = self.affected.with_left(resource);
        instances.map(move |index| self.states[self.affected.node(resource, index)])
    }

    fn failure_summaries(&self) -> Vec<FailureSummary> {
        let mut failures: Vec<FailureSummary> = self
            .failures
            .iter()
            .map(|(&node, failure)| FailureSummary {
                instance: self.instance(node).name(),
                phase: failure.phase,
                effect: failure.effect.clone(),
                error: failure.error.to_string(),
            })
            .collect();
        failures.sort_by_cached_key(|failure| failure.instance.sort_key());
        failures
    }

    fn left_summaries(&self) -> Vec<LeftSummary> {
        let mut left: Vec<LeftSummary> = self
            .left
            .iter()
            .map(|(&node, reason)| LeftSummary {
                instance: self.instance(node).name(),
                reason: reason.clone(),
            })
            .collect();
        left.sort_by_cached_key(|left| left.instance.sort_key());
        left.truncate(MAX_LEFT);
        left
    }

    fn instance(&self, node: NodeIx) -> InstanceRef<'_> {
        let (resource, index) = self.affected.locate(node);
        InstanceRef::new(&self.affected, resource, index)
    }

    pub(super) fn verdict_of(&self, node: NodeIx) -> Verdict<'_> {
        match self.states[node] {
            State::Done => Verdict::Done,
            State::Waiting => Verdict::NotStarted,
            State::Left => {
                let reason = self.left.get(&node).map_or("", String::as_str);
                Verdict::Left { reason }
            }
            State::Running => Verdict::Unrecorded,
            State::Failed => match self.failures.get(&node) {
                Some(failure) => Verdict::Failed(failure),
                None => Verdict::NotStarted,
            },
            State::Blocked => {
                let by = self.instance(self.blocked_by.get(&node).copied().unwrap_or(node));
                Verdict::Blocked { by }
            }
        }
    }
}
