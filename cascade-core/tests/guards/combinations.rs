//! Promises about combinations of rules, edges and drift.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use cascade_core::prelude::*;
use cascade_core::{
    ApplyError, CancellationToken, Drift, FailurePolicy, Found, Limits, MemoryJournal, ResumeError, Rule,
    StepError, place,
};

use crate::scene::{Finds, Part, Scene, delete_zone, pair, plan, remove, resource, verdict};

#[tokio::test]
async fn a_parent_with_a_retain_edge_waits_for_another_rule() {
    let scene = Scene::new(&[
        ("Zone>Account", "zone", "account"),
        ("Zone>Host", "zone", "host"),
        ("Account>Vm", "account", "vm"),
        ("Host>Vm", "host", "vm"),
    ])
    .failing("remove vm");
    let vm = Part::new("Vm").below("Account>Vm", Rule::retain::<Delete>(place!())).below("Host>Vm", remove());
    let cascade = scene.cascade([
        Part::new("Zone"),
        Part::new("Account").below("Zone>Account", remove()),
        Part::new("Host").below("Zone>Host", remove()),
        vm,
    ]);
    let report = delete_zone(&cascade, |apply| apply.policy(FailurePolicy::Isolate)).await;
    assert_eq!(verdict(&report, "Account account"), "Blocked { by: Vm vm }");
    assert_eq!(scene.log(), ["remove vm"]);
}

#[tokio::test]
async fn children_without_named_parents_are_no_late_dependents_in_another_batch() {
    for drift in [Drift::Refuse, Drift::Follow] {
        let scene = Scene::default();
        for number in 1..=4 {
            let (host, vm) = (format!("host-{number}"), format!("vm-{number}"));
            scene.tables().pairs.extend([pair("Zone>Host", "zone", &host), pair("Host>Vm", &host, &vm)]);
        }
        let stop = Rule::effect::<Delete>("stop", place!()).leaf();
        let vm = Part::new("Vm").effect("stop").found("Host>Vm", stop, Finds::ChildrenAlone);
        let parts = [Part::new("Zone"), Part::new("Host").below("Zone>Host", remove()), vm];
        let cascade = scene.builder(parts).finder_batch(2).build().expect("the graph has no faults");
        let report = delete_zone(&cascade, |apply| apply.drift(drift)).await;
        assert!(report.is_complete(), "there is no drift, {drift:?}: {report}");
    }
}

#[tokio::test]
async fn checks_are_asked_only_about_late_dependents() {
    let scene = Scene::new(&[("Zone>Host", "zone", "host"), ("Host>Vm", "host", "vm")]).late(
        "remove vm",
        "Host>Vm",
        "host",
        "vm-late",
    );
    let mut vm = Part::new("Vm").below("Host>Vm", remove());
    vm.0.check::<Delete, _>("may_go", place!(), |scene: &Scene, ids: &[String], _| {
        scene.note("check", ids);
        Box::pin(async { Ok(Vec::new()) })
    });
    let cascade = scene.cascade([Part::new("Zone"), Part::new("Host").below("Zone>Host", remove()), vm]);
    let report = delete_zone(&cascade, |apply| apply.drift(Drift::Follow)).await;
    assert!(report.is_complete(), "{report}");
    let since = scene.log().split_off(scene.at("remove vm"));
    assert!(!since.contains(&"check vm".to_owned()), "a check was asked about a removed VM: {since:?}");
    assert!(scene.at("check vm-late") < scene.at("remove vm-late"));
}

#[tokio::test]
async fn a_drifted_instance_gets_no_step_even_if_forced() {
    let scene = Scene::new(&[
        ("Zone>Host", "zone", "host"),
        ("Zone>Group", "zone", "group"),
        ("Group>Host", "group", "host"),
        ("Host>Vm", "host", "vm"),
    ])
    .late("remove vm", "Host>Vm", "host", "vm-late");
    let mut host = Part::bare("Host").effect("drain").effect("remove");
    host.0.rule(remove());
    let drain = Rule::effect::<Delete>("drain", place!());
    let cascade = scene.cascade([
        Part::new("Zone"),
        host.below("Zone>Host", remove()).below("Group>Host", drain),
        Part::new("Vm").below("Host>Vm", remove()),
        Part::new("Group").below("Zone>Group", remove()),
    ]);
    let report = delete_zone(&cascade, |apply| apply.drift(Drift::Refuse).policy(FailurePolicy::Force)).await;
    assert!(verdict(&report, "Host host").starts_with("Failed"), "{report}");
    assert!(!scene.did("drain host") && !scene.did("remove host"), "{:?}", scene.log());
}

