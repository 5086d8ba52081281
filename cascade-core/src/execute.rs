//! Pass 2: the thin driver around the scheduler. It calls users' methods, and tells the scheduler what became of them.
//!
//! All steps are polled in the one task that awaits the run: dropping the run drops them, and nothing goes on that
//! nobody waits for.

use std::collections::HashMap;
use std::sync::Arc;

use futures::StreamExt;
use futures::future::BoxFuture;
use futures::stream::FuturesUnordered;
use tokio::time::Instant;
use tracing::Instrument;

use crate::affected::Affected;
use crate::call::{CallError, delays, once};
use crate::context::StepContext;
use crate::declare::Phase;
use crate::engine::{Engine, Nesting};
use crate::event::{Event, Observers, StepName};
use crate::layer::{Instances, Next, StepCall};
use crate::monitor::Monitor;
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
    pub(crate) nesting: Nesting,
    pub(crate) monitor: Monitor,
    pub(crate) observers: Observers,
}

/// Runs all phases of a plan.
pub(crate) async fn run(engine: Arc<Engine>, affected: Arc<Affected>, settings: RunSettings) -> Report {
    let operation = affected.operation.descriptor().code();
    let span = tracing::info_span!("cascade.run", operation, instances = affected.count);
    let run = Run { engine, affected, settings, failures: HashMap::new(), cancelled: false };
    run.all_phases().instrument(span).await
}

struct Run {
    engine: Arc<Engine>,
    affected: Arc<Affected>,
    settings: RunSettings,
    failures: HashMap<u32, Failure>,
    cancelled: bool,
}

/// A step that has ended.
struct Ended {
    step: Step,
    /// The instances that failed, by their position in the step.
    failed: Vec<(usize, Arc<CallError>)>,
    /// The monitor's number of the step.
    number: u64,
    since: Instant,
}

impl Run {
    async fn all_phases(mut self) -> Report {
        let (operation, instances) = (self.affected.operation.descriptor().code(), self.affected.count);
        self.settings.observers.tell(|| Event::RunStarted { operation, instances });
        let not_begun = match Pass::begin(&self.affected) {
            Some(begin) => self.begin(begin).await,
            None => Vec::new(),
        };
        let policy = self.settings.policy;
        let stopped = self.cancelled || (policy == FailurePolicy::Stop && !not_begun.is_empty());
        let excluded = if policy == FailurePolicy::Force { &[] } else { not_begun.as_slice() };
        let effects = self.drive(Pass::effects(&self.affected), policy, excluded, stopped).await;
        let mut states = effects.states().to_vec();
        let mut blocked_by: HashMap<u32, u32> =
            (0..states.len() as u32).filter_map(|node| Some((node, effects.blocked_by(node)?))).collect();
        drop(effects);
        taken::resolve(&self.affected, &mut states, &mut blocked_by);

        let not_cleaned_up = match Pass::cleanup(&self.affected, &states) {
            Some(cleanup) => self.clean_up(cleanup).await,
            None => 0,
        };
        // An instance that failed in any phase is not done, whatever another phase made of it.
        for &node in self.failures.keys() {
            states[node as usize] = State::Failed;
        }
        self.settings.monitor.end_run();
        let report = Report {
            affected: self.affected,
            states,
            failures: self.failures,
            blocked_by,
            overridden: Vec::new(),
            not_cleaned_up,
            cancelled: self.cancelled,
            nested: self.settings.nesting.take_reports(),
        };
        self.settings.observers.tell(|| report.ended_event());
        report
    }

    /// Answers the instances on which begin failed, and those that it did not come to because of them; each with the
    /// instance that failed.
    async fn begin(&mut self, pass: Pass) -> Vec<(u32, u32)> {
        let scheduler = self.drive(pass, self.settings.policy, &[], false).await;
        let isolates = self.settings.policy == FailurePolicy::Isolate;
        let cause = |(node, state): (u32, &State)| match state {
            State::Failed => Some((node, node)),
            // Stop: the run ends here, and what begin did not come to is not started.
            State::Blocked if isolates => Some((node, scheduler.blocked_by(node)?)),
            _ => None,
        };
        (0..).zip(scheduler.states()).filter_map(cause).collect()
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
        excluded: &[(u32, u32)],
        stopped: bool,
    ) -> Scheduler {
        let Pass { phase, work, methods } = pass;
        let order = Arc::clone(&work.order);
        let mut scheduler = Scheduler::new(work, policy, self.settings.concurrency, excluded);
        if stopped {
            scheduler.stop();
            return scheduler;
        }
        let settings = self.settings.clone();
        settings.observers.tell(|| Event::PhaseStarted { phase });
        settings.monitor.start_pass(phase, &self.affected, &order);
        let (engine, affected) = (Arc::clone(&self.engine), Arc::clone(&self.affected));
        let caller = Caller { engine: &engine, affected: &affected, phase, settings: &settings };
        let mut running: FuturesUnordered<BoxFuture<'_, Ended>> = FuturesUnordered::new();
        loop {
            if settings.nesting.cancel.is_cancelled() && !self.cancelled {
                self.cancelled = true;
                scheduler.stop();
                settings.observers.tell(|| Event::Cancelled);
            }
            while let Some(step) = scheduler.take() {
                running.push(Box::pin(caller.run(methods[step.slot], step)));
            }
            let ended = tokio::select! {
                biased;
                () = settings.nesting.cancel.cancelled(), if !self.cancelled => continue,
                ended = running.next() => ended,
            };
            let Some(ended) = ended else { break };
            self.end_step(&mut scheduler, phase, methods[ended.step.slot], ended);
        }
        scheduler
    }

