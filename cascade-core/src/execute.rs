//! Pass 2: the thin driver around the scheduler. It calls users' methods, and tells the scheduler what became of them.
//!
//! All steps are polled in the one task that awaits the run: dropping the run drops them, and nothing goes on that
//! nobody waits for.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::Poll;
use std::time::Duration;

use futures::StreamExt;
use futures::future::BoxFuture;
use futures::stream::FuturesUnordered;
use tracing::Instrument;

use crate::affected::Affected;
use crate::caller::{Caller, Ended, Looking, step_name};
use crate::chase::Chase;
use crate::declare::Phase;
use crate::drift::{Drift, Newcomers};
use crate::engine::{Engine, Nesting};
use crate::event::{Event, Observers};
use crate::limits::Limits;
use crate::monitor::Monitor;
use crate::pass::{Method, Pass, Ran};
use crate::report::{Failure, Report};
use crate::schedule::{Before, FailurePolicy, Scheduler, State};
use crate::taken;

/// How a run goes about it.
#[derive(Clone)]
pub(crate) struct RunSettings {
    pub(crate) policy: FailurePolicy,
    pub(crate) forced: bool,
    pub(crate) drift: Drift,
    pub(crate) limits: Limits,
    /// Steps at once, over all extensions.
    pub(crate) concurrency: usize,
    pub(crate) nesting: Arc<Nesting>,
    /// `None` where nobody looks.
    pub(crate) monitor: Option<Monitor>,
    pub(crate) observers: Observers,
}

/// Runs all phases of a plan.
pub(crate) async fn run(engine: Arc<Engine>, affected: Arc<Affected>, settings: RunSettings) -> Report {
    let operation = affected.operation.descriptor().code();
    let span = tracing::info_span!("cascade.run", operation, instances = affected.count);
    let run = Run { engine, affected, settings, failures: HashMap::new(), cancelled: false };
    run.all_phases().instrument(span).await
}

pub(crate) struct Run {
    pub(crate) engine: Arc<Engine>,
    pub(crate) affected: Arc<Affected>,
    pub(crate) settings: RunSettings,
    pub(crate) failures: HashMap<u32, Failure>,
    pub(crate) cancelled: bool,
}

