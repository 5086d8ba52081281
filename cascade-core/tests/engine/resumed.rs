//! Runs whose process dies and dies again, against the model: what is left of all their calls is one run, and the report
//! is what that run must say.

mod journal;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc as Shared;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use cascade_core::{
    ApplyError, CancellationToken, Cascade, Drift, FailurePolicy, JournalError, Phase, Plan, Record, Report,
    ResumeError, RunEnd, RunId, RunState, StepEnded,
};

use crate::model::drive::{self, RunSpec, compare_report, on_paused_clock, plan_as_expected};
use crate::model::reference::{Effect, Expected, Order, below};
use crate::model::script::{Answer, Entry, Script, cascade_with};
use crate::model::tape::Tape;
use crate::model::trace::{Fate, Judge, Judged, Terms};
use crate::model::world::{Instance, SMALL, World, worlds};
use crate::properties::{check, runs, tapes};

use journal::{Durable, LateJournal};

/// Deaths in one case, at most.
const DEATHS: usize = 5;

/// One case while it goes on.
struct Lives<'w> {
    world: &'w World,
    run: RunSpec,
    script: Script,
    journal: LateJournal,
    tape: Tape,
    token: CancellationToken,
    let_go: usize,
    deaths: usize,
    /// Where in the script's entries each process ended.
    ends: Vec<usize>,
}

/// How a case ended.
enum Outcome {
    Report(Box<Report>),
    /// The last process died when all was on record, and could not report.
    Recorded(RunEnd),
}

impl Lives<'_> {
    /// Lets a process go on until it ends; `None` if it dies before.
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
                assert!(idle < 10_000, "nothing waits for the test, and nothing goes on");
                // A wait for another try.
                if let Ok(ended) = tokio::time::timeout(Duration::from_mins(20), &mut future).await {
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
        if self.run.cancel_after == Some(self.let_go) {
            self.script.state().entries.push(Entry::Cancelled);
            self.token.cancel();
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
                    // Timeouts are looked at elsewhere, and take a thousand hours.
                    Some(Answer::Hang) => Answer::Fail { terminal: false },
                    Some(answer) => answer,
                };
            let _ = waiting.release.send(answer);
        }
    }

    /// What is left behind by a process that died.
    fn bury(&mut self) {
        self.deaths += 1;
        self.script.state().waiting.clear();
        self.ends.push(self.script.state().entries.len());
        // A cancellation that nobody wrote down is gone with the one who heard of it.
        self.token = CancellationToken::new();
    }

    fn engine(&self) -> Cascade {
        let world = Shared::new(self.world.clone());
        let built = cascade_with(&world, &self.script, &mut Tape::default(), |builder| {
            builder.journal(self.journal.clone())
        });
        built.expect("it was built before")
    }

    /// Applies the plan and goes on with the run until it has ended. `None` if it was rightly refused.
    async fn run(&mut self, cascade: &Cascade, plan: &Plan) -> Option<(Outcome, RunId)> {
        loop {
            let RunSpec { policy, forced, drift, .. } = self.run;
            let applying = cascade.apply(plan.clone()).policy(policy).forced(forced).drift(drift);
            let applying = applying.cancelled_by(self.token.clone());
            let run = applying.run_id().clone();
            match self.live(applying.into_future()).await {
                Some(Ok(report)) => return Some((Outcome::Report(Box::new(report)), run)),
                Some(Err(ApplyError::Vetoed { vetoes })) => {
                    assert!(!forced && vetoes == plan.vetoes());
                    return None;
                }
                Some(Err(error)) => panic!("{error}"),
                None => self.bury(),
            }
            if let Some(outcome) = self.go_on(&run).await {
                return Some((outcome, run));
            }
        }
    }

    /// `None` if the run never began: then nothing had been done.
    async fn go_on(&mut self, run: &RunId) -> Option<Outcome> {
        loop {
            let asked = self.script.state().finder_calls.len();
            let resuming = self.engine().resume(run).cancelled_by(self.token.clone());
            match self.live(resuming.into_future()).await {
                Some(Ok(report)) => return Some(Outcome::Report(Box::new(report))),
                // It died while its plan was written, or before the run was there at all.
                Some(Err(
                    ResumeError::NeverStarted { .. } | ResumeError::Journal(JournalError::UnknownRun { .. }),
                )) => return None,
                Some(Err(ResumeError::HasEnded { .. })) => {
                    let end =
                        self.journal.durable().into_iter().rev().find_map(|durable| match durable.record {
                            Record::Ended(end) => Some(end),
                            _ => None,
                        });
                    // One that never began has an end too, once that was said.
                    let began =
                        self.journal.durable().iter().any(|it| matches!(it.record, Record::Started(_)));
                    return began.then(|| Outcome::Recorded(end.expect("it has ended")));
                }
                Some(Err(error)) => panic!("{error}"),
                None => self.bury(),
            }
            let looks = self.run.drift != Drift::Ignore;
            assert!(looks || self.script.state().finder_calls.len() == asked, "a finder was asked again");
        }
    }
}

