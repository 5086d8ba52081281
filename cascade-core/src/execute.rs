//! Pass 2: the thin driver around the scheduler. It calls users' methods, and tells the scheduler what became of them.
//!
//! All steps are polled in the one task that awaits the run: dropping the run drops them, and nothing goes on that
//! nobody waits for.

use std::collections::HashMap;
use std::sync::Arc;

use futures::StreamExt;
use futures::future::BoxFuture;
use futures::stream::FuturesUnordered;
use tokio_util::sync::CancellationToken;

use crate::affected::Affected;
use crate::call::{CallError, delays, once};
use crate::context::StepContext;
use crate::declare::Phase;
use crate::event::{Event, Observer, tell};
use crate::extension::DynExtension;
use crate::pass::{Method, Pass};
use crate::report::{Failure, Report};
use crate::schedule::{FailurePolicy, Scheduler, State, Step};
use crate::taken;

/// How a run goes about it.
#[derive(Clone)]
pub(crate) struct RunSettings {
    pub(crate) policy: FailurePolicy,
    pub(crate) forced: bool,
    /// Steps at once, over all extensions.
    pub(crate) concurrency: usize,
    pub(crate) cancel: CancellationToken,
    pub(crate) observers: Vec<Observer>,
}

/// Runs all phases of a plan.
pub(crate) async fn run(
    affected: Arc<Affected>,
    extensions: &[Box<dyn DynExtension>],
    settings: RunSettings,
) -> Report {
    let mut run = Run { affected, extensions, settings, failures: HashMap::new(), cancelled: false };
    let not_begun = match Pass::begin(&run.affected) {
        Some(begin) => run.begin(begin).await,
        None => Vec::new(),
    };
    let policy = run.settings.policy;
    let stopped = run.cancelled || (policy == FailurePolicy::Stop && !not_begun.is_empty());
    let excluded = if policy == FailurePolicy::Force { &[] } else { not_begun.as_slice() };
    let effects = run.drive(Pass::effects(&run.affected), policy, excluded, stopped).await;
    let mut states = effects.states().to_vec();
    let mut blocked_by: HashMap<u32, u32> =
        (0..states.len() as u32).filter_map(|node| Some((node, effects.blocked_by(node)?))).collect();
    drop(effects);
    taken::resolve(&run.affected, &mut states, &mut blocked_by);

    let not_cleaned_up = match Pass::cleanup(&run.affected, &states) {
        Some(cleanup) => run.clean_up(cleanup).await,
        None => 0,
    };
    // An instance that failed in any phase is not done, whatever another phase made of it.
    for &node in run.failures.keys() {
        states[node as usize] = State::Failed;
    }
    Report {
        affected: run.affected,
        states,
        failures: run.failures,
        blocked_by,
        overridden: Vec::new(),
        not_cleaned_up,
        cancelled: run.cancelled,
    }
}

struct Run<'a> {
    affected: Arc<Affected>,
    extensions: &'a [Box<dyn DynExtension>],
    settings: RunSettings,
    failures: HashMap<u32, Failure>,
    cancelled: bool,
}

/// A step that has ended: the instances that failed, by their position in it.
type Ended = (Step, Vec<(usize, Arc<CallError>)>);

impl Run<'_> {
    /// Answers the instances on which begin failed, and those that it did not come to because of them.
    async fn begin(&mut self, pass: Pass) -> Vec<u32> {
        let scheduler = self.drive(pass, self.settings.policy, &[], false).await;
        let not_begun = |node: &u32| scheduler.states()[*node as usize] != State::Done;
        let nodes: Vec<u32> = (0..scheduler.states().len() as u32).filter(not_begun).collect();
        let failed = |node: &u32| self.failures.contains_key(node);
        // Stop: the run ends here, and only what failed is to be named as the cause of what is blocked.
        if self.settings.policy == FailurePolicy::Stop {
            nodes.into_iter().filter(failed).collect()
        } else {
            nodes
        }
    }

    /// Answers how many instances that went have not been cleaned up.
    async fn clean_up(&mut self, pass: Pass) -> usize {
        let policy = match self.settings.policy {
            // What went is gone: a failure in one place is no reason to leave the others uncleaned.
            FailurePolicy::Stop | FailurePolicy::Isolate => FailurePolicy::Isolate,
            FailurePolicy::Force => FailurePolicy::Force,
        };
        let to_clean: Vec<bool> = pass.work.masks.iter().map(|&mask| mask != 0).collect();
        let scheduler = self.drive(pass, policy, &[], self.cancelled).await;
        let uncleaned = |state: State| matches!(state, State::Waiting | State::Running | State::Blocked);
        scheduler.states().iter().zip(to_clean).filter(|&(&state, asked)| asked && uncleaned(state)).count()
    }

    /// Runs one pass to its end: until nothing runs, and nothing may start.
    async fn drive(
        &mut self,
        pass: Pass,
        policy: FailurePolicy,
        excluded: &[u32],
        stopped: bool,
    ) -> Scheduler {
        let Pass { phase, work, methods } = pass;
        let mut scheduler = Scheduler::new(work, policy, self.settings.concurrency, excluded);
        if stopped {
            scheduler.stop();
            return scheduler;
        }
        let settings = self.settings.clone();
        tell(&settings.observers, &Event::PhaseStarted { phase });
        let (affected, extensions) = (Arc::clone(&self.affected), self.extensions);
        let caller = Caller { affected: &affected, phase, settings: &settings };
        let mut running: FuturesUnordered<BoxFuture<'_, Ended>> = FuturesUnordered::new();
        loop {
            if settings.cancel.is_cancelled() && !self.cancelled {
                self.cancelled = true;
                scheduler.stop();
                tell(&settings.observers, &Event::Cancelled);
            }
            while let Some(step) = scheduler.take() {
                let method = methods[step.slot];
                running.push(Box::pin(caller.run(&*extensions[method.extension], method, step)));
            }
            let ended = tokio::select! {
                biased;
                () = settings.cancel.cancelled(), if !self.cancelled => continue,
                ended = running.next() => ended,
            };
            let Some((step, failed)) = ended else { break };
            self.end_step(&mut scheduler, phase, methods[step.slot], &step, failed);
        }
        scheduler
    }

    fn end_step(
        &mut self,
        scheduler: &mut Scheduler,
        phase: Phase,
        method: Method,
        step: &Step,
        failed: Vec<(usize, Arc<CallError>)>,
    ) {
        let positions: Vec<usize> = failed.iter().map(|(position, _)| *position).collect();
        let ended = scheduler.complete(step, &positions);
        let effect = method_name(&*self.extensions[method.extension], phase, method);
        tell(
            &self.settings.observers,
            &Event::StepEnded {
                phase,
                resource: self.affected.resource_name(method.resource),
                effect,
                instances: step.nodes.len(),
                failed: failed.len(),
                ended,
            },
        );
        for (position, error) in failed {
            let failure = Failure { phase, effect: effect.to_owned(), error };
            self.failures.entry(step.nodes[position]).or_insert(failure);
        }
    }
}

