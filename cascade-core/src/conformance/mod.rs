//! Tests whether extensions tolerate empty batches, retries and interruptions.
//!
//! The engine calls a step at least once. After a crash, a timeout or a failure it calls the step again, with instances
//! that may be removed already. [`check`] provokes these calls in a scenario of yours, in a fresh environment each time:
//!
//! * It calls every finder, check, begin, effect, cleanup and verify method of the scenario with an **empty batch**.
//! * It calls every finder **twice**. Both answers must be equal and name only the given parents.
//! * It calls every step **twice** in a row.
//! * It **interrupts** every step at an `await`, by dropping the future, and calls the step again.
//! * It calls every method once more **after the run**, with ids that the run has removed.
//!
//! None of these calls may fail, and each run must leave the same state as an undisturbed run. Verify methods must then
//! report no remaining instance.

use std::collections::BTreeSet;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::Poll;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;

use crate::affected::{Affected, FailedEffects, Ran};
use crate::cascade::{Cascade, CascadeBuilder, verify_method_calls};
use crate::discover::instances_of_check;
use crate::engine::{Engine, Layer, Next, StepAnswer, StepCall};
use crate::graph::Method;
use crate::handler::{FindContext, RunContext, StepContext, call_once};
use crate::ids::{EdgeIx, Index, InstanceIx};
use crate::model::{Operation, Phase};
use crate::plan::Plan;
use crate::report::State;
use crate::run::{Drift, Pass};

/// Each step is interrupted at its first, second, and so on up to this `await`, each time in a run of its own.
const INTERRUPTIONS: usize = 3;

/// A fresh environment for one run: the extensions, and a function that describes the state.
pub struct Stage {
    /// The builder, with the extensions and the values that they need.
    pub builder: CascadeBuilder,
    /// Returns the current state as text, such as the rows of all tables in a fixed order. Runs are compared by it.
    pub state: Box<dyn Fn() -> String + Send>,
}

impl fmt::Debug for Stage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Stage({:?})", self.builder)
    }
}

/// A call that an extension does not tolerate.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub struct Finding {
    /// The extension and the method; empty if the finding belongs to no single method.
    pub method: String,
    /// The disturbance: how the method or the run was called.
    pub when: &'static str,
    /// The result: the error, or the difference from the expected result.
    pub what: String,
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let method = if self.method.is_empty() { "the run" } else { &self.method };
        write!(f, "{method}, {}: {}", self.when, self.what)
    }
}

/// Applies `operation` to the roots, with all disturbances that the [module](self) describes. `stage` makes the fresh
/// environment of each run.
///
/// Returns the findings, sorted and without duplicates. The list is empty if the extensions tolerate everything.
///
/// ```
/// use cascade_core::conformance::{self, Stage};
/// use cascade_core::prelude::*;
/// # #[derive(Resource)] #[resource(id = String)] pub struct Zone;
/// # #[derive(Extension)] struct Zones;
/// # #[cascade(resource = Zone)]
/// # impl Zones {
/// #     #[on(Delete)]
/// #     async fn remove(&self, zones: &[String]) -> Result<(), StepError> { Ok(()) }
/// # }
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// let stage = || Stage {
///     builder: Cascade::builder().register(Zones),
///     state: Box::new(|| String::from("the rows of all tables")),
/// };
/// let findings = conformance::check(stage, Delete, "Zone", ["zone-1"]).await;
/// assert_eq!(findings, []);
/// # }
/// ```
pub async fn check<O: Operation>(
    stage: impl Fn() -> Stage,
    operation: O,
    resource: &str,
    roots: impl IntoIterator<Item = impl Into<String>>,
) -> Vec<Finding> {
    let roots: Vec<String> = roots.into_iter().map(Into::into).collect();
    let scenario = Scenario { operation, resource, roots, findings: Arc::default() };
    let undisturbed = scenario.run(stage(), "undisturbed", None).await;
    scenario.run_empty(stage()).await;
    let mut disturbances: Vec<(&'static str, Disturbance)> = vec![("called twice", Disturbance::Twice)];
    disturbances.extend(
        (1..=INTERRUPTIONS).map(|polls| ("interrupted and called again", Disturbance::Dropped { polls })),
    );
    for (when, disturbance) in disturbances {
        let disturbed = scenario.run(stage(), when, Some(disturbance)).await;
        if let (Some(undisturbed), Some(disturbed)) = (&undisturbed, disturbed) {
            scenario.compare(undisturbed, &disturbed, when);
        }
    }
    scenario.findings()
}

/// The first line in which the texts differ.
fn first_difference(expected: &str, found: &str) -> String {
    let mut lines = expected.lines().map(Some).chain([None]).zip(found.lines().map(Some).chain([None]));
    let different = lines.find(|(expected, found)| expected != found);
    let (expected, found) = different.unwrap_or_default();
    format!(
        "found `{}`, expected `{}`",
        found.unwrap_or("end of the text"),
        expected.unwrap_or("end of the text")
    )
}

/// The operation and roots of a [`check`], and its findings.
struct Scenario<'a, O> {
    operation: O,
    resource: &'a str,
    roots: Vec<String>,
    findings: Arc<Mutex<BTreeSet<Finding>>>,
}

