//! A run that rediscovers dependents before its steps.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use cascade_core::prelude::*;
use cascade_core::{
    ApplyError, CancellationToken, Drift, Event, FailurePolicy, Found, MemoryJournal, Report, Rule,
    StepError, StepSettings, place,
};

use crate::scene::{Finds, Part, Scene, delete_zone, pair, plan, remove, resource, verdict};

/// An edge with a rule, and a finder that calls `find` with the number of earlier calls.
fn found(
    mut part: Part,
    parent: &'static str,
    rule: Rule,
    find: impl Fn(usize) -> Result<Vec<(String, String)>, StepError> + Send + Sync + 'static,
) -> Part {
    let asked = AtomicUsize::new(0);
    part.0.edge(resource(parent), place!());
    part.0.finder("find", resource(parent), None, place!(), move |_, _: &[String], _| {
        let found = find(asked.fetch_add(1, Ordering::Relaxed)).map(Found::Pairs);
        Box::pin(async { found })
    });
    part.0.rule(rule.from(resource(parent)));
    part
}

/// A late VM is a parent of a port that is done, and its begin fails. The run dies after that, and is resumed.
#[tokio::test(start_paused = true)]
async fn done_instances_stay_done_after_resume() {
    for life in [5, 31, 200] {
        let scene = Scene::new(&[
            ("Zone>Host", "zone", "host"),
            ("Zone>Net", "zone", "net"),
            ("Zone>Lock", "zone", "lock"),
            ("Net>Port", "net", "port"),
            ("Vm>Port", "vm", "port"),
        ])
        .late("stop port", "Host>Vm", "host", "vm")
        .slow("remove lock")
        .slow("remove net");
        let journal = MemoryJournal::new();
        let engine = || {
            let mut vm = Part::new("Vm").below("Host>Vm", remove());
            vm.0.begin::<Delete, _>("mark", place!(), |_, _: &[String], _| {
                Box::pin(async { Err(StepError::terminal("no")) })
            });
            let stop = || Rule::effect::<Delete>("stop", place!());
            let mut port = Part::bare("Port").effect("stop");
            port.0.rule(stop());
            let parts = [
                Part::new("Zone"),
                Part::new("Host").below("Zone>Host", remove()).after("Port"),
                Part::new("Net").below("Zone>Net", remove()).after("Lock"),
                Part::new("Lock").below("Zone>Lock", remove()),
                vm,
                port.below("Net>Port", stop()).below("Vm>Port", stop()),
            ];
            scene.builder(parts).journal(journal.clone()).build().expect("the graph has no faults")
        };
        let cascade = engine();
        let applying = cascade.apply(plan(&cascade, "Zone", "zone").await);
        let applying = applying.drift(Drift::Follow).policy(FailurePolicy::Isolate);
        let run = applying.run_id().clone();
        let report = match tokio::time::timeout(Duration::from_millis(life), applying.into_future()).await {
            Ok(report) => report.expect("the plan can be applied"),
            Err(_) => engine().resume(&run).await.expect("the run can be resumed"),
        };
        assert!(verdict(&report, "Vm vm").starts_with("Failed"), "{report}");
        assert_eq!(verdict(&report, "Port port"), "Done");
        assert_eq!(verdict(&report, "Net net"), "Done", "it has no dependents left, life {life}");
        assert!(!scene.did("remove host"), "{:?}", scene.log());
    }
}

#[tokio::test]
async fn a_finder_that_fails_during_rediscovery_is_named() {
    let vm = found(Part::new("Vm"), "Host", remove(), |asked| match asked {
        // For the plan, and before the run.
        0 | 1 => Ok(Vec::new()),
        _ => Err(StepError::terminal("the database is down")),
    });
    let scene = Scene::default();
    let cascade = scene.cascade([Part::new("Host"), vm]);
    let plan = plan(&cascade, "Host", "host").await;
    let report = cascade.apply(plan).drift(Drift::Refuse).await.expect("the plan can be applied");
    let failure = report.failures().next().expect("the dependents of the host are unknown").1.to_string();
    assert_eq!(
        failure,
        "remove: not called, because the finder `Vms::find`, called again before it, failed: the database is down"
    );
    assert!(scene.log().is_empty());
}

