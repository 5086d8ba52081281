//! Runs a world in every order: depth first, each time from the start, or from the death of a process.

use std::collections::{BTreeSet, HashSet};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, Wake};
use std::time::Duration;

use cascade_core::{
    ApplyError, Cascade, Delete, Drift, FailurePolicy, JournalError, Plan, ResumeError, RootSet, RunId,
};
use futures::FutureExt;

use crate::choices::Choices;
use crate::journal::{Durable, HeldJournal};
use crate::judge::{Entry, Judge};
use crate::methods::{Methods, State};
use crate::now::Now;
use crate::world::World;

/// What may happen in one execution, beside all orders of answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Bound {
    /// Either the move or the arrival.
    OneChange,
    /// The move, the arrival and a death.
    All,
}

/// What an exploration has seen.
#[derive(Debug, Default)]
pub(crate) struct Explored {
    /// The points at which there was something to choose, and the different states after a death.
    pub(crate) states: usize,
    pub(crate) deaths: usize,
    pub(crate) executions: usize,
    /// The different ends.
    pub(crate) ends: BTreeSet<String>,
}

/// A state from which an execution starts.
#[derive(Clone)]
struct Start {
    now: Now,
    judge: Judge,
    durable: Durable,
    has_died: bool,
}

pub(crate) struct Explorer {
    methods: Methods,
    journal: HeldJournal,
    cascade: Cascade,
    plan: Plan,
    drift: Drift,
    bound: Bound,
    explored: Explored,
    /// The known states, by their hash.
    known: HashSet<u64>,
    /// Those that were not explored yet.
    open: Vec<Start>,
}

const RUN: &str = "run";

impl Explorer {
    pub(crate) fn new(world: World, drift: Drift, bound: Bound) -> Self {
        let methods = Methods::new(world.complete());
        let journal = HeldJournal::default();
        let cascade = methods.engine(&journal);
        let (world, explored) = (Arc::clone(&methods.world), Explored::default());
        methods.restart(Now::of(&world), Judge::default());
        let roots = world.roots.iter().fold(RootSet::<Delete>::new(), |all, roots| {
            all.and_named(roots.resource, roots.ids.iter().copied())
        });
        let plan = answer_all(&methods, cascade.plan_all(Delete, roots)).expect("there is a plan");
        methods.state().judge.has_planned();
        let (known, open) = (HashSet::new(), Vec::new());
        Self { methods, journal, cascade, plan, drift, bound, explored, known, open }
    }

    /// Explores everything.
    ///
    /// # Errors
    ///
    /// The first fault, with the execution that leads to it.
    pub(crate) fn explore(mut self) -> Result<Explored, String> {
        let judge = self.methods.state().judge.clone();
        let now = Now::of(&self.methods.world);
        self.open.push(Start { now, judge, durable: Durable::default(), has_died: false });
        while let Some(start) = self.open.pop() {
            let mut choices = Choices::default();
            loop {
                let end = self.execute(&start, &mut choices)?;
                if let Some(end) = end {
                    self.explored.executions += 1;
                    self.explored.ends.insert(end);
                }
                if !choices.next() {
                    break;
                }
            }
        }
        Ok(self.explored)
    }

    fn execute(&mut self, start: &Start, choices: &mut Choices) -> Result<Option<String>, String> {
        self.journal.restore(start.durable.clone());
        self.methods.restart(start.now.clone(), start.judge.clone());
        let observed = self.methods.clone();
        let end = if start.has_died {
            let resuming = self.cascade.resume(&RunId::from(RUN)).allow_cuts();
            let resuming = resuming.on_event(move |event| observed.observe(event));
            self.drive(resuming.into_future(), start, choices)?.map(|ended| self.resumed(ended))
        } else {
            let applying =
                self.cascade.apply(self.plan.clone()).policy(FailurePolicy::Isolate).drift(self.drift);
            let applying = applying.fresh_for(Duration::ZERO).allow_cuts().run_as(RunId::from(RUN));
            let applying = applying.on_event(move |event| observed.observe(event));
            self.drive(applying.into_future(), start, choices)?.map(|ended| self.applied(ended))
        };
        self.test()?;
        Ok(end)
    }

