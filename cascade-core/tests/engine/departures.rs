//! Instances depart while a run is under way: it leaves them as they are.

use std::time::Duration;

use cascade_core::{
    Apply, Delete, Drift, FailurePolicy, MemoryJournal, Report, ResumeError, Rule, StepSettings, Verdict,
    place,
};

use crate::support::{Cloud, Deleted, Kind, Notes, block_on, descriptor, plan};

/// One instance at a time, in the order of their ids.
fn one_by_one(kind: &mut Kind) -> &mut Kind {
    kind.settings(StepSettings::default().batch(1).concurrency(1))
}

/// A namespace with three tables. While the first one is purged, the third one is moved to another namespace.
fn namespace() -> Cloud {
    let cloud = Cloud::new()
        .kind("Namespace", |it| {
            it.root("drop");
        })
        .kind("Table", |it| {
            one_by_one(it).under("Namespace", "purge", "old>t1 old>t2 old>t3 keep>k");
        });
    cloud.notes().relink_at("Table.purge t1", "Table", "Namespace", "old>t1 old>t2 keep>t3 keep>k");
    cloud
}

fn always_fresh(apply: Apply) -> Apply {
    apply.fresh_for(Duration::ZERO)
}

fn left_reasons(report: &Report) -> Vec<String> {
    let reason = |verdict: Verdict<'_>| match verdict {
        Verdict::Left { reason } => Some(reason.to_owned()),
        _ => None,
    };
    report.verdicts().filter_map(|(_, verdict)| reason(verdict)).collect()
}

#[test]
fn a_table_that_is_moved_away_is_left_and_the_namespace_goes() {
    for drift in [Drift::Refuse, Drift::Exact, Drift::Follow] {
        let deleted = namespace().delete_with("Namespace old", |apply| always_fresh(apply).drift(drift));
        assert_eq!(
            deleted.verdicts(),
            ["Namespace old done", "Table t1 done", "Table t2 done", "Table t3 left"],
            "{drift:?}"
        );
        assert_eq!(deleted.calls, ["Table.purge t1", "Table.purge t2", "Namespace.drop old"]);
        assert!(deleted.report.is_complete(), "{}", deleted.report);
        assert_eq!(left_reasons(&deleted.report), ["it no longer depends on anything that the run removes"]);
    }
}

#[test]
fn a_run_that_ignores_drift_does_not_notice_that_a_table_is_moved_away() {
    let deleted = namespace().delete_with("Namespace old", |apply| always_fresh(apply).drift(Drift::Ignore));
    assert!(deleted.calls.contains(&String::from("Table.purge t3")), "{:?}", deleted.calls);
}

/// The run has just discovered everything when it starts, and ends before that is old.
#[test]
fn a_short_run_discovers_once() {
    let (cascade, notes) = namespace().build();
    let deleted = block_on(async {
        let plan = plan(&cascade, "Namespace old").await.unwrap();
        let before = notes.finder_calls();
        let report = cascade.apply(plan).await.unwrap();
        (report, notes.finder_calls() - before)
    });
    // One call before the first effect, and one before the namespace is dropped.
    assert_eq!(deleted.1, 2);
    assert_eq!(deleted.0.summary().done, 4);
}

/// A VM is stopped because of its host, and destroyed because of its storage. Its root volume is moved to another storage.
#[test]
fn an_instance_that_loses_a_parent_gets_the_effects_of_the_others() {
    let cloud = Cloud::new()
        .kind("Zone", |it| {
            it.root("remove");
        })
        .kind("Storage", |it| {
            it.under("Zone", "remove", "z>s");
        })
        .kind("Host", |it| {
            it.under("Zone", "remove", "z>h");
        })
        .kind("Vm", |it| {
            one_by_one(it).leaf("Host", "stop", "h>v1 h>v2").under("Storage", "destroy", "s>v1 s>v2");
            it.declared().supersedes("destroy", [String::from("stop")]);
        });
    cloud.notes().relink_at("Vm.destroy v1", "Vm", "Storage", "s>v1 other>v2");
    let deleted = cloud.delete_with("Zone z", always_fresh);
    assert!(deleted.report.is_complete(), "{}", deleted.report);
    assert_eq!(deleted.calls[..2], ["Vm.destroy v1", "Vm.stop v2"], "{:?}", deleted.calls);
    deleted.assert_before("v2", "h");
}

