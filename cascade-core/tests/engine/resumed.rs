//! Runs whose process dies several times, compared with the model: the calls of all processes together form one run,
//! and the report matches it.

mod journal;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc as Shared, Mutex};
use std::time::Duration;

use cascade_core::{
    ApplyError, CancellationToken, Cascade, Drift, Event, FailurePolicy, JournalError, Phase, Plan, Record,
    Report, ResumeError, RunEnd, RunId, RunState, StepEnded,
};
use proptest::prelude::*;

use crate::model::drive::{
    self, AtStart, Planned, RunSpec, assert_refused, compare_report, cuts_to_allow, on_paused_clock,
    plan_as_expected, plan_at_start,
};
use crate::model::reference::{Effect, Expected, Order, Part, waited_for};
use crate::model::script::{Answer, Entry, Script, cascade_with};
use crate::model::tape::Tape;
use crate::model::trace::{Fate, Judge, Judged, Terms};
use crate::model::world::{Instance, SMALL, World, drifting_worlds, moving_worlds, worlds};
use crate::properties::{check, fresh_for, runs, tapes};

use journal::{Durable, LateJournal};

/// The maximum number of deaths in one case.
const DEATHS: usize = 5;

/// One case in progress.
struct Lives<'w> {
    world: &'w World,
    run: RunSpec,
    script: Script,
    journal: LateJournal,
    tape: Tape,
    token: CancellationToken,
    let_go: usize,
    deaths: usize,
    /// Whether the run was cancelled in this or an earlier process.
    was_cancelled: bool,
    /// The number of script entries when the plan was applied; `None` while the run is resumed.
    applied_at: Option<usize>,
    /// For each process that died, its number of script entries.
    ends: Vec<usize>,
    /// The world and the plan when the run started, if the engine discovered again then.
    at_start: Option<AtStart>,
}

/// How a case ended.
enum Outcome {
    Report(Box<Report>),
    /// The last process died after its final record, before it could report.
    Recorded(RunEnd),
}

