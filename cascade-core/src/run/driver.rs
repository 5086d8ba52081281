//! One pass: the driver around the scheduler. It calls users' methods and reports their results to the scheduler.
//!
//! The task that awaits the run polls all steps. Nothing is spawned, so dropping the run drops its steps.

use std::future::{Future as _, poll_fn};
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::Poll;
use std::time::Duration;

use futures_util::StreamExt;
use futures_util::future::BoxFuture;
use futures_util::stream::FuturesUnordered;

use super::failure_policy::FailurePolicy;
use super::fast_path::{FastPath, is_unobserved};
use super::pass::Pass;
use super::phases::Run;
use super::recorder;
use super::rediscovery::{NotRun, Rediscovery};
use super::scheduler::{InitialState, Scheduler, Step};
use super::step::{EndedStep, StepAttempt, StepRunner};
use super::step_method::StepMethod;
use super::with_parent::WithParentChildren;
use crate::discover::LateDependents;
use crate::handler::{FirstAttempt, RunContext};
use crate::ids::{Indexed, NodeIx, StepKindIx};
use crate::journal::{JournalError, Record};
use crate::model::{CallError, EffectSet, Phase};
use crate::observe::Event;
use crate::report::{Failure, State};

/// A pass in progress.
struct Driven<'m> {
    scheduler: Scheduler,
    phase: Phase,
    methods: &'m Indexed<StepKindIx, StepMethod<'m>>,
    pause: Pause,
    /// Writes in progress, each with the step that is concluded once the write is durable.
    recording: FuturesUnordered<BoxFuture<'static, WriteResult>>,
    /// Whether the journal is being asked if this process still owns the run.
    renewing: bool,
}

/// Why a pass starts no further step although the run goes on: the plan has to change first.
#[derive(Default)]
pub(super) struct Pause {
    /// Late dependents that were found.
    pub(super) late: Vec<LateDependents>,
    /// Whether something departed.
    pub(super) departed: bool,
}

impl Pause {
    pub(super) fn is_none(&self) -> bool {
        self.late.is_empty() && !self.departed
    }
}

/// The result of a write, with its step. Without a step: whether this process still owns the run.
type WriteResult = (Option<EndedStep>, Result<(), JournalError>);

/// The event that a waiting pass continues with.
enum Next {
    Cancelled,
    Ended(EndedStep),
    Recorded(WriteResult),
    /// No step and no write is in progress.
    Nothing,
}

/// The maximum number of steps that wait until their records are durable.
const MAX_RECORDING: usize = 1000;

impl Run {
    /// The part of the contexts that all methods of the run share.
    fn context(&self) -> RunContext {
        let engine = Arc::clone(&self.engine);
        RunContext {
            affected: Arc::clone(&self.affected),
            engine,
            nesting: Arc::clone(&self.settings.nesting),
            run: Some(self.settings.run.clone()),
            forced: self.settings.forced,
        }
    }

    /// Runs one pass until nothing runs and nothing may start. A pause ends it early: then running steps still end.
    pub(super) async fn drive(
        &mut self,
        pass: Pass,
        policy: FailurePolicy,
        before: &[InitialState],
        rediscovery: &Rediscovery<'_>,
    ) -> (Scheduler, Pause) {
        let Pass { phase, work, methods } = pass;
        let order = Arc::clone(&work.order);
        let mut scheduler = Scheduler::new(work, policy, self.settings.concurrency, before);
        if self.cancelled || is_stopped(policy, before) || self.recorder.error().is_some() {
            scheduler.stop();
            return (scheduler, Pause::default());
        }
        self.expect_repeats(&scheduler, phase);
        let settings = self.settings.clone();
        settings.observers.notify(|| Event::PhaseStarted { phase });
        if let Some(monitor) = &settings.monitor {
            monitor.start_pass(phase, &self.affected, &order);
        }
        let (engine, affected) = (Arc::clone(&self.engine), Arc::clone(&self.affected));
        let repeats = Arc::clone(&self.repeats);
        let stopped = AtomicBool::new(false);
        let run = self.context();
        let methods: Indexed<StepKindIx, StepMethod<'_>> = methods
            .enumerate()
            .map(|(kind, &method)| StepMethod::new(&engine, &run, phase, method, scheduler.is_early(kind)))
            .collect();
        let methods = &methods;
        let mut runner = StepRunner {
            engine: &engine,
            affected: &affected,
            phase,
            settings: &settings,
            methods,
            rediscovery,
            repeats: &repeats,
            stopped: &stopped,
            unobserved: false,
        };
        runner.unobserved = is_unobserved(&runner);
        let (pause, recording) = (Pause::default(), FuturesUnordered::new());
        let mut driven = Driven { scheduler, phase, methods, pause, recording, renewing: false };
        self.steps(&mut driven, runner).await;
        let Driven { scheduler, pause, .. } = driven;
        // A stopped run does not change its plan.
        let pause = if scheduler.is_stopping() { Pause::default() } else { pause };
        (scheduler, pause)
    }

