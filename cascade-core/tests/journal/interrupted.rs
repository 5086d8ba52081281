//! A dropped run looks like a dead process to its journal: finished steps stay finished.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use cascade_core::{
    ApplyError, Cascade, Delete, Drift, FailurePolicy, MemoryJournal, Report, ResumeError, RunId, RunState,
    Verdict,
};

use crate::site::Site;

/// A generator of moments: equal seeds give equal deaths.
struct Dice(u64);

impl Dice {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % bound
    }
}

async fn start(
    cascade: &Cascade,
    policy: FailurePolicy,
) -> (RunId, impl Future<Output = Result<Report, ApplyError>> + use<>) {
    let plan = cascade.plan_named(Delete, "Room", ["room"]).await.expect("finders answer");
    let apply = cascade.apply(plan).policy(policy).drift(Drift::Ignore).confirmed_by("the test");
    (apply.run_id().clone(), apply.into_future())
}

/// Runs the deletion, drops it several times, and resumes. Returns the report and the number of deaths.
async fn run_and_kill(
    site: &Site,
    journal: &MemoryJournal,
    dice: &mut Dice,
    policy: FailurePolicy,
) -> (Report, u32) {
    // Every process builds its own engine.
    let engine = || site.builder().journal(journal.clone()).build().expect("the graph has no faults");
    let (run, applying) = start(&engine(), policy).await;
    let mut deaths = 0;
    let life = Duration::from_millis(dice.below(60));
    if let Ok(report) = tokio::time::timeout(life, applying).await {
        return (report.expect("the plan can be applied"), deaths);
    }
    let asked = site.tables().finder_calls;
    loop {
        deaths += 1;
        let life = Duration::from_millis(1 + dice.below(40));
        if let Ok(report) = tokio::time::timeout(life, engine().resume(&run).into_future()).await {
            assert_eq!(site.tables().finder_calls, asked, "no finder is asked again");
            return (report.expect("the run can be resumed"), deaths);
        }
        assert!(deaths < 1000, "the run makes no progress");
    }
}

#[tokio::test(start_paused = true)]
async fn a_killed_run_resumes_at_its_last_record() {
    let mut all_deaths = 0;
    for seed in 0..100 {
        let (site, journal) = (Site::new(3, 7), MemoryJournal::new());
        let (report, deaths) = run_and_kill(&site, &journal, &mut Dice(seed), FailurePolicy::Stop).await;
        all_deaths += deaths;
        assert!(report.is_complete(), "{report}");
        assert!(site.tables().there.is_empty());
        let info =
            cascade_core::Journal::run(&journal, report.run_id()).await.expect("the run is in the journal");
        assert_eq!((info.state, info.ended, info.failed), (RunState::Complete, 25, 0));
        assert_eq!(info.confirmed_by.as_deref(), Some("the test"));
        assert_eq!(info.takeovers, u64::from(deaths));
        check_calls(&site, deaths);
    }
    assert!(all_deaths > 250, "{all_deaths}");
}

/// No ended call is repeated. A repeated call knows that it may be a repeat, and has the same key.
fn check_calls(site: &Site, deaths: u32) {
    let tables = site.tables();
    let mut keys: BTreeMap<(&str, &str), &str> = BTreeMap::new();
    for (effect, id, key, repeat) in &tables.begun {
        match keys.insert((effect, id), key) {
            Some(before) => {
                assert_eq!(before, key, "{effect} {id}: the key is the same each time");
                assert!(repeat, "{effect} {id} was begun before, and must know it");
            }
            None => assert!(!repeat || deaths > 0, "{effect} {id} is no repeat in an undisturbed run"),
        }
    }
    assert_eq!(keys.values().collect::<BTreeSet<_>>().len(), keys.len(), "no two have the same key");
    let mut ended = BTreeSet::new();
    for (effect, id, ..) in &tables.ended {
        assert!(ended.insert((effect, id)), "{effect} {id} had ended, and ran again");
    }
    assert_eq!(ended.len(), 75, "25 instances are closed, removed and swept");
}

#[tokio::test(start_paused = true)]
async fn a_failure_before_the_death_is_reported_after_resume() {
    for policy in [FailurePolicy::Stop, FailurePolicy::Isolate, FailurePolicy::Force] {
        for seed in 0..40 {
            let (site, journal) = (Site::new(3, 4), MemoryJournal::new());
            site.tables().failing.extend([String::from("machine-1-1"), String::from("machine-2-0")]);
            let (report, _) = run_and_kill(&site, &journal, &mut Dice(seed), policy).await;
            let summary = report.summary();
            assert!(summary.failed > 0 && !report.is_complete(), "{policy:?} {report}");
            let info = cascade_core::Journal::run(&journal, report.run_id())
                .await
                .expect("the run is in the journal");
            assert_eq!((info.state, info.failed), (RunState::Incomplete, summary.failed as u64));
            for (instance, verdict) in report.verdicts() {
                let there = site.tables().there.contains_key(&instance.id());
                assert_eq!(matches!(verdict, Verdict::Done), !there, "{policy:?}: {instance}: {verdict:?}");
            }
            if policy != FailurePolicy::Stop {
                assert_eq!(summary.failed, 2, "{policy:?} {report}");
            }
            if policy == FailurePolicy::Force {
                assert!(!site.tables().there.contains_key("room"));
            }
        }
    }
}

