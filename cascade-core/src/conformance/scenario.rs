//! The runs of a scenario, each in a fresh stage.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};

use super::calls::{Answer, Direct};
use super::difference::Difference;
use super::disturb::{Disturb, Disturbance};
use super::finding::{ConformanceError, Findings};
use super::names::{finder_name, reported_name};
use super::stage::{Change, Stage, State, Watch};
use crate::affected::Affected;
use crate::cascade::{Cascade, CascadeBuilder};
use crate::model::Operation;
use crate::plan::Plan;
use crate::run::Drift;

/// Each step is interrupted at its first, second, and so on up to this `await`, each time in a run of its own.
const INTERRUPTIONS: usize = 3;

/// An operation with its roots, and the findings about it.
pub(super) struct Scenario<'a, O, S> {
    pub(super) stage: S,
    pub(super) operation: O,
    pub(super) resource: &'a str,
    pub(super) roots: Vec<String>,
    pub(super) findings: Findings,
}

/// What a disturbed run has left.
struct Disturbed {
    state: Vec<String>,
    /// The methods whose steps were disturbed.
    methods: BTreeSet<String>,
}

impl<O: Operation, S: AsyncFn() -> Stage> Scenario<'_, O, S> {
    /// Runs the plan, and then calls every method once more. Returns the state after the run.
    pub(super) async fn undisturbed(&self) -> Result<Vec<String>, ConformanceError> {
        let Stage { builder, state } = (self.stage)().await;
        let (cascade, plan) = self.plan(builder).await?;
        let affected = Arc::clone(&plan.affected);
        let after_run = self.run(&cascade, plan, &state, "undisturbed").await?;
        let watch = Watch::new(&state, after_run.clone());
        let calls = self.calls(&cascade, &affected, "called after the run");
        Direct { watch: Some(&watch), ..calls }.every_method(|instances| instances).await;
        self.add_changes(watch, calls.when);
        Ok(after_run)
    }

    /// Calls every method with an empty batch, before any step has run.
    pub(super) async fn empty(&self) -> Result<(), ConformanceError> {
        let Stage { builder, state } = (self.stage)().await;
        let (cascade, plan) = self.plan(builder).await?;
        let watch = Watch::new(&state, state.lines().await);
        let calls = self.calls(&cascade, &plan.affected, "called with an empty batch");
        Direct { watch: Some(&watch), ..calls }.every_method(|_| Vec::new()).await;
        self.add_changes(watch, calls.when);
        Ok(())
    }

    /// Adds a finding for each call that has changed the state, unless a later call has restored it.
    fn add_changes(&self, watch: Watch<'_>, when: &'static str) {
        for Change { method, difference } in watch.changes() {
            self.findings.add(&method, when, format!("it changed the state: {difference}"));
        }
    }

    /// Calls every finder twice, and once more after the begin methods. An instance that `begin` has marked has to be answered
    /// still, because a run looks again before its steps: what is not answered has departed.
    pub(super) async fn finders(&self) -> Result<(), ConformanceError> {
        let (cascade, plan) = self.plan((self.stage)().await.builder).await?;
        let calls = self.calls(&cascade, &plan.affected, "called twice");
        let first = calls.answers().await;
        let second = calls.answers().await;
        self.compare_answers(&plan.affected, &first, &second, calls.when, Some);
        let calls = self.calls(&cascade, &plan.affected, "called after `begin`");
        if calls.begin().await {
            let marked = calls.answers().await;
            let missing = Difference::without_unexpected;
            self.compare_answers(&plan.affected, &second, &marked, calls.when, missing);
        }
        Ok(())
    }

    /// Adds a finding for each finder that answered otherwise, as far as `relevant` keeps the difference.
    fn compare_answers(
        &self,
        affected: &Affected,
        expected: &[Answer],
        found: &[Answer],
        when: &'static str,
        relevant: impl Fn(Difference) -> Option<Difference>,
    ) {
        for Answer { edge, lines } in expected {
            let Some(again) = found.iter().find(|answer| answer.edge == *edge) else { continue };
            if let Some(difference) = Difference::between(lines, &again.lines).and_then(&relevant) {
                let what = format!("it answered otherwise: {difference}");
                self.findings.add(&finder_name(affected, *edge), when, what);
            }
        }
    }

    /// Disturbs the steps of runs, and compares the states after them with `expected`.
    pub(super) async fn disturbances(&self, expected: &[String]) -> Result<(), ConformanceError> {
        self.compare_disturbed(expected, "called twice", Disturbance::Twice).await?;
        for polls in 1..=INTERRUPTIONS {
            let dropped = Disturbance::Dropped { polls };
            self.compare_disturbed(expected, "interrupted and called again", dropped).await?;
        }
        Ok(())
    }

    /// Disturbs all steps of one run. If it leaves another state, disturbs the steps of one method after another, to learn which
    /// ones do not tolerate it.
    async fn compare_disturbed(
        &self,
        expected: &[String],
        when: &'static str,
        disturbance: Disturbance,
    ) -> Result<(), ConformanceError> {
        let all = self.disturbed(when, disturbance, None).await?;
        let Some(of_all) = Difference::between(expected, &all.state) else { return Ok(()) };
        let mut is_explained = false;
        for method in &all.methods {
            let one = self.disturbed(when, disturbance, Some(method.clone())).await?;
            if let Some(difference) = Difference::between(expected, &one.state) {
                is_explained = true;
                self.findings.add(method, when, other_state(&difference));
            }
        }
        if !is_explained {
            let together: Vec<&str> = all.methods.iter().map(String::as_str).collect();
            self.findings.add(&together.join(" and "), when, other_state(&of_all));
        }
        Ok(())
    }

    /// A run in which the steps of one method, or of all, are disturbed.
    async fn disturbed(
        &self,
        when: &'static str,
        disturbance: Disturbance,
        only: Option<String>,
    ) -> Result<Disturbed, ConformanceError> {
        let disturbed = Arc::default();
        let layer = Disturb {
            disturbance,
            when,
            only,
            disturbed: Arc::<Mutex<BTreeSet<String>>>::clone(&disturbed),
            findings: self.findings.clone(),
        };
        let Stage { builder, state } = (self.stage)().await;
        let (cascade, plan) = self.plan(builder.layer(layer)).await?;
        let state = self.run(&cascade, plan, &state, when).await?;
        let methods = disturbed.lock().unwrap_or_else(PoisonError::into_inner).clone();
        Ok(Disturbed { state, methods })
    }

    async fn plan(&self, builder: CascadeBuilder) -> Result<(Cascade, Plan), ConformanceError> {
        let cascade = builder.build()?;
        let plan = cascade.plan_named(self.operation.clone(), self.resource, &self.roots).await?;
        Ok((cascade, plan))
    }

    /// Runs the plan. Returns the state after the run.
    async fn run(
        &self,
        cascade: &Cascade,
        plan: Plan,
        state: &State,
        when: &'static str,
    ) -> Result<Vec<String>, ConformanceError> {
        let affected = Arc::clone(&plan.affected);
        // The kit compares the answers of finders itself.
        let report = cascade.apply(plan).forced(true).drift(Drift::Ignore).await?;
        for failure in report.summary().failures {
            let method = reported_name(&affected, &failure.instance.resource, failure.phase, &failure.effect);
            self.findings.add(&method, when, format!("{} failed: {}", failure.instance, failure.error));
        }
        Ok(state.lines().await)
    }

    fn calls<'c>(
        &'c self,
        cascade: &'c Cascade,
        affected: &'c Arc<Affected>,
        when: &'static str,
    ) -> Direct<'c> {
        Direct { cascade, affected, findings: &self.findings, when, watch: None }
    }
}

fn other_state(difference: &Difference) -> String {
    format!("the state after the run is another: {difference}")
}