    fn applied(&self, ended: Result<cascade_core::Report, ApplyError>) -> String {
        let mut state = self.methods.state();
        let State { judge, now, .. } = &mut *state;
        match ended {
            Ok(report) => judge.reported(&self.methods.world, now, &report),
            Err(ApplyError::Drifted { .. } | ApplyError::Vetoed { .. }) => {
                if !judge.has_called_nothing() || !now.has_moved && !now.has_arrived {
                    judge.faults.push(String::from("the run is refused without a reason, or too late"));
                }
                String::from("refused")
            }
            Err(error) => {
                judge.faults.push(error.to_string());
                String::new()
            }
        }
    }

    fn resumed(&self, ended: Result<cascade_core::Report, ResumeError>) -> String {
        let mut state = self.methods.state();
        let State { judge, now, .. } = &mut *state;
        match ended {
            Ok(report) => judge.reported(&self.methods.world, now, &report),
            Err(ResumeError::NeverStarted { .. } | ResumeError::Journal(JournalError::UnknownRun { .. })) => {
                if !judge.has_called_nothing() {
                    judge.faults.push(String::from("a run that never started has called an effect"));
                }
                String::from("never started")
            }
            Err(ResumeError::HasEnded { .. }) => String::from("ended before the death"),
            Err(error) => {
                judge.faults.push(error.to_string());
                String::new()
            }
        }
    }

    fn test(&self) -> Result<(), String> {
        let state = self.methods.state();
        let Some(fault) = state.judge.faults.first() else { return Ok(()) };
        let trace: Vec<String> = state.judge.trace.iter().map(|entry| format!("    {entry:?}")).collect();
        Err(format!("{fault}\n  with {:?}, after\n{}", self.drift, trace.join("\n")))
    }

    /// Polls a run until it waits, answers a call, and repeats until the run ends.
    fn drive<T>(
        &mut self,
        run: impl Future<Output = T>,
        start: &Start,
        choices: &mut Choices,
    ) -> Result<Option<T>, String> {
        let mut run = pin!(run);
        loop {
            if let Poll::Ready(ended) = poll_until_quiet(run.as_mut()) {
                return Ok(Some(ended));
            }
            self.test()?;
            if choices.is_new() && !start.has_died && self.bound == Bound::All {
                self.note_deaths();
            }
            if !self.journal.pending().is_empty() {
                self.journal.flush();
                continue;
            }
            let mut state = self.methods.state();
            state.judge.recorded();
            if state.waiting.is_empty() {
                state.judge.faults.push(String::from("the run waits for nothing"));
                continue;
            }
            if choices.is_new() {
                if !self.known.insert(state_hash(&state, &self.journal)) {
                    return Ok(None);
                }
                self.explored.states += 1;
            }
            let options = options(&self.methods.world, &state, self.bound);
            let option = options[choices.choose(options.len())].clone();
            carry_out(&self.methods.world, &mut state, &option);
        }
    }

    /// Notes the states that the death of the process would leave behind.
    fn note_deaths(&mut self) {
        let pending = self.journal.pending();
        let state = self.methods.state();
        let steps: Vec<usize> = (0..state.waiting.len()).filter(|&at| may_act(&state, at)).collect();
        for acted in 0..1_usize << steps.len() {
            let mut now = state.now.clone();
            for (_, &at) in steps.iter().enumerate().filter(|(bit, _)| acted >> bit & 1 == 1) {
                now.act(&self.methods.world, &mut state.waiting[at].step.clone().expect("it is an effect"));
            }
            for written in 0..=pending.len() {
                let mut durable = self.journal.durable();
                pending[..written].iter().for_each(|records| durable.extend(records));
                let mut judge = state.judge.clone();
                judge.died(&self.methods.world);
                if self.known.insert(hash(&now, &judge, &durable)) {
                    self.explored.states += 1;
                    self.explored.deaths += 1;
                    self.open.push(Start { now: now.clone(), judge, durable, has_died: true });
                }
            }
        }
    }
}