#[tokio::test]
async fn an_unknown_parent_is_an_error_during_rediscovery() {
    let vm = found(Part::new("Vm"), "Host", remove(), |asked| match asked {
        0 => Ok(Vec::new()),
        _ => Ok(vec![("HOST".to_owned(), "vm".to_owned())]),
    });
    let scene = Scene::default();
    let cascade = scene.cascade([Part::new("Host"), vm]);
    let plan = plan(&cascade, "Host", "host").await;
    let report =
        cascade.apply(plan).drift(Drift::Follow).drift_checked().await.expect("the plan can be applied");
    let failure = report.failures().next().expect("the dependents of the host are unknown").1.to_string();
    assert!(
        failure.ends_with("it answered with the parent Host `HOST`, which it was not asked about"),
        "{failure}"
    );
    assert!(scene.log().is_empty());
}

/// One late VM on each of 120 hosts, each found in a round of its own: no host has more than one.
#[tokio::test]
async fn late_dependents_of_many_parents_do_not_exceed_the_rounds() {
    let mut scene = Scene::default();
    for number in 0..120 {
        let (host, vm) = (format!("host-{number}"), format!("vm-{number}"));
        scene.tables().pairs.extend([pair("Zone>Host", "zone", &host), pair("Host>Vm", &host, &vm)]);
        scene = scene.late(&format!("remove {vm}"), "Host>Vm", &host, &format!("late-{number}"));
    }
    let one_by_one = |mut part: Part| {
        part.0.settings(StepSettings::default().batch(1).concurrency(1));
        part
    };
    let cascade = scene.cascade([
        Part::new("Zone"),
        one_by_one(Part::new("Host").below("Zone>Host", remove())),
        one_by_one(Part::new("Vm").below("Host>Vm", remove())),
    ]);
    let rounds = Arc::new(AtomicUsize::new(0));
    let seen = Arc::clone(&rounds);
    let count = move |event: &Event| {
        seen.fetch_add(usize::from(matches!(event, Event::Chased { .. })), Ordering::Relaxed);
    };
    let report = delete_zone(&cascade, |apply| apply.drift(Drift::Follow).on_event(count)).await;
    assert!(report.is_complete(), "{report}");
    assert_eq!((rounds.load(Ordering::Relaxed), report.summary().done), (120, 361));
}

/// Each late dependent gets a late dependent.
#[tokio::test]
async fn an_endless_chain_of_late_dependents_ends_in_an_error() {
    let asked = AtomicUsize::new(0);
    let mut folder = Part::new("Folder");
    folder.0.edge(resource("Folder"), place!());
    folder.0.finder("find", resource("Folder"), None, place!(), move |_, folders: &[String], _| {
        // The plan and each extension find no further folder; each rediscovery finds one.
        let asked = asked.fetch_add(1, Ordering::Relaxed);
        let new = (asked % 2 == 1).then(|| (folders[0].clone(), format!("folder-{asked}")));
        Box::pin(async { Ok(Found::Pairs(Vec::from_iter(new))) })
    });
    folder.0.rule(remove().from(resource("Folder")));
    let cascade = Scene::default().cascade([folder]);
    let plan = plan(&cascade, "Folder", "top").await;
    let report = cascade.apply(plan).drift(Drift::Follow).await.expect("the plan can be applied");
    let failure = report.failures().next().expect("the chain is endless").1.to_string();
    assert!(failure.contains("new ones were found in each of 100 rounds"), "{failure}");
    assert_eq!(report.summary().done, 0, "{report}");
}

/// One step completes all volumes, and the finder fails for each of them: each error is looked up once. To search all
/// of them for each would take 400 million steps.
#[tokio::test]
async fn each_rediscovery_error_is_looked_up_once() {
    const VOLUMES: usize = 20_000;
    let volume =
        found(Part::bare("Volume").effect("remove"), "Pool", Rule::with_parent::<Delete>(place!()), |_| {
            Ok((0..VOLUMES).map(|number| ("pool".to_owned(), number.to_string())).collect())
        });
    let snapshot = found(Part::new("Snapshot"), "Volume", remove(), |asked| match asked {
        // For the plan, and before the run.
        0 | 1 => Ok(Vec::new()),
        _ => Err(StepError::terminal("the database is down")),
    });
    let scene = Scene::default();
    let builder = scene.builder([Part::new("Pool"), volume, snapshot]).finder_batch(VOLUMES);
    let cascade = builder.build().expect("the graph has no faults");
    let plan = plan(&cascade, "Pool", "pool").await;
    assert_eq!(plan.len(), VOLUMES + 1);
    let report = cascade.apply(plan).drift(Drift::Refuse).await.expect("the plan can be applied");
    assert_eq!(report.summary().failed, 1, "{report}");
    assert!(verdict(&report, "Volume 7").starts_with("Blocked"), "{report}");
}