/// With every policy, removed instances are cleaned up, also after resume.
#[tokio::test(start_paused = true)]
async fn a_failed_cleanup_does_not_stop_other_cleanups_after_resume() {
    for policy in [FailurePolicy::Stop, FailurePolicy::Isolate, FailurePolicy::Force] {
        for seed in 0..60 {
            let (site, journal) = (Site::new(2, 5), MemoryJournal::new());
            site.tables().failing_in.insert(("sweep", String::from("machine-0-0")));
            let (report, _) = run_and_kill(&site, &journal, &mut Dice(seed), policy).await;
            let tables = site.tables();
            let swept: BTreeSet<&str> = tables
                .ended
                .iter()
                .filter(|(effect, ..)| effect == "sweep")
                .map(|(_, id, ..)| id.as_str())
                .collect();
            let machines = swept.iter().filter(|id| id.starts_with("machine")).count();
            assert_eq!(machines, 9, "{policy:?}, seed {seed}: {report}");
            assert_eq!(report.summary().failed, 1, "{policy:?}, seed {seed}: {report}");
        }
    }
}

/// A forced run continues after a failed begin. That must not hide that the effect failed too.
#[tokio::test(start_paused = true)]
async fn an_instance_whose_effect_failed_is_not_cleaned_up_after_resume() {
    for seed in 0..60 {
        let (site, journal) = (Site::new(1, 3), MemoryJournal::new());
        let lame = String::from("machine-0-1");
        site.tables().failing_in.extend([("close", lame.clone()), ("remove", lame.clone())]);
        let (report, _) = run_and_kill(&site, &journal, &mut Dice(seed), FailurePolicy::Force).await;
        assert_eq!(report.summary().failed, 1, "seed {seed}: {report}");
        let swept = site.tables().ended.iter().any(|(effect, id, ..)| effect == "sweep" && *id == lame);
        assert!(!swept, "seed {seed}: the machine still exists");
    }
}

#[tokio::test(start_paused = true)]
async fn an_ended_run_and_a_run_without_start_are_not_resumed() {
    let (site, journal) = (Site::new(1, 1), MemoryJournal::new());
    let cascade = site.builder().journal(journal.clone()).build().expect("the graph has no faults");
    let (run, applying) = start(&cascade, FailurePolicy::Stop).await;
    assert!(applying.await.expect("the plan can be applied").is_complete());
    let error = cascade.resume(&run).await.expect_err("the run has ended");
    assert_eq!(error.to_string(), format!("run {run} has ended and is complete: there is nothing to resume"));
    let unknown = cascade.resume(&RunId::from("x")).await.expect_err("there is no such run, or no journal");
    assert_eq!(unknown.to_string(), "the journal has no run x: list its runs to find the id");

    let new = cascade_core::NewRun::new(RunId::from("half"), "delete", "Room");
    drop(cascade_core::Journal::create(&journal, new).await.expect("it is new"));
    let resumed = cascade.resume_all().await.expect("there is a journal");
    let [(_, Err(ResumeError::NeverStarted { .. }))] = resumed.as_slice() else { panic!("{resumed:?}") };
    assert!(cascade.resume_all().await.expect("there is a journal").is_empty(), "it is reported once");
}

#[tokio::test(start_paused = true)]
async fn a_running_run_is_not_taken_over() {
    let (site, journal) = (Site::new(1, 1), MemoryJournal::new());
    let cascade = site.builder().journal(journal.clone()).build().expect("the graph has no faults");
    let (run, applying) = start(&cascade, FailurePolicy::Stop).await;
    let mut applying = std::pin::pin!(applying);
    assert!(tokio::time::timeout(Duration::from_millis(5), &mut applying).await.is_err());
    assert!(matches!(
        cascade.resume(&run).await,
        Err(ResumeError::Journal(cascade_core::JournalError::Owned { .. }))
    ));
    assert!(cascade.resume_all().await.expect("there is a journal").is_empty());
    assert!(applying.await.expect("the plan can be applied").is_complete());
}

#[tokio::test(start_paused = true)]
async fn resume_without_a_journal_is_an_error() {
    let cascade = Site::new(1, 1).builder().build().expect("the graph has no faults");
    let error = cascade.resume(&RunId::from("x")).await.expect_err("there is no such run, or no journal");
    assert_eq!(error.to_string(), "there is no journal: build the cascade with `.journal(…)`");
}