#[tokio::test]
async fn each_with_parent_instance_of_a_chain_of_diamonds_is_visited_once() {
    let scene = Scene::default();
    let level = |level: usize| [format!("{level}-left"), format!("{level}-right")];
    for folder in level(0) {
        scene.tables().pairs.push(pair("Folder>Folder", "top", &folder));
    }
    for depth in 0..18 {
        for (above, below) in level(depth).iter().flat_map(|above| level(depth + 1).map(|it| (above, it))) {
            scene.tables().pairs.push(pair("Folder>Folder", above, &below));
        }
    }
    let folder = Part::new("Folder").below("Folder>Folder", Rule::with_parent::<Delete>(place!()));
    let cascade = scene.cascade([folder]);
    let plan = plan(&cascade, "Folder", "top").await;
    assert_eq!(plan.len(), 39);
    // Without this, the number of paths would be half a million.
    let report = cascade.apply(plan).drift(Drift::Refuse).await.expect("the plan can be applied");
    assert!(report.is_complete(), "{report}");
    assert_eq!((report.summary().done, scene.log()), (39, vec!["remove top".to_owned()]));
}

#[tokio::test]
async fn a_limit_on_an_unknown_name_is_an_error_with_the_nearest_name() {
    let scene = Scene::new(&[("Zone>Vm", "zone", "vm")]);
    let cascade = scene.cascade([Part::new("Zone"), Part::new("Vm").below("Zone>Vm", remove())]);
    let plan = plan(&cascade, "Zone", "zone").await;
    let error = cascade.apply(plan).limits(Limits::none().resource("VM", 0)).await;
    let error = error.expect_err("a limit that names nothing protects nothing");
    assert!(matches!(error, ApplyError::UnknownLimit { .. }));
    assert_eq!(
        error.to_string(),
        "there is a limit on `VM`, which is no resource: did you mean `Vm`?; nothing was changed"
    );
    assert!(scene.log().is_empty());
}

#[tokio::test]
async fn the_digest_distinguishes_removed_from_detached() {
    let mut seen = Vec::new();
    for on_host in [false, true] {
        let scene = Scene::new(&[
            ("Zone>Host", "zone", "host"),
            ("Zone>Net", "zone", "net"),
            ("Net>Vm", "net", "vm"),
        ]);
        if on_host {
            scene.tables().pairs.push(pair("Host>Vm", "host", "vm"));
        }
        let detach = || Rule::effect::<Delete>("detach", place!());
        let vm = Part::new("Vm").effect("detach");
        let cascade = scene.cascade([
            Part::new("Zone"),
            Part::new("Host").below("Zone>Host", remove()),
            Part::new("Net").below("Zone>Net", remove()),
            vm.below("Net>Vm", detach().leaf()).below("Host>Vm", detach()),
        ]);
        let plan = plan(&cascade, "Zone", "zone").await;
        let going = plan.summary().expect("ids serialise").resources["Vm"].going;
        seen.push((plan.len(), going, plan.digest().expect("ids serialise")));
    }
    assert_eq!((seen[0].0, seen[0].1), (4, 0), "the VM is detached and stays");
    assert_eq!((seen[1].0, seen[1].1), (4, 1), "the VM is detached and removed");
    assert_ne!(seen[0].2, seen[1].2);
}

#[tokio::test(start_paused = true)]
async fn a_retained_instance_is_removed_if_its_last_owner_is_a_late_dependent() {
    let scene = Scene::new(&[
        ("Zone>Owner", "zone", "owner-1"),
        ("Zone>Lock", "zone", "lock"),
        ("Owner>Bucket", "owner-1", "bucket"),
        ("Owner>Bucket", "owner-2", "bucket"),
        ("Bucket>Object", "bucket", "object"),
    ])
    .late("remove lock", "Zone>Owner", "zone", "owner-2")
    .slow("remove object");
    let shared = Rule::shared::<Delete>(place!());
    let cascade = scene.cascade([
        Part::new("Zone"),
        Part::new("Owner").below("Zone>Owner", remove()),
        Part::new("Lock").below("Zone>Lock", remove()),
        Part::new("Bucket").found("Owner>Bucket", shared, Finds::EveryOwner),
        Part::new("Object").below("Bucket>Object", remove()),
    ]);
    let report = delete_zone(&cascade, |apply| apply.drift(Drift::Follow)).await;
    assert!(report.is_complete(), "{report}");
    assert_eq!(verdict(&report, "Bucket bucket"), "Done");
    assert!(scene.at("remove object") < scene.at("remove owner-2"), "{:?}", scene.log());
}