#[tokio::test(start_paused = true)]
async fn a_cancelled_run_does_not_wait_for_a_retried_finder() {
    let mut vm = found(Part::new("Vm"), "Host", remove(), |asked| match asked {
        // For the plan, and before the run.
        0 | 1 => Ok(Vec::new()),
        _ => Err(StepError::retryable("the database is down")),
    });
    vm.0.settings(StepSettings::default().retries(50));
    let scene = Scene::default();
    let cascade = scene.cascade([Part::new("Host"), vm]);
    let plan = plan(&cascade, "Host", "host").await;
    let token = CancellationToken::new();
    let running = cascade.apply(plan).drift(Drift::Refuse).cancelled_by(token.clone()).into_future();
    let cancel = async {
        tokio::time::sleep(Duration::from_secs(40)).await;
        token.cancel();
    };
    let since = tokio::time::Instant::now();
    let (report, ()) = tokio::join!(running, cancel);
    let report = report.expect("the plan can be applied");
    assert_eq!(since.elapsed(), Duration::from_secs(40));
    assert_eq!(verdict(&report, "Host host"), "NotStarted");
}

/// A step that waits for late dependents has not started.
#[tokio::test]
async fn every_started_step_ends() {
    let scene = Scene::new(&[("Zone>Host", "zone", "host"), ("Host>Vm", "host", "vm")]).late(
        "remove vm",
        "Host>Vm",
        "host",
        "vm-late",
    );
    let cascade = scene.cascade([
        Part::new("Zone"),
        Part::new("Host").below("Zone>Host", remove()),
        Part::new("Vm").below("Host>Vm", remove()),
    ]);
    let (started, ended) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let (starts, ends) = (Arc::clone(&started), Arc::clone(&ended));
    let count = move |event: &Event| match event {
        Event::StepStarted { .. } => _ = starts.fetch_add(1, Ordering::Relaxed),
        Event::StepEnded { .. } => _ = ends.fetch_add(1, Ordering::Relaxed),
        _ => {}
    };
    let report = delete_zone(&cascade, |apply| apply.drift(Drift::Follow).on_event(count)).await;
    assert!(report.is_complete() && scene.did("remove vm-late"), "{report}");
    assert_eq!((started.load(Ordering::Relaxed), ended.load(Ordering::Relaxed)), (4, 4));
}

/// A VM starts to use an image during the run. If the VM is removed too, the image waits for it; if the VM stays, the image must stay.
#[tokio::test(start_paused = true)]
async fn a_late_restricting_dependent_is_waited_for_if_it_is_removed() {
    for (vm, waits) in [("vm", true), ("vm-that-stays", false)] {
        let scene = Scene::new(&[
            ("Zone>Host", "zone", "host"),
            ("Zone>Image", "zone", "image"),
            ("Zone>Alarm", "zone", "alarm"),
            ("Host>Vm", "host", "vm"),
        ])
        .late("remove alarm", "Image>Vm", "image", vm)
        .slow("remove vm");
        let restrict = Rule::restrict::<Delete>(place!());
        let cascade = scene.cascade([
            Part::new("Zone"),
            Part::new("Host").below("Zone>Host", remove()),
            Part::new("Image").below("Zone>Image", remove()).after("Alarm"),
            Part::new("Alarm").below("Zone>Alarm", remove()),
            Part::new("Vm").below("Host>Vm", remove()).below("Image>Vm", restrict),
        ]);
        let set = |apply: cascade_core::Apply| apply.drift(Drift::Follow).policy(FailurePolicy::Isolate);
        let report = delete_zone(&cascade, set).await;
        assert_eq!((report.is_complete(), scene.did("remove image")), (waits, waits), "{report}");
        if waits {
            assert!(scene.at("remove vm") < scene.at("remove image"), "{:?}", scene.log());
        }
    }
}