impl Lives<'_> {
    /// Advances a process until it ends; `None` if it dies before.
    async fn live<T>(&mut self, future: impl Future<Output = T>) -> Option<T> {
        let mut future = std::pin::pin!(future);
        let mut idle = 0;
        loop {
            if let Ok(ended) = tokio::time::timeout(Duration::from_millis(1), &mut future).await {
                return Some(ended);
            }
            if self.deaths < DEATHS && self.tape.below(6) == 5 {
                let written = self.tape.below(self.journal.pending() + 1);
                self.journal.die(written);
                return None;
            }
            let (waiting, pending) = (self.script.state().waiting.len(), self.journal.pending());
            if waiting + pending == 0 {
                idle += 1;
                assert!(idle < 10_000, "no call waits for the test, and the engine makes no progress");
                // The run waits for a retry.
                if let Ok(ended) = tokio::time::timeout(Duration::from_secs(20 * 60), &mut future).await {
                    return Some(ended);
                }
            } else if pending > 0 && (waiting == 0 || self.tape.below(2) == 0) {
                let count = 1 + self.tape.below(pending);
                self.journal.flush(count);
            } else {
                self.let_go();
            }
        }
    }

    fn let_go(&mut self) {
        if self.run.cancel_after.is_some_and(|after| self.let_go >= after)
            && !self.was_cancelled
            && self.has_begun()
        {
            self.script.state().entries.push(Entry::Cancelled);
            self.token.cancel();
            self.was_cancelled = true;
        }
        self.let_go += 1;
        for _ in 0..=self.tape.below(3) {
            let count = self.script.state().waiting.len();
            if count == 0 {
                return;
            }
            let waiting = self.script.state().waiting.remove(self.tape.below(count));
            let answer =
                match waiting.call.map(|(_, call)| drive::answer(&mut self.tape, &call, self.run.trouble)) {
                    None => Answer::Well,
                    // Other tests cover timeouts; here one takes a thousand hours.
                    Some(Answer::Hang) => Answer::Fail { terminal: false },
                    Some(answer) => answer,
                };
            let _ = waiting.release.send(answer);
        }
    }

    /// Cleans up after a process that died.
    fn bury(&mut self) {
        self.deaths += 1;
        self.script.state().waiting.clear();
        let mut state = self.script.state();
        self.ends.push(state.entries.len());
        state.entries.push(Entry::Died);
        drop(state);
        // A cancellation that was not recorded is lost with the process.
        self.token = CancellationToken::new();
    }

    fn engine(&self) -> Cascade {
        let world = Shared::new(self.world.clone());
        let built = cascade_with(&world, &self.script, &mut Tape::default(), |builder| {
            builder.journal(self.journal.clone())
        });
        built.expect("it was built before")
    }

    /// Plans in the world of now: a run that does not ignore drift runs this plan, unless it is refused.
    async fn plan_now(&mut self, cascade: &Cascade, plan: &Plan, expected: &Expected) {
        self.script.state().checked.clear();
        let entries = self.script.state().entries.len();
        let (now, drift, cuts) = (self.script.now(), self.run.drift, cuts_to_allow(plan));
        let at_start =
            plan_at_start(drift, now, expected, &cuts, cascade, &self.script, &mut self.tape).await;
        self.script.state().entries.truncate(entries);
        self.at_start = at_start;
    }

    /// Whether the run has compared its plan with the world, if it does. If it is cancelled meanwhile, either the
    /// comparison or the cancellation may win; other tests cover that.
    fn has_begun(&self) -> bool {
        let state = self.script.state();
        self.applied_at.is_none_or(|first| state.entries[first..].iter().any(|it| matches!(it, Entry::Begun)))
    }

    /// Applies the plan and resumes the run until it has ended. `None` if the model also expects a veto or a refusal.
    async fn run(&mut self, cascade: &Cascade, plan: &Plan, expected: &Expected) -> Option<(Outcome, RunId)> {
        loop {
            let RunSpec { policy, forced, drift, fresh_for, .. } = self.run;
            self.plan_now(cascade, plan, expected).await;
            self.applied_at = Some(self.script.state().entries.len());
            let observed = self.script.clone();
            let applying = cascade
                .apply(plan.clone())
                .policy(policy)
                .forced(forced)
                .drift(drift)
                .fresh_for(fresh_for)
                .allow_cuts();
            let applying = applying.cancelled_by(self.token.clone()).on_event(move |event| {
                // The records tell when the plan changed.
                if !matches!(event, Event::Chased { .. } | Event::Departed { .. }) {
                    observed.observe(event);
                }
            });
            let run = applying.run_id().clone();
            let ended = self.live(applying.into_future()).await;
            self.applied_at = None;
            let vetoes_now =
                self.at_start.as_ref().map_or(plan.vetoes(), |now| now.planned.plan.vetoes()).to_vec();
            match ended {
                Some(Ok(report)) => return Some((Outcome::Report(Box::new(report)), run)),
                Some(Err(ApplyError::Vetoed { vetoes })) => {
                    assert!(!forced && vetoes == vetoes_now);
                    return None;
                }
                Some(refused @ Err(ApplyError::Drifted { .. })) => {
                    let growth = self.at_start.as_ref().and_then(|now| now.refused.as_ref());
                    assert_refused(self.world, &refused, &[], growth.expect("the plan has not changed"));
                    return None;
                }
                Some(Err(error)) => panic!("{error}"),
                None => self.bury(),
            }
            if let Some(outcome) = self.resume(&run).await {
                return Some((outcome, run));
            }
        }
    }

    /// `None` if the run never began; then it has changed nothing.
    async fn resume(&mut self, run: &RunId) -> Option<Outcome> {
        loop {
            let asked = self.script.state().finder_calls.len();
            let observed = self.script.clone();
            let resuming =
                self.engine().resume(run).cancelled_by(self.token.clone()).on_event(move |event| {
                    if matches!(event, Event::RefreshStarted | Event::RefreshEnded { .. }) {
                        observed.observe(event);
                    }
                });
            match self.live(resuming.into_future()).await {
                Some(Ok(report)) => return Some(Outcome::Report(Box::new(report))),
                // The process died while it wrote the plan, or before the run existed.
                Some(Err(
                    ResumeError::NeverStarted { .. } | ResumeError::Journal(JournalError::UnknownRun { .. }),
                )) => return None,
                Some(Err(ResumeError::HasEnded { .. })) => {
                    let end =
                        self.journal.durable().into_iter().rev().find_map(|durable| match durable.record {
                            Record::Ended(end) => Some(end),
                            _ => None,
                        });
                    // A run that never began has an end too, after it was reported.
                    let began =
                        self.journal.durable().iter().any(|it| matches!(it.record, Record::Started(_)));
                    return began.then(|| Outcome::Recorded(end.expect("it has ended")));
                }
                Some(Err(error)) => panic!("{error}"),
                None => self.bury(),
            }
            let rediscovers = self.run.drift != Drift::Ignore;
            assert!(
                rediscovers || self.script.state().finder_calls.len() == asked,
                "a finder was asked again"
            );
        }
    }
}