/// `t2` has a volume that is removed before `t2` itself departs.
fn with_volumes() -> Deleted {
    let cloud = Cloud::new()
        .kind("Namespace", |it| {
            it.root("drop");
        })
        .kind("Table", |it| {
            one_by_one(it).under("Namespace", "purge", "old>t1 old>t2 old>t3");
        })
        .kind("Volume", |it| {
            one_by_one(it).under("Table", "wipe", "t2>v2 t3>v3");
        });
    let notes = cloud.notes();
    notes.relink_at("Volume.wipe v2", "Table", "Namespace", "old>t1 keep>t2 keep>t3");
    cloud.delete_with("Namespace old", always_fresh)
}

#[test]
fn what_is_below_an_instance_that_departs_is_left_and_what_was_removed_below_it_is_listed() {
    let deleted = with_volumes();
    assert_eq!(
        deleted.verdicts(),
        [
            "Namespace old done",
            "Table t1 done",
            "Table t2 left",
            "Table t3 left",
            "Volume v2 done",
            "Volume v3 left"
        ]
    );
    let below: Vec<String> = deleted.report.done_below_left().map(|it| it.to_string()).collect();
    assert_eq!(below, ["Volume v2"]);
    assert!(!deleted.report.is_complete());
    let printed = deleted.report.to_string();
    assert!(printed.contains("1 removed because of one that then stayed"), "{printed}");
}

/// `s` may be removed only because `l`, which restricts it, is removed with `a`. Then `l` departs from `a`.
#[test]
fn a_restricted_parent_stays_if_its_dependent_is_left() {
    let cloud = Cloud::new()
        .kind("Zone", |it| {
            it.root("remove");
        })
        .kind("App", |it| {
            one_by_one(it).under("Zone", "remove", "z>a");
        })
        .kind("Link", |it| {
            it.under("App", "remove", "a>l").edge("Service", "s>l");
            it.declared().rule(Rule::restrict::<Delete>(place!()).from(descriptor("Service")));
        })
        .kind("Log", |it| {
            it.under("Link", "remove", "l>g");
        })
        .kind("Service", |it| {
            it.under("Zone", "remove", "z>s");
        });
    cloud.notes().relink_at("Log.remove g", "Link", "App", "other>l");
    let deleted = cloud.delete_with("Zone z", |apply| always_fresh(apply).policy(FailurePolicy::Isolate));
    let verdicts = deleted.verdicts();
    assert!(verdicts.contains(&String::from("Link l left")), "{verdicts:?}");
    assert!(
        verdicts.contains(&String::from(
            "Service s failed: remove: 1 Link that the run left still depends on it: l"
        )),
        "{verdicts:?}"
    );
}

/// `t` is removed with the last of its owners. One of them departs.
#[test]
fn a_shared_child_stays_if_one_of_its_owners_is_left() {
    let cloud = Cloud::new()
        .kind("Zone", |it| {
            it.root("remove");
        })
        .kind("Tick", |it| {
            one_by_one(it).under("Thing", "tick", "t>x");
        })
        .kind("Owner", |it| {
            it.under("Zone", "remove", "z>o1 z>o2");
        })
        .kind("Thing", |it| {
            it.effect("remove").edge_naming_all("Owner", "o1>t o2>t");
            let rule = Rule::effect::<Delete>("remove", place!()).from(descriptor("Owner"));
            it.declared().rule(rule.with_last_owner());
        });
    cloud.notes().relink_at("Tick.tick x", "Owner", "Zone", "z>o1 other>o2");
    let deleted = cloud.delete_with("Zone z", always_fresh);
    assert_eq!(
        deleted.verdicts(),
        ["Owner o1 done", "Owner o2 left", "Thing t left", "Tick x done", "Zone z done"]
    );
    assert!(!deleted.calls.iter().any(|call| call.starts_with("Thing")), "{:?}", deleted.calls);
}