/// A key of another account is shared with an account that is removed: the key stays, as it would in a plan.
#[tokio::test]
async fn an_instance_with_another_owner_is_no_late_dependent() {
    for drift in [Drift::Refuse, Drift::Follow] {
        let scene = Scene::new(&[
            ("Zone>Account", "zone", "account"),
            ("Zone>Alarm", "zone", "alarm"),
            ("Account>Key", "another", "key"),
        ])
        .late("remove alarm", "Account>Key", "account", "key");
        let report = delete_zone(&accounts(&scene), |apply| apply.drift(drift)).await;
        assert!(report.is_complete(), "{drift:?}: {report}");
        assert!(!scene.did("remove key"), "{:?}", scene.log());
    }
}

/// The account that was to keep the key gives it up: the removed account is its last owner.
#[tokio::test]
async fn an_instance_without_another_owner_is_removed_with_its_last_owner() {
    for drift in [Drift::Refuse, Drift::Follow] {
        let scene = Scene::new(&[
            ("Zone>Account", "zone", "account"),
            ("Zone>Alarm", "zone", "alarm"),
            ("Account>Key", "account", "key"),
            ("Account>Key", "another", "key"),
        ]);
        let cascade = accounts(&scene);
        let plan = plan(&cascade, "Zone", "zone").await;
        scene.tables().pairs.retain(|(_, parent, _)| parent != "another");
        let applied = cascade.apply(plan).drift(drift).await;
        if drift == Drift::Refuse {
            let error = applied.expect_err("the plan would grow by the key");
            assert!(
                matches!(&error, ApplyError::Drifted { difference, .. } if difference.added == 1),
                "{error}"
            );
            assert!(scene.log().is_empty());
        } else {
            let report = applied.expect("the plan can be applied");
            assert!(report.is_complete() && scene.did("remove key"), "{report}");
        }
    }
}

/// Accounts that share keys, and come after the alarms.
fn accounts(scene: &Scene) -> Cascade {
    scene.cascade([
        Part::new("Zone"),
        Part::new("Account").below("Zone>Account", remove()).after("Alarm"),
        Part::new("Key").found("Account>Key", remove().with_last_owner(), Finds::EveryOwner),
        Part::new("Alarm").below("Zone>Alarm", remove()),
    ])
}

#[tokio::test(start_paused = true)]
async fn drifted_instance_gets_no_step_after_resume() {
    let report = drained_before_a_death(true).await;
    assert!(verdict(&report, "Host host").contains("vm-late"), "{report}");
}

/// The host's first failure is its begin. A forced run continues after that, and then meets a late dependent.
#[tokio::test(start_paused = true)]
async fn drifted_instance_with_an_earlier_failure_gets_no_step_after_resume() {
    let report = drained_before_a_death(false).await;
    assert!(verdict(&report, "Host host").contains("simulated failure"), "{report}");
}

/// Draining fails because of a late VM. Then the process dies, and the VM is removed elsewhere. The host gets no
/// further step.
async fn drained_before_a_death(marked: bool) -> Report {
    let scene = Scene::new(&[
        ("Zone>Host", "zone", "host"),
        ("Zone>Group", "zone", "group"),
        ("Group>Host", "group", "host"),
        ("Host>Vm", "host", "vm"),
    ])
    .late("remove vm", "Host>Vm", "host", "vm-late")
    .slow("remove group");
    let journal = MemoryJournal::new();
    let engine = || {
        let mut host = Part::bare("Host").effect("drain").effect("remove");
        host.0.rule(remove());
        host.0.begin::<Delete, _>("mark", place!(), move |_, _: &[String], _| {
            let answer =
                if marked { Ok(Outcome::done()) } else { Err(StepError::terminal("simulated failure")) };
            Box::pin(async { answer })
        });
        let drain = Rule::effect::<Delete>("drain", place!());
        let parts = [
            Part::new("Zone"),
            host.below("Zone>Host", remove()).below("Group>Host", drain),
            Part::new("Vm").below("Host>Vm", remove()),
            Part::new("Group").below("Zone>Group", remove()),
        ];
        scene.builder(parts).journal(journal.clone()).build().expect("the graph has no faults")
    };
    let cascade = engine();
    let applying = cascade.apply(plan(&cascade, "Zone", "zone").await);
    let applying = applying.drift(Drift::Refuse).policy(FailurePolicy::Force);
    let run = applying.run_id().clone();
    let died = tokio::time::timeout(Duration::from_millis(5), applying.into_future()).await;
    assert!(died.is_err(), "the run ended before it was interrupted");
    scene.tables().pairs.retain(|(.., child)| child != "vm-late");
    let report = engine().resume(&run).await.expect("no other process owns the run");
    assert!(!scene.did("drain host") && !scene.did("remove host"), "{:?}", scene.log());
    report
}