impl Run {
    async fn all_phases(mut self) -> Report {
        let (operation, instances) = (self.affected.operation.descriptor().code(), self.affected.count);
        self.settings.observers.tell(|| Event::RunStarted { operation, instances });
        let before = self.begin(|_| true).await;
        let (mut states, mut blocked_by) = self.effects(before).await;
        taken::resolve(&self.affected, &mut states, &mut blocked_by);

        let not_cleaned_up = match Pass::cleanup(&self.affected, &states) {
            Some(cleanup) => self.clean_up(cleanup).await,
            None => 0,
        };
        // An instance that failed in any phase is not done, whatever another phase made of it.
        for &node in self.failures.keys() {
            states[node as usize] = State::Failed;
        }
        if let Some(monitor) = &self.settings.monitor {
            monitor.end_run();
        }
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

    /// Runs the begin methods on the instances that `takes_part` admits. Answers those that are not to be operated on:
    /// begin failed on them, or did not come to them.
    pub(crate) async fn begin(&mut self, takes_part: impl Fn(u32) -> bool) -> Vec<Before> {
        let Some(pass) = Pass::begin(&self.affected, takes_part) else { return Vec::new() };
        let policy = self.settings.policy;
        let (scheduler, _) = self.drive(pass, policy, &[], &Looking::away()).await;
        let states = scheduler.states().iter().zip(0..);
        match policy {
            FailurePolicy::Force => Vec::new(),
            // The run ends here: what failed is all there is to say.
            FailurePolicy::Stop => states
                .filter(|(state, _)| **state == State::Failed)
                .map(|(&state, node)| Before { node, state, cause: node })
                .collect(),
            FailurePolicy::Isolate => states
                .filter(|(state, _)| matches!(state, State::Failed | State::Blocked))
                .map(|(&state, node)| Before {
                    node,
                    state,
                    cause: scheduler.blocked_by(node).unwrap_or(node),
                })
                .collect(),
        }
    }

    /// Runs the effects; where newcomers are chased, again and again until nothing new is found.
    async fn effects(&mut self, mut before: Vec<Before>) -> (Vec<State>, HashMap<u32, u32>) {
        let mut ran = Ran::default();
        let mut chase = Chase::default();
        loop {
            let policy = self.settings.policy;
            let looking = Looking::new(self.settings.drift, &self.affected, &chase.refused);
            let pass = Pass::effects(&self.affected, &ran);
            let (scheduler, newcomers) = self.drive(pass, policy, &before, &looking).await;
            if newcomers.is_empty() {
                let mut states = scheduler.states().to_vec();
                // A forced run goes on after a failure; the plan may have grown since.
                let failed = self.failures.iter().filter(|(_, failure)| failure.phase == Phase::Effect);
                failed.for_each(|(&node, _)| states[node as usize] = State::Failed);
                let causes =
                    (0..states.len() as u32).filter_map(|node| Some((node, scheduler.blocked_by(node)?)));
                return (states, causes.collect());
            }
            ran.note(&self.affected, &scheduler);
            before = self.chase(&mut chase, newcomers, &scheduler, before).await;
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
        let (scheduler, _) = self.drive(pass, policy, &[], &Looking::away()).await;
        // Those that failed, here or before, are counted as such.
        let uncleaned = |state: State| matches!(state, State::Waiting | State::Running | State::Blocked);
        (0..)
            .zip(scheduler.states().iter().zip(to_clean))
            .filter(|(node, (state, asked))| {
                *asked && uncleaned(**state) && !self.failures.contains_key(node)
            })
            .count()
    }

    /// Runs one pass to its end: until nothing runs, and nothing may start. Newcomers that are found end it early: with
    /// what ran then.
    async fn drive(
        &mut self,
        pass: Pass,
        policy: FailurePolicy,
        before: &[Before],
        looking: &Looking<'_>,
    ) -> (Scheduler, Vec<Newcomers>) {
        let Pass { phase, work, methods } = pass;
        let order = Arc::clone(&work.order);
        let mut scheduler = Scheduler::new(work, policy, self.settings.concurrency, before);
        let mut newcomers = Vec::new();
        if self.cancelled || self.is_stopped(before) {
            scheduler.stop();
            return (scheduler, newcomers);
        }
        let settings = self.settings.clone();
        settings.observers.tell(|| Event::PhaseStarted { phase });
        if let Some(monitor) = &settings.monitor {
            monitor.start_pass(phase, &self.affected, &order);
        }
        let (engine, affected) = (Arc::clone(&self.engine), Arc::clone(&self.affected));
        let stopped = AtomicBool::new(false);
        let caller = Caller {
            engine: &engine,
            affected: &affected,
            phase,
            settings: &settings,
            looking,
            stopped: &stopped,
        };
        let mut running: FuturesUnordered<BoxFuture<'_, Ended>> = FuturesUnordered::new();
        loop {
            if settings.nesting.cancel.is_cancelled() && !self.cancelled {
                self.cancelled = true;
                scheduler.stop();
                settings.observers.tell(|| Event::Cancelled);
            }
            stopped.store(scheduler.is_stopping(), Ordering::Relaxed);
            // All that has ended comes before anything new, which starts here and now: else a step could start after a
            // failure that stops the run.
            while !running.is_empty()
                && let Poll::Ready(Some(ended)) = futures::poll!(running.next())
            {
                newcomers.extend(self.end(&mut scheduler, phase, &methods, ended));
                stopped.store(scheduler.is_stopping(), Ordering::Relaxed);
            }
            if newcomers.is_empty()
                && let Some(step) = scheduler.take()
            {
                let mut call: BoxFuture<'_, Ended> = Box::pin(caller.run(&methods[step.slot], step));
                match futures::poll!(&mut call) {
                    Poll::Ready(ended) => {
                        newcomers.extend(self.end(&mut scheduler, phase, &methods, ended));
                        tokio::task::coop::consume_budget().await;
                    }
                    Poll::Pending => running.push(call),
                }
                continue;
            }
            let ended = tokio::select! {
                biased;
                () = settings.nesting.cancel.cancelled(), if !self.cancelled => continue,
                ended = running.next() => ended,
            };
            let Some(ended) = ended else { break };
            newcomers.extend(self.end(&mut scheduler, phase, &methods, ended));
        }
        // A run that is not to start anything has no use for newcomers.
        if scheduler.is_stopping() {
            newcomers.clear();
        }
        (scheduler, newcomers)
    }

    /// Whether something failed before the pass that lets nothing new start.
    fn is_stopped(&self, before: &[Before]) -> bool {
        self.settings.policy == FailurePolicy::Stop
            && before.iter().any(|before| before.state == State::Failed)
    }

    /// A step has ended, or is given back because of the newcomers that are answered, or because the run has stopped.
    fn end(
        &mut self,
        scheduler: &mut Scheduler,
        phase: Phase,
        methods: &[Method],
        mut ended: Ended,
    ) -> Vec<Newcomers> {
        if let (Some(monitor), Some(number)) = (&self.settings.monitor, ended.number) {
            monitor.end_step(number);
        }
        if let Some(newcomers) = ended.not_run.take() {
            scheduler.give_back(&ended.step);
            return newcomers;
        }
        self.end_step(scheduler, phase, methods[ended.step.slot], ended);
        Vec::new()
    }

    fn end_step(&mut self, scheduler: &mut Scheduler, phase: Phase, method: Method, ended: Ended) {
        let Ended { step, failed, since, .. } = ended;
        let positions: Vec<usize> = failed.iter().map(|(position, _)| *position).collect();
        let completion = scheduler.complete(&step, &positions);
        self.settings.observers.tell(|| Event::StepEnded {
            step: step_name(&self.affected, phase, method, step.nodes.len()),
            failed: failed.len(),
            ended: completion.ended,
            blocked: completion.blocked,
            elapsed: since.map_or(Duration::ZERO, |since| since.elapsed()),
        });
        for (position, error) in failed {
            let effect = method.name(&self.affected.graph, phase).to_owned();
            let failure = Failure { phase, effect, error };
            self.failures.entry(step.nodes[position]).or_insert(failure);
        }
    }
}