/// A table moves between two namespaces that are both dropped.
#[test]
fn an_instance_that_moves_within_the_plan_is_removed_before_its_new_parent() {
    let cloud = Cloud::new()
        .kind("Namespace", |it| {
            one_by_one(it).root("drop");
        })
        .kind("Table", |it| {
            one_by_one(it).under("Namespace", "purge", "a>t1 a>t2");
        });
    cloud.notes().relink_at("Table.purge t1", "Table", "Namespace", "b>t2");
    let deleted =
        cloud.delete_with("Namespace a c b", |apply| always_fresh(apply).policy(FailurePolicy::Isolate));
    assert!(deleted.report.is_complete(), "{}", deleted.report);
    deleted.assert_before("t2", "b");
}

/// A merge request remembers its newest diff, and drops that reference before the diff is removed.
#[test]
fn what_the_run_itself_changes_is_no_departure() {
    let cloud = Cloud::new()
        .kind("Request", |it| {
            it.root("remove").leaf("Diff", "forget", "d1>r");
        })
        .kind("Diff", |it| {
            one_by_one(it).under("Request", "remove", "r>d1 r>d2");
        });
    let notes = cloud.notes();
    notes.relink_at("Request.forget r", "Request", "Diff", "");
    notes.relink_at("Diff.remove d1", "Diff", "Request", "r>d2");
    let deleted = cloud.delete_with("Request r", always_fresh);
    assert_eq!(deleted.verdicts(), ["Diff d1 done", "Diff d2 done", "Request r done"]);
    assert!(deleted.report.is_complete(), "{}", deleted.report);
}

/// `t3` was marked before it departed, and nothing takes the mark away.
#[test]
fn an_instance_that_is_left_after_its_begin_is_not_cleaned_up() {
    let cloud = Cloud::new()
        .kind("Namespace", |it| {
            it.root("drop");
        })
        .kind("Table", |it| {
            one_by_one(it)
                .under("Namespace", "purge", "old>t1 old>t2 old>t3")
                .begin("mark")
                .cleanup("unmark");
        });
    cloud.notes().relink_at("Table.purge t1", "Table", "Namespace", "old>t2");
    let deleted = cloud.delete_with("Namespace old", always_fresh);
    let summary = deleted.report.summary();
    assert_eq!((summary.done, summary.left, summary.not_cleaned_up), (3, 1, 1));
    assert!(!summary.is_complete());
    assert!(!deleted.calls.contains(&String::from("Table.unmark t3")), "{:?}", deleted.calls);
}

/// The mark of h1 fails, so nothing on h1 is begun. Then the VM is moved from h1 to h2.
#[test]
fn an_instance_that_departs_from_a_parent_whose_begin_failed_is_begun_and_removed() {
    let cloud = Cloud::new()
        .kind("Zone", |it| {
            it.root("remove");
        })
        .kind("Host", |it| {
            one_by_one(it).under("Zone", "drain", "z>h1 z>h2").begin("mark");
        })
        .kind("Image", |it| {
            it.under("Host", "purge", "h2>i");
        })
        .kind("Vm", |it| {
            it.under("Host", "destroy", "h1>v").begin("mark");
        })
        .failing(&["Host.mark h1"]);
    cloud.notes().relink_at("Image.purge i", "Vm", "Host", "h2>v");
    let deleted = cloud.delete_with("Zone z", |apply| always_fresh(apply).policy(FailurePolicy::Isolate));
    assert_eq!(
        deleted.verdicts(),
        [
            "Host h1 failed: mark: simulated failure",
            "Host h2 done",
            "Image i done",
            "Vm v done",
            "Zone z blocked by Host h1"
        ]
    );
    let last: Vec<&str> = deleted.calls.iter().skip(2).map(String::as_str).collect();
    assert_eq!(last, ["Image.purge i", "Vm.mark v", "Vm.destroy v", "Host.drain h2"], "{:?}", deleted.calls);
}