impl<O: Operation> Scenario<'_, O> {
    fn add_finding(&self, method: &str, when: &'static str, what: String) {
        let finding = Finding { method: method.to_owned(), when, what };
        self.findings.lock().unwrap_or_else(PoisonError::into_inner).insert(finding);
    }

    fn findings(&self) -> Vec<Finding> {
        self.findings.lock().unwrap_or_else(PoisonError::into_inner).iter().cloned().collect()
    }

    /// Builds the cascade and the plan; `None`, with a finding, if that fails.
    async fn plan(&self, builder: CascadeBuilder, when: &'static str) -> Option<(Cascade, Plan)> {
        let cascade = match builder.build() {
            Ok(cascade) => cascade,
            Err(error) => {
                self.add_finding("", when, error.to_string());
                return None;
            }
        };
        match cascade.plan_named(self.operation.clone(), self.resource, &self.roots).await {
            Ok(plan) => Some((cascade, plan)),
            Err(error) => {
                self.add_finding("", when, error.to_string());
                None
            }
        }
    }

    /// Plans and runs the scenario, and returns the state after the run; `None` if there is no plan. After an undisturbed
    /// run, it also calls every method once more.
    async fn run(
        &self,
        stage: Stage,
        when: &'static str,
        disturbance: Option<Disturbance>,
    ) -> Option<String> {
        let Stage { builder, state } = stage;
        let layer = disturbance.map(|disturbance| Disturb {
            disturbance,
            when,
            findings: Arc::clone(&self.findings),
        });
        let builder = match layer {
            Some(layer) => builder.layer(layer),
            None => builder,
        };
        let (cascade, plan) = self.plan(builder, when).await?;
        let affected = Arc::clone(&plan.affected);
        // The kit compares the answers of finders itself.
        match cascade.apply(plan).forced(true).drift(Drift::Ignore).await {
            Ok(report) => {
                for failure in report.summary().failures {
                    let what = format!("{} failed: {}", failure.instance, failure.error);
                    self.add_finding(&failure.effect, when, what);
                }
            }
            Err(error) => self.add_finding("", when, error.to_string()),
        }
        let state_after_run = state();
        if disturbance.is_none() {
            let when = "called after the run";
            let caller = Direct { scenario: self, cascade: &cascade, affected: &affected, when };
            caller.every_method(|instances| instances).await;
            self.compare(&state_after_run, &state(), when);
        }
        Some(state_after_run)
    }

    /// Adds a finding if the states differ.
    fn compare(&self, undisturbed: &str, disturbed: &str, when: &'static str) {
        if undisturbed != disturbed {
            let difference = first_difference(undisturbed, disturbed);
            let what = format!("the state differs from that after an undisturbed run: {difference}");
            self.add_finding("", when, what);
        }
    }

    /// Calls every method with an empty batch, and every finder twice, before any step has run.
    async fn run_empty(&self, stage: Stage) {
        let Some((cascade, plan)) = self.plan(stage.builder, "called twice").await else { return };
        let affected = Arc::clone(&plan.affected);
        let caller = Direct {
            scenario: self,
            cascade: &cascade,
            affected: &affected,
            when: "called with an empty batch",
        };
        caller.every_method(|_| Vec::new()).await;
        let caller = Direct { when: "called twice", ..caller };
        caller.finders_twice().await;
    }
}

/// Calls methods directly, outside a run.
struct Direct<'a, O> {
    scenario: &'a Scenario<'a, O>,
    cascade: &'a Cascade,
    affected: &'a Arc<Affected>,
    when: &'static str,
}