/// Calls methods in one phase.
#[derive(Clone, Copy)]
struct Caller<'a> {
    affected: &'a Arc<Affected>,
    phase: Phase,
    settings: &'a RunSettings,
}

impl Caller<'_> {
    /// Runs a step: tries, and tries again what failed and may be mended.
    async fn run(self, extension: &dyn DynExtension, method: Method, step: Step) -> Ended {
        let Self { affected, phase, settings } = self;
        let (resource, effect) =
            (affected.resource_name(method.resource), method_name(extension, phase, method));
        let instances = step.nodes.len();
        tell(&settings.observers, &Event::StepStarted { phase, resource, effect, instances });
        let limits = extension.descriptor().settings;
        let mut delays = delays(limits.retries);
        let mut open: Vec<usize> = (0..instances).collect();
        let mut failed: Vec<(usize, Arc<CallError>)> = Vec::new();
        for attempt in 1.. {
            let (terminal, again) = self.attempt(extension, method, &step, &open, attempt).await;
            failed.extend(terminal);
            let Some((_, error)) = again.first() else { break };
            let Some(delay) = delays.next() else {
                failed.extend(again);
                break;
            };
            let error = &**error;
            let instances = again.len();
            tell(
                &settings.observers,
                &Event::StepRetried { phase, resource, effect, instances, attempt, delay, error },
            );
            // A cancelled run does not wait for another try: what failed so far has failed.
            tokio::select! {
                () = tokio::time::sleep(delay) => {}
                () = settings.cancel.cancelled() => {
                    failed.extend(again);
                    break;
                }
            }
            open = again.into_iter().map(|(position, _)| position).collect();
        }
        failed.sort_by_key(|(position, _)| *position);
        (step, failed)
    }

    /// One try on the positions that are open. Answers which failed for good, and which may be tried again.
    async fn attempt(
        self,
        extension: &dyn DynExtension,
        method: Method,
        step: &Step,
        open: &[usize],
        attempt: u32,
    ) -> (Vec<(usize, Arc<CallError>)>, Vec<(usize, Arc<CallError>)>) {
        let Self { affected, phase, settings } = self;
        let first = affected.base[method.resource];
        let indices: Vec<u32> = open.iter().map(|&position| step.nodes[position] - first).collect();
        let batch = affected.columns[method.resource].ids.select(&indices);
        let cx = StepContext {
            affected: Arc::clone(affected),
            resource: method.resource,
            phase,
            attempt,
            forced: settings.forced,
        };
        let limits = extension.descriptor().settings;
        let answer = once(limits.timeout, || extension.act(phase, method.index, &batch, &cx)).await;
        let failures = match answer {
            Ok(Ok(failures)) => failures
                .into_iter()
                .map(|(at, error)| (open[at], Arc::new(CallError::Failed(error))))
                .collect::<HashMap<_, _>>(),
            Ok(Err(stranger)) => {
                let message = format!("it reported `{stranger}` as failed, which was not in its batch");
                let fault = Arc::new(CallError::Fault(message));
                open.iter().map(|&position| (position, Arc::clone(&fault))).collect()
            }
            Err(error) => {
                let error = Arc::new(error);
                open.iter().map(|&position| (position, Arc::clone(&error))).collect()
            }
        };
        let mut failures: Vec<_> = failures.into_iter().collect();
        failures.sort_by_key(|(position, _)| *position);
        failures.into_iter().partition(|(_, error)| error.is_terminal())
    }
}

fn method_name(extension: &dyn DynExtension, phase: Phase, method: Method) -> &str {
    let declared = extension.descriptor();
    match phase {
        Phase::Check => &declared.checks[method.index].method,
        Phase::Begin => &declared.begins[method.index].method,
        Phase::Effect => &declared.effects[method.index].method,
        Phase::Cleanup => &declared.cleanups[method.index].method,
    }
}