/// A step that is on record as ended: what it was called on, and how that went.
struct OnRecord {
    durable: Durable,
    phase: Phase,
    method: Effect,
    resource: usize,
    done: BTreeSet<u32>,
    failed: BTreeSet<u32>,
}

impl OnRecord {
    fn instances(&self) -> BTreeSet<u32> {
        &self.done | &self.failed
    }
}

/// The steps on record, with the numbers that the world's instances have.
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
                });
            }
            _ => {}
        }
    }
    steps
}

/// The method of that name: with the name of its extension where two have it.
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

/// The calls of steps that are on record: all tries of a step, or none.
fn kept_calls(entries: &[Entry], ends: &[usize], steps: &[OnRecord]) -> BTreeSet<usize> {
    let mut kept = BTreeSet::new();
    for step in steps {
        let life = step.durable.life;
        let begin = if life == 0 { 0 } else { ends[life - 1] };
        let end = ends.get(life).copied().unwrap_or(entries.len());
        let mut open = step.instances();
        let mut attempt = 1;
        // Of equal calls, the first that is not another step's.
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

/// What is left of all lives: as if one process had made it without a break.
fn effective(entries: &[Entry], kept: &BTreeSet<usize>, cancelled: bool) -> Vec<Entry> {
    let is_kept = |entry: &&Entry| match entry {
        Entry::Started(number, _) | Entry::Ended(number, _) => kept.contains(number),
        Entry::Cancelled => cancelled,
        // What waits for its record holds others back; and the world stands still.
        Entry::Quiet | Entry::Found(..) | Entry::Grown => false,
    };
    entries.iter().filter(is_kept).cloned().collect()
}

/// Nothing starts before what it waits for is on record, and nothing that is on record starts again.
fn check_waits(
    expected: &Expected,
    order: &Order,
    policy: FailurePolicy,
    entries: &[Entry],
    (world, steps): (&World, &[OnRecord]),
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
                "{call:?} again, though that had ended: {:?}",
                again.map(|it| &it.durable)
            );
            if call.phase != Phase::Effect {
                continue;
            }
            let instance: Instance = (world.extensions[call.extension].resource, id);
            for child in below(&order.effects, instance) {
                for &method in &expected.instances[&child].effects {
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
    let found = [end.done, end.failed, end.blocked, end.not_started];
    assert_eq!(found, [Fate::Done, Fate::Failed, Fate::Blocked, Fate::NotStarted].map(count));
}

/// Answers how often the process died.
fn die_and_go_on(world: &World, run: &RunSpec, tape: Vec<u16>) -> usize {
    let mut tape = Tape::new(tape);
    let Some((script, _)) = drive::engine(world, &mut tape) else { return 0 };
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
            ends: Vec::new(),
        };
        let cascade = lives.engine();
        let Some((plan, expected, order)) = plan_as_expected(world, &cascade, &script, &mut lives.tape).await
        else {
            return 0;
        };
        script.state().entries.clear();
        let Some((outcome, run_id)) = lives.run(&cascade, &plan).await else { return lives.deaths };

        let entries = script.state().entries.clone();
        let durable = journal.durable();
        let steps = on_record(world, &durable);
        let kept = kept_calls(&entries, &lives.ends, &steps);
        check_waits(&expected, &order, run.policy, &entries, (world, &steps));
        let cancelled = durable.iter().any(|it| matches!(it.record, Record::Cancelled));
        // The world stands still: what looks again finds nothing new.
        let terms = Terms {
            policy: run.policy,
            drift: Drift::Ignore,
            drifted: BTreeSet::new(),
            not_begun: BTreeSet::new(),
        };
        let judge = Judge::new(world, &expected, &order, terms);
        let judged = judge.judge(&effective(&entries, &kept, cancelled));
        match outcome {
            Outcome::Report(report) => {
                compare_report(world, &judged, &report);
                assert_eq!(report.summary().overridden, plan.vetoes());
                assert_eq!(report.is_cancelled(), cancelled);
            }
            Outcome::Recorded(end) => compare_end(&judged, end),
        }
        let info = cascade_core::Journal::run(&journal, &run_id).await.expect("it is in the journal");
        let all_done = judged.not_cleaned_up == 0 && judged.fates.values().all(|fate| *fate == Fate::Done);
        assert_eq!(info.state == RunState::Complete, all_done, "{info:?}");
        lives.deaths
    })
}

#[test]
fn runs_that_die_and_go_on_are_those_of_the_model() {
    let deaths = AtomicUsize::new(0);
    check(&(worlds(SMALL), runs(), tapes(500)), 1000, |(world, run, tape)| {
        let died = die_and_go_on(&world, &run, tape);
        deaths.fetch_add(died, Ordering::Relaxed);
    });
    eprintln!("{} deaths", deaths.into_inner());
}