#[tokio::test(start_paused = true)]
async fn a_late_rule_runs_begin_before_the_effect() {
    let scene =
        Scene::new(&[("Zone>Host", "zone", "host"), ("Zone>Net", "zone", "net"), ("Net>Vm", "net", "vm")])
            .late("stop vm", "Host>Vm", "host", "vm")
            .slow("remove host");
    let stop = Rule::effect::<Delete>("stop", place!()).leaf();
    let mut vm = Part::new("Vm").effect("stop").below("Net>Vm", stop).below("Host>Vm", remove());
    vm.0.supersedes("remove", ["stop"]);
    vm.0.begin::<Delete, _>("mark", place!(), |scene: &Scene, ids: &[String], _| {
        scene.note("mark", ids);
        Box::pin(async { Ok(Outcome::done()) })
    });
    let cascade = scene.cascade([
        Part::new("Zone"),
        Part::new("Host").below("Zone>Host", remove()).after("Net"),
        Part::new("Net").below("Zone>Net", remove()),
        vm,
    ]);
    let report = delete_zone(&cascade, |apply| apply.drift(Drift::Follow)).await;
    assert!(report.is_complete(), "{report}");
    assert!(scene.at("mark vm") < scene.at("remove vm"), "{:?}", scene.log());
}

#[tokio::test(start_paused = true)]
async fn a_run_cancelled_during_rediscovery_starts_no_effect() {
    let scene = Scene::default();
    let token = CancellationToken::new();
    let (cancel, asked) = (token.clone(), Arc::new(Mutex::new(0)));
    let mut vm = Part::new("Vm");
    vm.0.edge(resource("Host"), place!());
    vm.0.finder("find", resource("Host"), None, place!(), move |_, _: &[String], _| {
        let (cancel, asked) = (cancel.clone(), Arc::clone(&asked));
        Box::pin(async move {
            let time = {
                let mut asked = asked.lock().expect("no thread panics while it holds the lock");
                *asked += 1;
                *asked
            };
            if time == 1 {
                return Ok(Found::Pairs(vec![("host".to_owned(), "vm".to_owned())]));
            }
            cancel.cancel();
            tokio::time::sleep(Duration::from_secs(5)).await;
            Ok(Found::Pairs(Vec::new()))
        })
    });
    vm.0.rule(remove().from(resource("Host")));
    let cascade = scene.cascade([Part::new("Host"), vm]);
    let plan = plan(&cascade, "Host", "host").await;
    let report = cascade.apply(plan).drift(Drift::Refuse).cancelled_by(token);
    let report = report.await.expect("the plan can be applied");
    assert!(!report.is_complete());
    assert_eq!((verdict(&report, "Host host"), scene.did("remove host")), ("NotStarted".to_owned(), false));
}

#[tokio::test]
async fn a_done_instance_stays_done_if_a_late_parent_cannot_begin() {
    let scene = Scene::new(&[
        ("Zone>Host", "zone", "host"),
        ("Zone>Net", "zone", "net"),
        ("Net>Port", "net", "port"),
        ("Vm>Port", "vm", "port"),
    ])
    .late("stop port", "Host>Vm", "host", "vm");
    let mut vm = Part::new("Vm").below("Host>Vm", remove());
    vm.0.begin::<Delete, _>("mark", place!(), |_, _: &[String], _| {
        Box::pin(async { Err(StepError::terminal("no")) })
    });
    let stop = || Rule::effect::<Delete>("stop", place!());
    let mut port = Part::bare("Port").effect("stop");
    port.0.rule(stop());
    let cascade = scene.cascade([
        Part::new("Zone"),
        Part::new("Host").below("Zone>Host", remove()).after("Port"),
        Part::new("Net").below("Zone>Net", remove()).after("Host"),
        vm,
        port.below("Net>Port", stop()).below("Vm>Port", stop()),
    ]);
    let report =
        delete_zone(&cascade, |apply| apply.drift(Drift::Follow).policy(FailurePolicy::Isolate)).await;
    assert_eq!(verdict(&report, "Port port"), "Done");
    assert!(verdict(&report, "Vm vm").starts_with("Failed"), "{report}");
    assert!(!scene.did("remove host"), "{:?}", scene.log());
}