/// A recorded end of a step: its instances and their results.
struct OnRecord {
    durable: Durable,
    phase: Phase,
    method: Effect,
    resource: usize,
    done: BTreeSet<u32>,
    failed: BTreeSet<u32>,
    /// The instances that the effect left.
    left: BTreeSet<u32>,
    /// The failed instances that were not attempted because of drift.
    drifted: BTreeSet<u32>,
}

impl OnRecord {
    fn instances(&self) -> BTreeSet<u32> {
        &(&self.done | &self.failed) | &self.left
    }

    /// These instances, with their resource.
    fn of(&self, numbers: &BTreeSet<u32>) -> impl Iterator<Item = Instance> {
        numbers.iter().map(|&number| (self.resource, number))
    }
}

/// The recorded steps, with the instance numbers of the world.
fn on_record(world: &World, durable: &[Durable]) -> Vec<OnRecord> {
    let mut ids: BTreeMap<(String, u32), u32> = BTreeMap::new();
    let mut steps = Vec::new();
    for one in durable {
        match &one.record {
            Record::Instances(chunk) => {
                for (number, id) in (chunk.first..).zip(&chunk.ids) {
                    let text = id.as_str().map_or_else(|| id.to_string(), |id| id[1..].to_owned());
                    ids.insert((chunk.resource.clone(), number), text.parse().expect("a number"));
                }
            }
            Record::StepEnded(step) => {
                let resource = world.resources.iter().position(|it| it.name == step.resource).expect("there");
                let known = |number: u32| ids[&(step.resource.clone(), number)];
                steps.push(OnRecord {
                    durable: one.clone(),
                    phase: step.phase,
                    method: method(world, resource, step),
                    resource,
                    done: step.done.iter().map(|&number| known(number)).collect(),
                    failed: step.failed.iter().map(|failed| known(failed.instance)).collect(),
                    left: step.left.iter().map(|left| known(left.instance)).collect(),
                    drifted: step
                        .failed
                        .iter()
                        .filter(|failed| failed.drifted)
                        .map(|failed| known(failed.instance))
                        .collect(),
                });
            }
            _ => {}
        }
    }
    steps
}

/// The method with that name, or with the name of its extension and its own where two methods share one.
fn method(world: &World, resource: usize, step: &StepEnded) -> Effect {
    let mut found = world.extensions_of(resource).flat_map(|extension| {
        let spec = &world.extensions[extension];
        let names: Vec<(usize, &str)> = match step.phase {
            Phase::Begin => spec.begin.then_some((0, "mark")).into_iter().collect(),
            Phase::Cleanup => spec.cleanup.then_some((0, "purge")).into_iter().collect(),
            _ => spec.effects.iter().enumerate().map(|(at, effect)| (at, effect.name.as_str())).collect(),
        };
        let is_it = |name: &str| step.effect == name || step.effect == format!("X{extension}::{name}");
        let mentioned = step.phase == Phase::Effect || world.mentions(extension, world.operation);
        names
            .into_iter()
            .filter(move |(_, name)| mentioned && is_it(name))
            .map(move |(at, _)| (extension, at))
            .collect::<Vec<_>>()
    });
    let first = found.next().expect("a method of that name");
    assert_eq!(found.next(), None, "two methods are called {}", step.effect);
    first
}

