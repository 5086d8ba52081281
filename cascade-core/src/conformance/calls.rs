//! Calls methods directly, outside a run.

use std::collections::{BTreeSet, HashSet};
use std::sync::Arc;

use super::difference::Difference;
use super::finding::Findings;
use super::names::{finder_name, method_name};
use super::stage::Watch;
use crate::affected::{Affected, FailedEffects, Ran};
use crate::cascade::{Cascade, verify_method_calls};
use crate::discover::instances_of_check;
use crate::engine::Engine;
use crate::graph::Method;
use crate::handler::{FindContext, NotDone, RunContext, StepContext, call_once};
use crate::ids::{EdgeIx, Index, InstanceIx};
use crate::model::Phase;
use crate::report::State;
use crate::run::Pass;

/// The answer of a finder.
pub(super) struct Answer {
    pub(super) edge: EdgeIx,
    pub(super) lines: Vec<String>,
}

/// Calls methods directly, outside a run.
#[derive(Clone, Copy)]
pub(super) struct Direct<'a> {
    pub(super) cascade: &'a Cascade,
    pub(super) affected: &'a Arc<Affected>,
    pub(super) findings: &'a Findings,
    pub(super) when: &'static str,
    /// Watches how the calls change the state.
    pub(super) watch: Option<&'a Watch<'a>>,
}