impl<O: Operation> Direct<'_, O> {
    /// Calls every method that the plan involves, on the instances that `choose` selects from those of the plan.
    async fn every_method(&self, choose: impl Fn(Vec<InstanceIx>) -> Vec<InstanceIx>) {
        for (edge, parents) in self.followed_edges() {
            if let Some(found) = self.find(edge, &choose(parents)).await
                && choose(vec![InstanceIx::default()]).is_empty()
                && !found.is_empty()
            {
                self.note(
                    &self.finder_name(edge),
                    "it found instances although the batch has no parent".to_owned(),
                );
            }
        }
        for (phase, pass) in self.passes() {
            for (kind, method) in pass.methods.enumerate() {
                let position = kind.position() - pass.work.first_step_kind[method.resource].position();
                let has_step = |index: &InstanceIx| {
                    pass.work.pending.get(self.affected.node(method.resource, *index)).contains(position)
                };
                let instances: Vec<InstanceIx> =
                    self.affected.instances(method.resource).filter(has_step).collect();
                if !instances.is_empty() {
                    self.act(phase, *method, &choose(instances)).await;
                }
            }
        }
        self.checks(&choose).await;
        self.verifies(&choose).await;
    }

    /// The passes of an undisturbed run: the begin, effect and cleanup methods with their instances.
    fn passes(&self) -> Vec<(Phase, Pass)> {
        let affected = self.affected;
        let all_done = std::iter::repeat_n(State::Done, affected.nodes()).collect();
        let ran = Ran::default();
        let begin = Pass::begin(affected, &ran, None).map(|pass| (Phase::Begin, pass));
        let effects = (Phase::Effect, Pass::effects(affected, &ran, &FailedEffects::new()));
        let cleanup = Pass::cleanup(affected, &ran, &all_done).map(|pass| (Phase::Cleanup, pass));
        begin.into_iter().chain([effects]).chain(cleanup).collect()
    }

    /// Calls the verify methods. Either all steps have ended or the batch is empty, so no instance may remain.
    async fn verifies(&self, choose: &impl Fn(Vec<InstanceIx>) -> Vec<InstanceIx>) {
        let cx = FindContext::of(self.affected, 0);
        for (method, batch) in verify_method_calls(self.affected).0 {
            let batch = self.affected.columns[method.resource].ids.select(&choose(batch));
            let extension = &*self.cascade.engine.extensions[method.extension];
            let limit = extension.descriptor().settings.timeout;
            let name = || self.name(method, Phase::Verify);
            match call_once(limit, || extension.verify(method.index, &batch, &cx)).await {
                Ok(Ok(survivors)) if survivors.is_empty() => {}
                Ok(Ok(survivors)) => self.note(&name(), format!("it reports survivors: {}", survivors.len())),
                Ok(Err(unknown)) => {
                    let what = format!("it answered `{unknown}`, which it was not asked about");
                    self.note(&name(), what);
                }
                Err(error) => self.note(&name(), error.to_string()),
            }
        }
    }

    /// Calls the check methods of the operation.
    async fn checks(&self, choose: &impl Fn(Vec<InstanceIx>) -> Vec<InstanceIx>) {
        let code = self.affected.operation.descriptor().code();
        for resource in self.affected.resources() {
            for &extension in &self.affected.graph.resources[resource].extensions {
                let declared = &self.affected.graph.extensions[extension];
                for (index, check) in declared.checks.iter().enumerate() {
                    if check.operation.code() != code {
                        continue;
                    }
                    let method = Method { resource, extension, index };
                    let cx = self.context(method, Phase::Check);
                    let instances = choose(instances_of_check(self.affected, None, method, check));
                    let batch = self.affected.columns[resource].ids.select(&instances);
                    let extension = &*self.cascade.engine.extensions[extension];
                    let limit = declared.settings.timeout;
                    match call_once(limit, || extension.check(index, &batch, &cx)).await {
                        Ok(Ok(vetoes)) if instances.is_empty() && !vetoes.is_empty() => {
                            self.note(
                                &self.name(method, Phase::Check),
                                "it returned vetoes although the batch is empty".to_owned(),
                            );
                        }
                        Ok(Ok(_)) => {}
                        Ok(Err(unknown)) => {
                            let what = format!("it objected to `{unknown}`, which it was not asked about");
                            self.note(&self.name(method, Phase::Check), what);
                        }
                        Err(error) => self.note(&self.name(method, Phase::Check), error.to_string()),
                    }
                }
            }
        }
    }

    /// Calls a begin, effect or cleanup method.
    async fn act(&self, phase: Phase, method: Method, instances: &[InstanceIx]) {
        let cx = self.context(method, phase);
        let batch = self.affected.columns[method.resource].ids.select(instances);
        let extension = &*self.cascade.engine.extensions[method.extension];
        let limit = extension.descriptor().settings.timeout;
        match call_once(limit, || extension.act(phase, method.index, batch.ids(), &cx)).await {
            Ok(failures) => {
                if let Some((_, error)) = failures.first() {
                    self.note(&self.name(method, phase), format!("an instance failed: {error}"));
                }
            }
            Err(error) => self.note(&self.name(method, phase), error.to_string()),
        }
    }

    /// The edges that the plan followed, each with the parents whose children were looked for.
    fn followed_edges(&self) -> Vec<(EdgeIx, Vec<InstanceIx>)> {
        let affected = self.affected;
        let routed = affected.graph.edges.indices().filter(|&edge| affected.route.edges[edge].is_some());
        routed
            .map(|edge| {
                let column = &affected.columns[affected.graph.edges[edge].parent];
                (
                    edge,
                    InstanceIx::all(column.len())
                        .filter(|&index| column.is_expanded_for(affected.graph.edges[edge].root, index))
                        .collect::<Vec<_>>(),
                )
            })
            .filter(|(_, parents)| !parents.is_empty())
            .collect()
    }

    /// Calls every finder twice, and compares the answers.
    async fn finders_twice(&self) {
        for (edge, parents) in self.followed_edges() {
            let first = self.find(edge, &parents).await;
            let second = self.find(edge, &parents).await;
            if let (Some(first), Some(second)) = (first, second)
                && first != second
            {
                let what = format!("the first call found {}, the second {}", first.len(), second.len());
                self.note(&self.finder_name(edge), what);
            }
        }
    }

    /// Calls the finder of an edge. Returns its answer as sorted text; `None` if it failed.
    async fn find(&self, edge: EdgeIx, parents: &[InstanceIx]) -> Option<BTreeSet<String>> {
        let affected = self.affected;
        let route = affected.route.edges[edge]?;
        let parent = affected.graph.edges[edge].parent;
        let extension = &*self.cascade.engine.extensions[affected.graph.edges[edge].extension];
        let cx = FindContext::of(affected, route.root);
        let batch = affected.columns[parent].ids.select(parents);
        let limit = extension.descriptor().settings.timeout;
        match call_once(limit, || extension.find(route.finder, &batch, &cx)).await {
            Ok(found) => {
                let parent_id = |at: usize| affected.graph.resources[parent].descriptor.print_id(&batch, at);
                Some((0..found.len()).map(|position| found.printed(position, &parent_id)).collect())
            }
            Err(error) => {
                self.note(&self.finder_name(edge), error.to_string());
                None
            }
        }
    }

    fn context(&self, method: Method, phase: Phase) -> StepContext {
        let run = RunContext {
            affected: Arc::clone(self.affected),
            engine: Arc::<Engine>::clone(&self.cascade.engine),
            nesting: Arc::default(),
            run: None,
            forced: true,
        };
        // Methods must expect that an earlier call acted on the same instances.
        StepContext::new(&run, method, phase).again(1, true)
    }

    fn note(&self, method: &str, what: String) {
        self.scenario.add_finding(method, self.when, what);
    }

    fn name(&self, method: Method, phase: Phase) -> String {
        let extension = &self.affected.graph.extensions[method.extension];
        format!("{}::{}", extension.name, method.name(&self.affected.graph, phase))
    }

    fn finder_name(&self, edge: EdgeIx) -> String {
        let edge_node = &self.affected.graph.edges[edge];
        let extension = &self.affected.graph.extensions[edge_node.extension];
        let finder = self.affected.route.edges[edge].map_or(0, |route| route.finder);
        format!("{}::{}", extension.name, extension.finders[finder].method)
    }
}