/// The VM depends on the storage, which destroys it. Before the first effect it moves to the host, which evacuates it: that is
/// not in the plan.
fn moved_vm(drift: Drift) -> Deleted {
    let cloud = Cloud::new()
        .kind("Zone", |it| {
            it.root("remove");
        })
        .kind("Storage", |it| {
            it.under("Zone", "remove", "z>s");
        })
        .kind("Host", |it| {
            it.under("Zone", "drain", "z>h").begin("mark");
        })
        .kind("Vm", |it| {
            it.under("Storage", "destroy", "s>v").under("Host", "evacuate", "");
        })
        .kind("Nic", |it| {
            it.under("Vm", "detach", "v>n");
        });
    cloud.notes().relink_at("Host.mark h", "Vm", "Storage", "");
    cloud.notes().relink_at("Host.mark h", "Vm", "Host", "h>v");
    let set = |apply: Apply| always_fresh(apply).drift(drift).policy(FailurePolicy::Isolate);
    cloud.delete_with("Zone z", set)
}

#[test]
fn what_depends_on_an_instance_that_only_a_new_effect_reaches_is_left() {
    for drift in [Drift::Refuse, Drift::Exact] {
        let deleted = moved_vm(drift);
        assert_eq!(deleted.calls, ["Host.mark h", "Storage.remove s"], "{drift:?}");
        assert_eq!(
            deleted.verdicts(),
            [
                "Host h failed: drain: 1 Vm that the run left still depends on it: v",
                "Nic n left",
                "Storage s done",
                "Vm v left",
                "Zone z blocked by Host h"
            ]
        );
    }
}

#[test]
fn what_departed_joins_again_with_the_instance_that_it_depends_on() {
    let deleted = moved_vm(Drift::Follow);
    let calls: Vec<&str> =
        deleted.calls.iter().map(String::as_str).filter(|call| *call != "Storage.remove s").collect();
    assert_eq!(calls, ["Host.mark h", "Nic.detach n", "Vm.evacuate v", "Host.drain h", "Zone.remove z"]);
    assert!(deleted.report.is_complete(), "{}", deleted.report);
}

/// Interrupts the deletion while `hanging` is called, changes the world, and resumes.
fn resumed(hanging: &str, change: impl FnOnce(&Notes)) -> Result<Deleted, ResumeError> {
    let journal = MemoryJournal::new();
    let cloud = || {
        Cloud::new()
            .kind("Namespace", |it| {
                it.root("drop");
            })
            .kind("Table", |it| {
                one_by_one(it).under("Namespace", "purge", "old>t1 old>t2 old>t3");
            })
            .kind("Volume", |it| {
                one_by_one(it).under("Table", "wipe", "t3>v3");
            })
    };
    let (cascade, notes) = cloud().build_with(|builder| builder.journal(journal.clone()));
    notes.hang(Some(hanging));
    let run = block_on(async {
        let plan = plan(&cascade, "Namespace old").await.unwrap();
        let apply = always_fresh(cascade.apply(plan));
        let run = apply.run_id().clone();
        let _ = tokio::time::timeout(Duration::from_secs(1), apply.into_future()).await;
        run
    });
    notes.hang(None);
    change(&notes);
    let (cascade, notes) = cloud().with_notes(&notes).build_with(|builder| builder.journal(journal.clone()));
    let report = block_on(async { cascade.resume(&run).await })?;
    Ok(Deleted { report, calls: notes.calls() })
}

#[test]
fn a_resumed_run_leaves_what_departed_while_no_process_ran() {
    // The volume of t3 was in progress: t3 has not begun.
    let moved = |notes: &Notes| notes.relink("Table", "Namespace", "keep>t3");
    let deleted = resumed("Volume.wipe v3", moved).unwrap();
    let verdicts = deleted.verdicts();
    assert!(verdicts.contains(&String::from("Table t3 left")), "{verdicts:?}");
    assert!(!deleted.calls.contains(&String::from("Table.purge t3")), "{:?}", deleted.calls);
}

/// A step on t1 may have ended without a record: that no finder answers t1 any more may be the run's own work.
#[test]
fn a_resumed_run_does_not_leave_what_it_may_have_begun() {
    let gone = |notes: &Notes| notes.relink("Table", "Namespace", "old>t2 old>t3");
    let deleted = resumed("Table.purge t1", gone).unwrap();
    assert!(deleted.report.is_complete(), "{}", deleted.report);
    assert_eq!(deleted.report.summary().left, 0);
}