/// The calls of recorded steps: all attempts of a step, or none.
fn kept_calls(entries: &[Entry], ends: &[usize], steps: &[OnRecord]) -> BTreeSet<usize> {
    let mut kept = BTreeSet::new();
    for step in steps {
        let life = step.durable.life;
        let begin = if life == 0 { 0 } else { ends[life - 1] };
        let end = ends.get(life).copied().unwrap_or(entries.len());
        let mut open = &step.instances() - &step.drifted;
        if open.is_empty() {
            continue;
        }
        let mut attempt = 1;
        // Of several equal calls, the first that belongs to no other step.
        for entry in &entries[begin..end] {
            let Entry::Started(number, call) = entry else { continue };
            let instances: BTreeSet<u32> = call.instances.iter().copied().collect();
            let is_it = (call.phase, (call.extension, call.effect)) == (step.phase, step.method)
                && call.attempt == attempt
                && if attempt == 1 { instances == open } else { instances.is_subset(&open) };
            if is_it && kept.insert(*number) {
                open = instances;
                attempt += 1;
            }
        }
        assert!(attempt > 1, "a step on record that was never called: {:?}", step.durable);
    }
    kept
}

/// When the plan grew, according to the records. Answers that only a dead process heard do not count.
fn growths(durable: &[Durable]) -> BTreeSet<usize> {
    let begun = durable.iter().skip_while(|it| !matches!(it.record, Record::Started(_)));
    let departures = departures(durable);
    let grown = begun.filter(|it| matches!(it.record, Record::Instances(_) | Record::Pairs(_)));
    grown.map(|it| it.at).filter(|at| !departures.contains(at)).collect()
}

/// When instances departed, according to the records.
fn departures(durable: &[Durable]) -> BTreeSet<usize> {
    let departed = durable.iter().filter(|it| matches!(it.record, Record::Departed(_) | Record::Lost(_)));
    departed.map(|it| it.at).collect()
}

/// What the records say beside the ends of steps, each with its place in the trace.
struct Noted {
    growths: BTreeSet<usize>,
    departures: BTreeSet<usize>,
    /// The instances that failed because of drift.
    drifted: BTreeMap<usize, BTreeSet<Instance>>,
}

impl Noted {
    fn of(durable: &[Durable], steps: &[OnRecord]) -> Self {
        let mut drifted: BTreeMap<usize, BTreeSet<Instance>> = BTreeMap::new();
        for step in steps.iter().filter(|step| !step.drifted.is_empty()) {
            drifted.entry(step.durable.at).or_default().extend(step.of(&step.drifted));
        }
        Self { growths: growths(durable), departures: departures(durable), drifted }
    }
}

/// The trace of all processes, as if one process had made it without interruption, without the unrecorded calls.
fn effective(
    entries: &[Entry],
    kept: &BTreeSet<usize>,
    noted: &Noted,
    started: usize,
    cancelled: bool,
) -> Vec<Entry> {
    let is_kept = |entry: &Entry| match entry {
        Entry::Started(number, _) | Entry::Ended(number, _) => kept.contains(number),
        Entry::Cancelled => cancelled,
        Entry::Found(..) | Entry::Died | Entry::Refreshing | Entry::Refreshed => true,
        // An unrecorded call delays others.
        Entry::Quiet | Entry::Begun => false,
        Entry::Grown | Entry::Departed | Entry::Unrecorded(_) | Entry::Drifted(_) => {
            unreachable!("{entry:?} is not of the script")
        }
    };
    let mut left = Vec::new();
    for at in 0..=entries.len() {
        left.extend(noted.drifted.get(&at).cloned().map(Entry::Drifted));
        left.extend(noted.growths.contains(&at).then_some(Entry::Grown));
        left.extend(noted.departures.contains(&at).then_some(Entry::Departed));
        match entries.get(at) {
            Some(Entry::Started(number, call)) if !kept.contains(number) => {
                left.push(Entry::Unrecorded(call.clone()));
            }
            // The discovery before the run, and a process that died before the run existed.
            Some(Entry::Died | Entry::Found(..)) if at < started => {}
            entry => left.extend(entry.filter(|entry| is_kept(entry)).cloned()),
        }
    }
    left
}