/// The finder answers children without parents, so it does not say on which host the late VM is.
#[tokio::test]
async fn a_late_dependent_without_a_named_parent_is_detected() {
    for drift in [Drift::Refuse, Drift::Follow] {
        let scene = Scene::new(&[("Zone>Host", "zone", "host"), ("Host>Vm", "host", "vm")]).late(
            "remove vm",
            "Host>Vm",
            "host",
            "vm-late",
        );
        let vm = Part::new("Vm").found("Host>Vm", remove(), Finds::ChildrenAlone);
        let cascade = scene.cascade([Part::new("Zone"), Part::new("Host").below("Zone>Host", remove()), vm]);
        let report = delete_zone(&cascade, |apply| apply.drift(drift)).await;
        if drift == Drift::Follow {
            assert!(report.is_complete(), "{report}");
            assert!(scene.at("remove vm-late") < scene.at("remove host"), "{:?}", scene.log());
        } else {
            assert!(verdict(&report, "Host host").contains("vm-late"), "{report}");
            assert!(!scene.did("remove host"), "{:?}", scene.log());
        }
    }
}

/// A dependent that a rule protects appears after the plan was made: nothing is changed.
#[tokio::test]
async fn a_late_dependent_along_a_restricting_edge_is_a_veto_before_the_first_effect() {
    let scene = Scene::new(&[("Zone>Host", "zone", "host")]);
    let cascade = scene.cascade([
        Part::new("Zone"),
        Part::new("Host").below("Zone>Host", remove()),
        Part::new("Lock").below("Zone>Lock", Rule::restrict::<Delete>(place!())),
    ]);
    let plan = plan(&cascade, "Zone", "zone").await;
    scene.tables().pairs.push(("Zone>Lock", "zone".to_owned(), "lock".to_owned()));
    let error = cascade.apply(plan).await.expect_err("the lock is not removed");
    assert!(matches!(&error, ApplyError::Vetoed { vetoes } if vetoes[0].instance.text == "lock"), "{error}");
    assert!(scene.log().is_empty(), "{:?}", scene.log());
}

/// A VM moves between two hosts of the plan: only the order changes.
#[tokio::test]
async fn an_instance_that_got_another_parent_of_the_plan_is_removed_before_it() {
    let scene = Scene::new(&[
        ("Zone>Host", "zone", "host-1"),
        ("Zone>Host", "zone", "host-2"),
        ("Host>Vm", "host-1", "vm"),
    ]);
    let cascade = scene.cascade([
        Part::new("Zone"),
        Part::new("Host").below("Zone>Host", remove()),
        Part::new("Vm").below("Host>Vm", remove()),
    ]);
    let plan = plan(&cascade, "Zone", "zone").await;
    scene.tables().pairs.retain(|(_, parent, _)| parent != "host-1");
    scene.tables().pairs.push(("Host>Vm", "host-2".to_owned(), "vm".to_owned()));
    let report = cascade.apply(plan).await.expect("the plan does not grow");
    assert!(report.is_complete(), "{report}");
    assert_eq!(scene.log()[0], "remove vm", "{:?}", scene.log());
}

/// A VM moves to a host that is not in the plan: it stays.
#[tokio::test]
async fn an_instance_that_departed_before_the_run_stays() {
    let scene = Scene::new(&[("Zone>Host", "zone", "host"), ("Host>Vm", "host", "vm")]);
    let cascade = scene.cascade([
        Part::new("Zone"),
        Part::new("Host").below("Zone>Host", remove()),
        Part::new("Vm").below("Host>Vm", remove()),
    ]);
    let plan = plan(&cascade, "Zone", "zone").await;
    scene.tables().pairs.retain(|(edge, ..)| *edge != "Host>Vm");
    scene.tables().pairs.push(("Host>Vm", "elsewhere".to_owned(), "vm".to_owned()));
    let report = cascade.apply(plan).await.expect("the plan does not grow");
    assert!(report.is_complete(), "{report}");
    assert!(!scene.did("remove vm"), "{:?}", scene.log());
}