    async fn steps(&mut self, driven: &mut Driven<'_>, runner: StepRunner<'_>) {
        let cancel = self.settings.nesting.cancel.clone();
        let mut running: FuturesUnordered<BoxFuture<'_, EndedStep>> = FuturesUnordered::new();
        loop {
            self.notice_cancel(driven);
            runner.stopped.store(driven.scheduler.is_stopping(), Ordering::Relaxed);
            self.take_ended(driven, &runner, &mut running).await;
            if self.start_next(driven, &runner, &mut running).await {
                continue;
            }
            let waits = !self.cancelled && (!running.is_empty() || !driven.recording.is_empty());
            let mut cancelled = pin!(cancel.cancelled());
            let next = poll_fn(|task| {
                if waits && cancelled.as_mut().poll(task).is_ready() {
                    return Poll::Ready(Next::Cancelled);
                }
                let ended = running.poll_next_unpin(task);
                if let Poll::Ready(Some(ended)) = ended {
                    return Poll::Ready(Next::Ended(ended));
                }
                match driven.recording.poll_next_unpin(task) {
                    Poll::Ready(Some(recorded)) => Poll::Ready(Next::Recorded(recorded)),
                    Poll::Ready(None) if ended.is_ready() => Poll::Ready(Next::Nothing),
                    Poll::Ready(None) | Poll::Pending => Poll::Pending,
                }
            });
            match next.await {
                Next::Cancelled => {}
                Next::Ended(ended) => self.end(driven, ended),
                Next::Recorded(recorded) => self.recorded(driven, recorded),
                Next::Nothing => return,
            }
            // A run whose steps are always ready lets other tasks run.
            tokio::task::coop::consume_budget().await;
        }
    }

    fn notice_cancel(&mut self, driven: &mut Driven<'_>) {
        if self.settings.nesting.cancel.is_cancelled() && !self.cancelled {
            self.cancelled = true;
            driven.scheduler.stop();
            self.recorder.note(|| Record::Cancelled);
            self.settings.observers.notify(|| Event::Cancelled);
        }
    }

    /// Concludes all ended steps before a further step starts. Otherwise a step could start after a failure that stops the
    /// run.
    async fn take_ended(
        &mut self,
        driven: &mut Driven<'_>,
        runner: &StepRunner<'_>,
        running: &mut FuturesUnordered<BoxFuture<'_, EndedStep>>,
    ) {
        while !running.is_empty()
            && let Poll::Ready(Some(ended)) = futures_util::poll!(running.next())
        {
            self.end(driven, ended);
            runner.stopped.store(driven.scheduler.is_stopping(), Ordering::Relaxed);
        }
        while !driven.recording.is_empty()
            && let Poll::Ready(Some(recorded)) = futures_util::poll!(driven.recording.next())
        {
            self.recorded(driven, recorded);
        }
    }