/// No step starts before everything that it waits for is recorded, and no recorded step starts again. Without an
/// order, this checks only the latter: where the plan grew, the judge checks the order.
fn check_waits(
    expected: &Expected,
    order: Option<&Order>,
    policy: FailurePolicy,
    entries: &[Entry],
    world: &World,
    steps: &[OnRecord],
) {
    for (at, entry) in entries.iter().enumerate() {
        let Entry::Started(_, call) = entry else { continue };
        let before = || steps.iter().filter(|step| step.durable.at <= at);
        for &id in &call.instances {
            let again = before().find(|step| {
                (step.phase, step.method) == (call.phase, (call.extension, call.effect))
                    && step.instances().contains(&id)
            });
            assert!(
                again.is_none(),
                "{call:?} is repeated, but had ended: {:?}",
                again.map(|it| &it.durable)
            );
            let Some(order) = order.filter(|_| call.phase == Phase::Effect) else { continue };
            let instance: Instance = (world.extensions[call.extension].resource, id);
            // The parent waits for every effect of the child, or only for the early ones.
            let early = expected.instances[&instance].effects[..expected.instances[&instance].early]
                .contains(&(call.extension, call.effect));
            let part = if early { Part::Early } else { Part::Rest };
            for (child, part) in waited_for(&order.effects, (instance, part)) {
                // A forced run continues above drifted instances, but not with further steps on them.
                let is_child = |step: &&OnRecord| step.phase == Phase::Effect && step.resource == child.0;
                let mut drifted = before().filter(is_child).filter(|step| step.drifted.contains(&child.1));
                if policy == FailurePolicy::Force && drifted.next().is_some() {
                    continue;
                }
                let fate = &expected.instances[&child];
                let first = if part == Part::Early { fate.early } else { fate.effects.len() };
                let is_left = |step: &&OnRecord| is_child(step) && step.left.contains(&child.1);
                if before().any(|step| is_left(&step)) {
                    continue;
                }
                for &method in &fate.effects[..first] {
                    let on_record = before().any(|step| {
                        let well = step.done.contains(&child.1)
                            || policy == FailurePolicy::Force && step.failed.contains(&child.1);
                        step.phase == Phase::Effect
                            && step.method == method
                            && step.resource == child.0
                            && well
                    });
                    assert!(on_record, "{call:?} before {method:?} on {child:?} is on record");
                }
            }
        }
    }
}

fn compare_end(judged: &Judged, end: RunEnd) {
    let count = |fate| judged.fates.values().filter(|it| **it == fate).count() as u64;
    let found = [end.done, end.failed, end.blocked, end.not_started, end.left];
    assert_eq!(found, [Fate::Done, Fate::Failed, Fate::Blocked, Fate::NotStarted, Fate::Left].map(count));
    assert_eq!(end.complete, judged.is_complete());
}

/// The events of the runs of a property.
#[derive(Debug, Default)]
struct Coverage {
    deaths: usize,
    /// How often a plan grew.
    growths: usize,
    /// How often instances departed.
    departures: usize,
    /// How often a plan grew in a run with several processes.
    growths_and_deaths: usize,
    /// Steps that were refused because of drift.
    drifted: usize,
}