#[tokio::test]
async fn rediscovery_respects_the_finder_batch() {
    let scene = Scene::default();
    let volumes = (0..50).map(|number| pair("Pool>Volume", "pool", &format!("volume-{number}")));
    scene.tables().pairs.extend(volumes);
    let asked = Arc::new(Mutex::new(Vec::new()));
    let note = Arc::clone(&asked);
    let mut snapshot = Part::new("Snapshot");
    snapshot.0.edge(resource("Volume"), place!());
    snapshot.0.finder("find", resource("Volume"), None, place!(), move |_, volumes: &[String], _| {
        note.lock().expect("no thread panics while it holds the lock").push(volumes.len());
        Box::pin(async { Ok(Found::Pairs(Vec::<(String, String)>::new())) })
    });
    snapshot.0.rule(remove().from(resource("Volume")));
    let volume = Part::new("Volume").below("Pool>Volume", Rule::with_parent::<Delete>(place!()));
    let builder = scene.builder([Part::new("Pool"), volume, snapshot]).finder_batch(10);
    let cascade = builder.build().expect("the graph has no faults");
    let plan = plan(&cascade, "Pool", "pool").await;
    let planned = asked.lock().expect("no thread panics while it holds the lock").len();
    let report = cascade.apply(plan).drift(Drift::Refuse).await.expect("the plan can be applied");
    assert!(report.is_complete(), "{report}");
    let asked = asked.lock().expect("no thread panics while it holds the lock").clone();
    assert!(asked.len() > planned, "the run rediscovered");
    assert!(asked.iter().all(|&batch| batch <= 10), "{asked:?}");
}

#[tokio::test(start_paused = true)]
async fn a_run_resumed_with_another_graph_needs_a_new_confirmation() {
    let scene = Scene::new(&[("Zone>Host", "zone", "host"), ("Host>Vm", "host", "vm")]).slow("remove vm");
    let journal = MemoryJournal::new();
    let parts = || {
        let host = Part::new("Host").below("Zone>Host", remove());
        [Part::new("Zone"), host, Part::new("Vm").below("Host>Vm", remove())]
    };
    let run = {
        let builder = scene.builder(parts()).journal(journal.clone());
        let cascade = builder.build().expect("the graph has no faults");
        let applying = cascade.apply(plan(&cascade, "Zone", "zone").await).drift(Drift::Refuse);
        let run = applying.run_id().clone();
        let dies = tokio::time::timeout(Duration::from_millis(5), applying.into_future()).await;
        assert!(dies.is_err(), "the run ended before it was interrupted");
        run
    };
    // Ten more VMs and an extension were added.
    let late = (0..10).map(|number| pair("Host>Vm", "host", &format!("vm-late-{number}")));
    scene.tables().pairs.extend(late);
    let with_tapes = |limits| {
        let tape = Part::new("Tape").below("Vm>Tape", remove());
        let builder = scene.builder(parts().into_iter().chain([tape])).journal(journal.clone());
        builder.limits(limits).build().expect("the graph has no faults")
    };
    let error = with_tapes(Limits::none()).resume(&run).await.expect_err("the difference is not accepted");
    assert!(matches!(error, ResumeError::Differs { .. }), "{error}");
    let limited = with_tapes(Limits::none().instances(3));
    let error = limited.resume(&run).on_difference(|_| true).await.expect_err("3 are allowed");
    assert!(matches!(error, ResumeError::OverLimit { .. }), "{error}");
    assert!(scene.log().is_empty());
    let accepted = with_tapes(Limits::none()).resume(&run).on_difference(|_| true).await;
    assert!(accepted.expect("the run can be resumed").is_complete());
    assert!(scene.did("remove vm-late-9"));
}

/// A key that two accounts share. During the run a third account gets it too, and stays.
#[tokio::test]
async fn an_instance_with_a_late_owner_is_not_removed() {
    for drift in [Drift::Refuse, Drift::Follow] {
        for with_effect in [true, false] {
            let scene = Scene::new(&[
                ("Zone>Account", "zone", "account-1"),
                ("Zone>Account", "zone", "account-2"),
                ("Zone>Alarm", "zone", "alarm"),
                ("Account>Key", "account-1", "key"),
                ("Account>Key", "account-2", "key"),
                ("Key>Alarm", "key", "alarm"),
            ])
            .late("remove alarm", "Account>Key", "account-3", "key");
            let shared =
                if with_effect { remove().with_last_owner() } else { Rule::shared::<Delete>(place!()) };
            let cascade = scene.cascade([
                Part::new("Zone"),
                Part::new("Account").below("Zone>Account", remove()),
                Part::new("Key").found("Account>Key", shared, Finds::EveryOwner),
                Part::new("Alarm").below("Zone>Alarm", remove()).below("Key>Alarm", remove()),
            ]);
            let run = |apply: cascade_core::Apply| apply.drift(drift).policy(FailurePolicy::Isolate);
            let report = delete_zone(&cascade, run).await;
            assert_eq!(scene.log(), ["remove alarm"], "{drift:?}: {report}");
            let failed = if with_effect { "Key key" } else { "Account account-1" };
            let why = verdict(&report, failed);
            assert!(
                why.contains(
                    "Account account-3 became an owner of it after the plan was made, and is not removed"
                ),
                "{why}"
            );
            assert!(verdict(&report, "Zone zone").starts_with("Blocked"), "{report}");
        }
    }
}