    fn end_step(&mut self, scheduler: &mut Scheduler, phase: Phase, method: Method, ended: Ended) {
        let Ended { step, failed, number, since } = ended;
        let positions: Vec<usize> = failed.iter().map(|(position, _)| *position).collect();
        let completion = scheduler.complete(&step, &positions);
        self.settings.monitor.end_step(number);
        let effect = method.name(&self.affected.graph, phase);
        self.settings.observers.tell(|| Event::StepEnded {
            step: step_name(&self.affected, phase, method, step.nodes.len()),
            failed: failed.len(),
            ended: completion.ended,
            blocked: completion.blocked,
            elapsed: since.elapsed(),
        });
        for (position, error) in failed {
            let failure = Failure { phase, effect: effect.to_owned(), error };
            self.failures.entry(step.nodes[position]).or_insert(failure);
        }
    }
}

fn step_name(affected: &Affected, phase: Phase, method: Method, instances: usize) -> StepName {
    StepName {
        phase,
        resource: affected.resource_name(method.resource).into(),
        effect: method.name(&affected.graph, phase).into(),
        instances,
    }
}

/// Calls methods in one phase.
#[derive(Clone, Copy)]
struct Caller<'a> {
    engine: &'a Arc<Engine>,
    affected: &'a Arc<Affected>,
    phase: Phase,
    settings: &'a RunSettings,
}

/// The positions in a step that failed, each with its error.
type Failed = Vec<(usize, Arc<CallError>)>;

impl Caller<'_> {
    /// Runs a step: tries, and tries again what failed and may be mended.
    async fn run(self, method: Method, step: Step) -> Ended {
        let Self { affected, phase, settings, .. } = self;
        let effect = method.name(&affected.graph, phase);
        let resource = affected.resource_name(method.resource);
        let name = || step_name(affected, phase, method, step.nodes.len());
        settings.observers.tell(|| Event::StepStarted { step: name() });
        let number = settings.monitor.start_step(method.resource, effect, &step.nodes);
        let since = Instant::now();
        let instances = step.nodes.len();
        let span = tracing::debug_span!("cascade.step", phase = %phase, resource, effect, instances);
        let failed = self.tries(method, &step, name).instrument(span).await;
        Ended { step, failed, number, since }
    }

    async fn tries(self, method: Method, step: &Step, name: impl Fn() -> StepName) -> Failed {
        let Self { engine, settings, .. } = self;
        let limits = engine.extensions[method.extension].descriptor().settings;
        let mut delays = delays(limits.retries);
        let mut open: Vec<usize> = (0..step.nodes.len()).collect();
        let mut failed: Failed = Vec::new();
        for attempt in 1.. {
            let (terminal, again) = self.attempt(method, step, &open, attempt).await;
            failed.extend(terminal);
            let Some((_, error)) = again.first() else { break };
            let Some(delay) = delays.next() else {
                failed.extend(again);
                break;
            };
            tracing::debug!(attempt, %error, instances = again.len(), "trying again");
            settings.observers.tell(|| Event::StepRetried {
                step: name(),
                instances: again.len(),
                attempt,
                delay,
                error: Arc::clone(error),
            });
            // A cancelled run does not wait for another try: what failed so far has failed.
            tokio::select! {
                () = tokio::time::sleep(delay) => {}
                () = settings.nesting.cancel.cancelled() => {
                    failed.extend(again);
                    break;
                }
            }
            open = again.into_iter().map(|(position, _)| position).collect();
        }
        failed.sort_by_key(|(position, _)| *position);
        failed
    }

    /// One try on the positions that are open. Answers which failed for good, and which may be tried again.
    async fn attempt(self, method: Method, step: &Step, open: &[usize], attempt: u32) -> (Failed, Failed) {
        let Self { engine, affected, phase, settings } = self;
        let first = affected.base[method.resource];
        let indices: Vec<u32> = open.iter().map(|&position| step.nodes[position] - first).collect();
        let batch = affected.columns[method.resource].ids.select(&indices);
        let cx = StepContext {
            affected: Arc::clone(affected),
            engine: Arc::clone(engine),
            nesting: settings.nesting.clone(),
            method,
            phase,
            attempt,
            forced: settings.forced,
        };
        let call = StepCall {
            effect: method.name(&affected.graph, phase),
            instances: Instances { affected, resource: method.resource, indices: &indices },
            cx: &cx,
        };
        let extension = &*engine.extensions[method.extension];
        let next =
            Next { layers: &engine.layers, step: call, extension, method: method.index, batch: &batch };
        let answer = once(extension.descriptor().settings.timeout, || next.run()).await;
        let mut failures: Failed = match answer {
            Ok(failures) => positions(open, failures),
            Err(error) => {
                let error = Arc::new(error);
                open.iter().map(|&position| (position, Arc::clone(&error))).collect()
            }
        };
        failures.sort_by_key(|(position, _)| *position);
        failures.dedup_by_key(|(position, _)| *position);
        failures.into_iter().partition(|(_, error)| error.is_terminal())
    }
}

/// What was answered by position in the batch, by position in the step. A position that a layer made up fails the batch.
fn positions(open: &[usize], failures: Vec<(usize, crate::StepError)>) -> Failed {
    if let Some((position, _)) = failures.iter().find(|(position, _)| *position >= open.len()) {
        let message = format!("a layer reported position {position} as failed, in a batch of {}", open.len());
        let fault = Arc::new(CallError::Fault(message));
        return open.iter().map(|&position| (position, Arc::clone(&fault))).collect();
    }
    failures.into_iter().map(|(at, error)| (open[at], Arc::new(CallError::Failed(error)))).collect()
}