fn die_and_resume(world: &World, run: &RunSpec, tape: Vec<u16>) -> Coverage {
    let mut tape = Tape::new(tape);
    let Some((script, _)) = drive::engine(world, &mut tape) else { return Coverage::default() };
    on_paused_clock(async {
        let journal = LateJournal::new(&script);
        let mut lives = Lives {
            world,
            run: run.clone(),
            script: script.clone(),
            journal: journal.clone(),
            tape,
            token: CancellationToken::new(),
            let_go: 0,
            deaths: 0,
            was_cancelled: false,
            applied_at: None,
            ends: Vec::new(),
            at_start: None,
        };
        let cascade = lives.engine();
        let Some(Planned { plan, expected, order }) =
            plan_as_expected(world, &cascade, &script, &mut lives.tape).await
        else {
            return Coverage::default();
        };
        script.state().entries.clear();
        script.state().moving = true;
        let Some((outcome, run_id)) = lives.run(&cascade, &plan, &expected).await else {
            return Coverage { deaths: lives.deaths, ..Coverage::default() };
        };

        let (now, Planned { plan, expected, order }) = match lives.at_start.take() {
            Some(AtStart { world, planned, refused }) => {
                assert!(refused.is_none(), "{refused:?}, but the run began");
                (world, planned)
            }
            None => (world.clone(), Planned { plan, expected, order }),
        };
        let world = &now;
        let entries = script.state().entries.clone();
        let durable = journal.durable();
        let steps = on_record(world, &durable);
        let kept = kept_calls(&entries, &lives.ends, &steps);
        let noted = Noted::of(&durable, &steps);
        let Noted { growths, departures, .. } = &noted;
        let unchanged = (growths.is_empty() && departures.is_empty()).then_some(&order);
        check_waits(&expected, unchanged, run.policy, &entries, world, &steps);
        let started = durable.iter().find(|it| matches!(it.record, Record::Started(_))).map_or(0, |it| it.at);
        let cancelled = durable.iter().any(|it| matches!(it.record, Record::Cancelled));
        let drifted: BTreeSet<Instance> = steps.iter().flat_map(|step| step.of(&step.drifted)).collect();
        let forces = run.policy == FailurePolicy::Force;
        let begins = steps.iter().filter(|step| forces && step.phase == Phase::Begin);
        let not_begun = begins.flat_map(|step| step.of(&step.failed)).collect();
        let coverage = Coverage {
            deaths: lives.deaths,
            growths: growths.len(),
            departures: departures.len(),
            growths_and_deaths: if lives.deaths > 0 { growths.len() } else { 0 },
            drifted: drifted.len(),
        };
        // The steps that died have refreshed, too.
        let terms = Terms { refreshes_always: false, ..run.terms(drifted, not_begun) };
        let judge = Judge::new(world, &expected, &order, terms);
        let judged = judge.judge(&effective(&entries, &kept, &noted, started, cancelled));
        match outcome {
            Outcome::Report(report) => {
                compare_report(world, &judged, &report);
                assert_eq!(report.summary().overridden, plan.vetoes());
                assert_eq!(report.is_cancelled(), cancelled);
            }
            Outcome::Recorded(end) => compare_end(&judged, end),
        }
        let info = cascade_core::Journal::run(&journal, &run_id).await.expect("the run is in the journal");
        assert_eq!(info.state == RunState::Complete, judged.is_complete(), "{info:?}");
        coverage
    })
}

/// Runs all cases and adds up their events.
fn check_interrupted(cases: u32, picked: &impl Strategy<Value = (World, RunSpec)>) -> Coverage {
    let sum = Mutex::new(Coverage::default());
    check(&(picked, tapes(500)), cases, |((world, run), tape)| {
        let coverage = die_and_resume(&world, &run, tape);
        let mut sum = sum.lock().expect("no thread panics while it holds the lock");
        sum.deaths += coverage.deaths;
        sum.growths += coverage.growths;
        sum.departures += coverage.departures;
        sum.growths_and_deaths += coverage.growths_and_deaths;
        sum.drifted += coverage.drifted;
    });
    let sum = sum.into_inner().expect("no thread panics while it holds the lock");
    eprintln!("{sum:?}");
    sum
}

#[test]
fn interrupted_runs_match_the_model() {
    let coverage = check_interrupted(1000, &(worlds(SMALL), runs()));
    assert!(coverage.deaths > 0 && coverage.growths + coverage.departures == 0, "the world does not change");
}

/// The world changes between the plan and the run.
#[test]
fn interrupted_runs_whose_world_changed_since_the_plan_match_the_model() {
    let drift = prop_oneof![3 => Just(Drift::Refuse), 1 => Just(Drift::Exact), 3 => Just(Drift::Follow)];
    let run = (runs(), drift).prop_map(|(run, drift)| RunSpec { drift, ..run });
    let coverage = check_interrupted(500, &(drifting_worlds(SMALL), run));
    assert!(coverage.deaths > 0, "no process died: {coverage:?}");
}

/// The world changes before a death, at it, and after it: with each call that ends or is dropped, and with each death.
#[test]
fn interrupted_runs_in_a_changing_world_match_the_model() {
    let drift = prop_oneof![1 => Just(Drift::Ignore), 2 => Just(Drift::Refuse), 1 => Just(Drift::Exact), 4 => Just(Drift::Follow)];
    let run = (runs(), drift, fresh_for()).prop_map(|(run, drift, fresh_for)| RunSpec {
        drift,
        fresh_for,
        trouble: run.trouble / 2,
        ..run
    });
    let coverage = check_interrupted(1000, &(moving_worlds(SMALL), run));
    let all = [coverage.growths_and_deaths, coverage.drifted, coverage.departures];
    assert!(all.iter().all(|&count| count > 0), "no case covers drift: {coverage:?}");
}