    /// Starts a step, or several on the fast path. Returns whether one could start.
    async fn start_next<'c, 'm: 'c>(
        &mut self,
        driven: &mut Driven<'m>,
        runner: &'c StepRunner<'_>,
        running: &mut FuturesUnordered<BoxFuture<'c, EndedStep>>,
    ) -> bool {
        if self.may_take_fast_path(driven, runner, running) {
            let ended = poll_fn(|task| Poll::Ready(runner.run_fast_path(&mut driven.scheduler, task)));
            match ended.await {
                FastPath::Ended => tokio::task::coop::consume_budget().await,
                FastPath::Nothing => return false,
                FastPath::Unfinished(step, first) => {
                    self.poll_once(driven, runner, step, first, running).await;
                }
            }
            return true;
        }
        if !self.may_start(driven) {
            return false;
        }
        let Some(step) = driven.scheduler.take() else { return false };
        self.recorder.begun(&self.affected, driven.phase, driven.methods[step.kind].method, &step);
        let first = poll_fn(|task| Poll::Ready(runner.attempt_at_once(&step, task))).await;
        self.poll_once(driven, runner, step, first, running).await;
        true
    }

    /// Whether the fast path may run: nothing is in progress or observed, and no journal records steps.
    fn may_take_fast_path(
        &self,
        driven: &Driven<'_>,
        runner: &StepRunner<'_>,
        running: &FuturesUnordered<BoxFuture<'_, EndedStep>>,
    ) -> bool {
        !self.cancelled
            && running.is_empty()
            && driven.recording.is_empty()
            && driven.pause.is_none()
            && !self.recorder.is_on()
            && runner.unobserved
    }

    /// Polls a step once: it ends, or joins the running steps. `first` is its first attempt, if that was started.
    async fn poll_once<'c, 'm: 'c>(
        &mut self,
        driven: &mut Driven<'m>,
        runner: &'c StepRunner<'_>,
        step: Step,
        first: Option<StepAttempt<'c>>,
        running: &mut FuturesUnordered<BoxFuture<'c, EndedStep>>,
    ) {
        // The attempt was polled a moment ago, so it is not polled again here.
        let first = match first {
            Some(FirstAttempt::Pending(call)) => {
                return running.push(Box::pin(runner.wait(step, call)));
            }
            first => first,
        };
        let mut call: BoxFuture<'c, EndedStep> = Box::pin(runner.run(step, first));
        match futures_util::poll!(&mut call) {
            Poll::Ready(ended) => {
                self.end(driven, ended);
                tokio::task::coop::consume_budget().await;
            }
            Poll::Pending => running.push(call),
        }
    }

    /// Whether a further step may start. An owner whose lease may have expired first asks the journal whether it still
    /// owns the run.
    fn may_start(&self, driven: &mut Driven<'_>) -> bool {
        if !driven.renewing
            && !driven.scheduler.is_stopping()
            && let Some(durable) = self.recorder.renew()
        {
            driven.renewing = true;
            driven.recording.push(recorder::then(durable, None));
        }
        driven.pause.is_none() && !driven.renewing && driven.recording.len() < MAX_RECORDING
    }

    /// Marks the instances for which the previous process may have called a method: all that are ready to start in the
    /// first phase that has steps left.
    fn expect_repeats(&mut self, scheduler: &Scheduler, phase: Phase) {
        if !self.history.interrupted {
            return;
        }
        let (early, others): (Vec<_>, Vec<_>) = scheduler.ready().partition(|&(_, is_early)| is_early);
        if early.is_empty() && others.is_empty() {
            return;
        }
        self.history.interrupted = false;
        if phase == Phase::Effect {
            let with_parent = WithParentChildren::of(&self.affected);
            for (ready, is_early) in [(&early, true), (&others, false)] {
                let nodes: Vec<NodeIx> = ready.iter().map(|&(node, _)| node).collect();
                self.view.note_begun(&self.affected, &with_parent, &nodes, is_early);
            }
        }
        let instances = early.into_iter().chain(others).map(|(node, _)| self.affected.locate(node));
        self.repeats = Arc::new(self.repeats.with(phase, instances));
    }

    /// Handles a step that has ended, or that did not run.
    fn end(&mut self, driven: &mut Driven<'_>, mut ended: EndedStep) {
        if let (Some(monitor), Some(number)) = (&self.settings.monitor, ended.number) {
            monitor.end_step(number);
        }
        if let Some(not_run) = ended.not_run.take() {
            driven.scheduler.give_back(&ended.step);
            match not_run {
                NotRun::Late(late) => driven.pause.late.extend(late),
                NotRun::Departed => driven.pause.departed = true,
                NotRun::Stopped => {}
            }
            return;
        }
        driven.scheduler.release(&ended.step);
        let method = driven.methods[ended.step.kind].method;
        let (affected, policy) = (&self.affected, self.settings.policy);
        let durable = self.recorder.ended(&self.settings.nesting, || {
            recorder::step_ended(affected, policy, driven.phase, method, &ended)
        });
        match durable {
            Some(durable) => {
                if !ended.failed.is_empty() {
                    driven.scheduler.foresee_failure();
                }
                driven.recording.push(recorder::then(durable, Some(ended)));
            }
            None => self.conclude(driven, ended),
        }
    }

    /// Handles the result of a write. Only now may steps start that wait for the instances of the recorded step.
    fn recorded(&mut self, driven: &mut Driven<'_>, (ended, answer): WriteResult) {
        match (ended, answer) {
            (Some(ended), Ok(())) => self.conclude(driven, ended),
            (None, Ok(())) => driven.renewing = false,
            (ended, Err(error)) => {
                tracing::error!(%error, "the journal failed: no further step starts");
                self.recorder.fail(error);
                driven.scheduler.stop();
                let Some(ended) = ended else { return };
                if driven.phase != Phase::Cleanup {
                    let nodes = ended.step.nodes.iter();
                    self.unrecorded.extend(nodes.map(|&node| self.affected.locate(node)));
                }
            }
        }
    }

    fn conclude(&mut self, driven: &mut Driven<'_>, ended: EndedStep) {
        let EndedStep { step, failed, left, since, .. } = ended;
        let (phase, method) = (driven.phase, &driven.methods[step.kind]);
        let positions: Vec<usize> = failed.iter().map(|(position, _)| *position).collect();
        // A drifted instance gets no further step, not even in a forced run.
        for (position, _) in failed.iter().filter(|(_, error)| matches!(**error, CallError::Drifted(_))) {
            let node = step.nodes[*position];
            driven.scheduler.end_with_this_step(step.kind, node);
            self.drifted.insert(self.affected.locate(node));
        }
        let left_positions: Vec<usize> = left.iter().map(|(position, _)| *position).collect();
        let completion = driven.scheduler.conclude(&step, &positions, &left_positions);
        self.settings.observers.notify(|| Event::StepEnded {
            step: method.step_name(step.nodes.len()),
            failed: failed.len(),
            left: left.len(),
            ended: completion.ended,
            blocked: completion.blocked,
            elapsed: since.map_or(Duration::ZERO, |since| since.elapsed()),
        });
        for (position, error) in failed {
            let effect = method.name.to_owned();
            let failure = Failure { phase, effect, error };
            let node = step.nodes[position];
            let (resource_ix, index) = self.affected.locate(node);
            self.view.begun().note_started(resource_ix, index);
            if phase == Phase::Effect {
                let resource = &self.affected.graph.resources[method.method.resource];
                let effect = resource.effect_of(method.method.extension, method.method.index);
                let failed = self.failed_effects.entry(self.affected.locate(node)).or_default();
                *failed = failed.union(effect.map(EffectSet::of).unwrap_or_default());
            }
            self.failures.entry(node).or_insert(failure);
        }
        for (position, reason) in left {
            self.leave(step.nodes[position], reason);
        }
        driven.scheduler.reuse(step);
    }
}

/// Whether an earlier failure lets no step of a pass start.
fn is_stopped(policy: FailurePolicy, before: &[InitialState]) -> bool {
    policy == FailurePolicy::Stop && before.iter().any(|before| before.state == State::Failed)
}