impl Direct<'_> {
    /// Calls every method that the plan involves, on the instances that `choose` selects from those of the plan.
    pub(super) async fn every_method(&self, choose: impl Fn(Vec<InstanceIx>) -> Vec<InstanceIx>) {
        for (edge, parents) in self.followed_edges() {
            let parents = choose(parents);
            let found = self.find(edge, &parents).await;
            if parents.is_empty()
                && let Some(found) = found
                && !found.is_empty()
            {
                let what = String::from("it found instances although the batch has no parent");
                self.note(&finder_name(self.affected, edge), what);
            }
        }
        for (phase, pass) in self.passes() {
            self.act_on_all(phase, &pass, &choose).await;
        }
        self.checks(&choose).await;
        self.verifies(&choose).await;
    }

    /// Calls the begin methods, as a run does before its first effect. Returns whether there are any.
    pub(super) async fn begin(&self) -> bool {
        let Some(pass) = Pass::begin(self.affected, &Ran::default(), &HashSet::new()) else {
            return false;
        };
        self.act_on_all(Phase::Begin, &pass, &|instances| instances).await;
        true
    }

    /// Calls the methods of a pass on all their instances.
    async fn act_on_all(
        &self,
        phase: Phase,
        pass: &Pass,
        choose: &impl Fn(Vec<InstanceIx>) -> Vec<InstanceIx>,
    ) {
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

    /// The passes of an undisturbed run: the begin, effect and cleanup methods with their instances.
    fn passes(&self) -> Vec<(Phase, Pass)> {
        let affected = self.affected;
        let all_done = std::iter::repeat_n(State::Done, affected.nodes()).collect();
        let ran = Ran::default();
        let begin = Pass::begin(affected, &ran, &HashSet::new()).map(|pass| (Phase::Begin, pass));
        let effects = (Phase::Effect, Pass::effects(affected, &ran, &FailedEffects::new()));
        let cleanup = Pass::cleanup(affected, &ran, &all_done).map(|pass| (Phase::Cleanup, pass));
        begin.into_iter().chain([effects]).chain(cleanup).collect()
    }

    /// Calls the verify methods. Either all steps have ended or the batch is empty, so no instance may remain.
    async fn verifies(&self, choose: &impl Fn(Vec<InstanceIx>) -> Vec<InstanceIx>) {
        let cx = FindContext::of(self.affected, 0);
        for (method, batch) in verify_method_calls(self.affected).0 {
            let instances = choose(batch);
            let batch = self.affected.columns[method.resource].ids.select(&instances);
            let extension = &*self.cascade.engine.extensions[method.extension];
            let limit = extension.descriptor().settings.timeout;
            let name = method_name(self.affected, method, Phase::Verify);
            match call_once(limit, || extension.verify(method.index, &batch, &cx)).await {
                Ok(Ok(survivors)) => {
                    let text = |&(at, ..): &(usize, _)| self.printed(method, &instances, at);
                    let survivors: Vec<String> = survivors.iter().map(text).collect();
                    if let Some(difference) = Difference::between([], &survivors) {
                        self.note(&name, format!("it reports survivors: {difference}"));
                    }
                }
                Ok(Err(unknown)) => {
                    self.note(&name, format!("it answered `{unknown}`, which it was not asked about"));
                }
                Err(error) => self.note(&name, error.to_string()),
            }
            self.called(&name).await;
        }
    }

    /// Calls the check methods of the operation.
    async fn checks(&self, choose: &impl Fn(Vec<InstanceIx>) -> Vec<InstanceIx>) {
        let code = self.affected.operation.descriptor().code();
        for resource in self.affected.resources() {
            for &extension in &self.affected.graph.resources[resource].extensions {
                let checks = &self.affected.graph.extensions[extension].checks;
                let of_operation =
                    checks.iter().enumerate().filter(|(_, check)| check.operation.code() == code);
                for (index, check) in of_operation {
                    let method = Method { resource, extension, index };
                    let instances = choose(instances_of_check(self.affected, None, method, check));
                    self.check(method, &instances).await;
                }
            }
        }
    }

    /// Calls a check method.
    async fn check(&self, method: Method, instances: &[InstanceIx]) {
        let cx = self.context(method, Phase::Check);
        let batch = self.affected.columns[method.resource].ids.select(instances);
        let extension = &*self.cascade.engine.extensions[method.extension];
        let limit = extension.descriptor().settings.timeout;
        let name = method_name(self.affected, method, Phase::Check);
        match call_once(limit, || extension.check(method.index, &batch, &cx)).await {
            Ok(Ok(vetoes)) if instances.is_empty() && !vetoes.is_empty() => {
                self.note(&name, String::from("it returned vetoes although the batch is empty"));
            }
            Ok(Ok(_)) => {}
            Ok(Err(unknown)) => {
                self.note(&name, format!("it objected to `{unknown}`, which it was not asked about"));
            }
            Err(error) => self.note(&name, error.to_string()),
        }
        self.called(&name).await;
    }

    /// Calls a begin, effect or cleanup method.
    async fn act(&self, phase: Phase, method: Method, instances: &[InstanceIx]) {
        let cx = self.context(method, phase);
        let batch = self.affected.columns[method.resource].ids.select(instances);
        let extension = &*self.cascade.engine.extensions[method.extension];
        let limit = extension.descriptor().settings.timeout;
        let name = method_name(self.affected, method, phase);
        match call_once(limit, || extension.act(phase, method.index, batch.ids(), &cx)).await {
            Ok(not_done) => {
                let failed = not_done.iter().find_map(|(at, answer)| match answer {
                    NotDone::Failed(error) => Some((at, error)),
                    NotDone::Left(_) => None,
                });
                if let Some((at, error)) = failed {
                    let instance = self.printed(method, instances, *at);
                    self.note(&name, format!("{instance} failed: {error}"));
                }
            }
            Err(error) => self.note(&name, error.to_string()),
        }
        self.called(&name).await;
    }

    /// The instance at a position of a batch.
    fn printed(&self, method: Method, instances: &[InstanceIx], at: usize) -> String {
        let named = |&index: &InstanceIx| self.affected.name(method.resource, index).to_string();
        instances.get(at).map_or_else(String::new, named)
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

    /// The answer of each finder to the parents that the plan asked it about; none for a finder that failed.
    pub(super) async fn answers(&self) -> Vec<Answer> {
        let mut answers = Vec::new();
        for (edge, parents) in self.followed_edges() {
            answers.extend(self.find(edge, &parents).await.map(|lines| Answer { edge, lines }));
        }
        answers
    }

    /// Calls the finder of an edge. Returns its answer as text; `None` if it failed.
    async fn find(&self, edge: EdgeIx, parents: &[InstanceIx]) -> Option<Vec<String>> {
        let affected = self.affected;
        let route = affected.route.edges[edge]?;
        let parent = affected.graph.edges[edge].parent;
        let extension = &*self.cascade.engine.extensions[affected.graph.edges[edge].extension];
        let cx = FindContext::of(affected, route.root);
        let batch = affected.columns[parent].ids.select(parents);
        let limit = extension.descriptor().settings.timeout;
        let name = finder_name(affected, edge);
        let answer = match call_once(limit, || extension.find(route.finder, &batch, &cx)).await {
            Ok(found) => {
                let parent_id = |at: usize| affected.graph.resources[parent].descriptor.print_id(&batch, at);
                let lines: BTreeSet<String> =
                    (0..found.len()).map(|position| found.printed(position, &parent_id)).collect();
                Some(lines.into_iter().collect())
            }
            Err(error) => {
                self.note(&name, error.to_string());
                None
            }
        };
        self.called(&name).await;
        answer
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
        self.findings.add(method, self.when, what);
    }

    /// The method was called.
    async fn called(&self, method: &str) {
        if let Some(watch) = self.watch {
            watch.after(method).await;
        }
    }
}