/// How every step is disturbed.
#[derive(Clone, Copy)]
enum Disturbance {
    /// Called twice in a row.
    Twice,
    /// Dropped after this number of polls, and called again.
    Dropped { polls: usize },
}

/// Disturbs every step of a run.
struct Disturb {
    disturbance: Disturbance,
    when: &'static str,
    findings: Arc<Mutex<BTreeSet<Finding>>>,
}

impl Layer for Disturb {
    fn call<'a>(&'a self, step: StepCall<'a>, next: Next<'a>) -> BoxFuture<'a, StepAnswer> {
        Box::pin(async move {
            match self.disturbance {
                Disturbance::Twice => {
                    if let Err(error) = next.run().await {
                        self.note(step, format!("the first call failed: {error}"));
                    }
                }
                Disturbance::Dropped { polls } => drop_after(polls, next.run()).await,
            }
            next.run().await
        })
    }
}

impl Disturb {
    fn note(&self, step: StepCall<'_>, what: String) {
        let finding = Finding { method: step.effect().to_owned(), when: self.when, what };
        self.findings.lock().unwrap_or_else(PoisonError::into_inner).insert(finding);
    }
}

/// Polls a future at most this number of times, and drops it.
async fn drop_after(polls: usize, mut future: BoxFuture<'_, StepAnswer>) {
    let mut remaining = polls;
    futures_util::future::poll_fn(|cx| {
        remaining -= 1;
        match future.poll_unpin(cx) {
            Poll::Pending if remaining > 0 => Poll::Pending,
            _ => Poll::Ready(()),
        }
    })
    .await;
}