/// A run is taken to be in the same state again if its records, the waiting calls, the answers of the last discovery and the world
/// are the same.
fn state_hash(state: &State, journal: &HeldJournal) -> u64 {
    let mut hasher = DefaultHasher::new();
    (&state.now, state.judge.state(), state.judge.view(), journal.digest()).hash(&mut hasher);
    let mut waiting: Vec<String> =
        state.waiting.iter().map(|it| format!("{:?} {:?}", it.step, it.finder)).collect();
    waiting.sort();
    waiting.hash(&mut hasher);
    hasher.finish()
}

fn hash(now: &Now, judge: &Judge, durable: &Durable) -> u64 {
    let mut hasher = DefaultHasher::new();
    (now, judge.state()).hash(&mut hasher);
    durable.digest().hash(&mut hasher);
    hasher.finish()
}

/// What may happen next: changes of the world, which only finders notice, and then the answer of a call.
#[derive(Clone, Debug)]
struct Choice {
    moves: bool,
    arrives: bool,
    /// Effects that act and do not answer yet.
    act: Vec<usize>,
    answer: usize,
}

fn options(world: &World, state: &State, bound: Bound) -> Vec<Choice> {
    let steps: Vec<usize> = (0..state.waiting.len()).filter(|&at| may_act(state, at)).collect();
    let has_changed = state.now.has_moved || state.now.has_arrived;
    let changes: Vec<(bool, bool)> = [(false, false), (true, false), (false, true), (true, true)]
        .into_iter()
        .filter(|&(moves, _)| !moves || state.now.may_move(world))
        .filter(|&(_, arrives)| !arrives || state.now.may_arrive(world))
        .filter(|&(moves, arrives)| {
            bound == Bound::All || !(moves && arrives || has_changed && (moves || arrives))
        })
        .collect();
    let mut options = Vec::new();
    for (answer, waiting) in state.waiting.iter().enumerate() {
        if waiting.step.is_some() {
            options.push(Choice { moves: false, arrives: false, act: Vec::new(), answer });
            continue;
        }
        for &(moves, arrives) in &changes {
            for acted in 0..1_usize << steps.len() {
                let act = steps.iter().enumerate().filter(|(bit, _)| acted >> bit & 1 == 1);
                options.push(Choice { moves, arrives, act: act.map(|(_, &at)| at).collect(), answer });
            }
        }
    }
    options
}

/// Whether a waiting call is an effect that has not acted yet.
fn may_act(state: &State, at: usize) -> bool {
    state.waiting[at].step.as_ref().is_some_and(|step| step.left.is_none())
}

fn carry_out(world: &World, state: &mut State, choice: &Choice) {
    let State { now, waiting, judge } = state;
    judge.trace.extend(choice.moves.then_some(Entry::Moved));
    judge.trace.extend(choice.arrives.then_some(Entry::Arrived));
    now.change(world, choice.moves, choice.arrives);
    for &at in &choice.act {
        let step = waiting[at].step.as_mut().expect("it is an effect");
        judge.trace.push(Entry::Acted(step.effect, step.ids.clone()));
        now.act(world, step);
    }
    let mut answered = waiting.remove(choice.answer);
    if let Some(step) = &mut answered.step {
        now.act(world, step);
    }
    let left = answered.step.and_then(|step| step.left).unwrap_or_default();
    // A dropped call no longer listens.
    let _ = answered.release.send(left);
}

struct Flag(AtomicBool);

impl Wake for Flag {
    fn wake(self: Arc<Self>) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// Polls until nothing can continue. The clock stands still.
fn poll_until_quiet<T>(mut future: std::pin::Pin<&mut impl Future<Output = T>>) -> Poll<T> {
    let flag = Arc::new(Flag(AtomicBool::new(true)));
    let waker = Arc::clone(&flag).into();
    while flag.0.swap(false, Ordering::Relaxed) {
        let polled = future.as_mut().poll(&mut Context::from_waker(&waker));
        if polled.is_ready() {
            return polled;
        }
    }
    Poll::Pending
}

/// Answers all finders in their order.
fn answer_all<T>(methods: &Methods, future: impl Future<Output = T>) -> T {
    let mut future = pin!(future.fuse());
    loop {
        if let Poll::Ready(ended) = poll_until_quiet(future.as_mut()) {
            return ended;
        }
        let waiting = methods.state().waiting.remove(0);
        let _ = waiting.release.send(Vec::new());
    }
}
