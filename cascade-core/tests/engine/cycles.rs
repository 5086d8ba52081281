//! Cycles of instances: a leaf effect that lets go of a parent resolves them.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use cascade_core::{Apply, ApplyError, Delete, Event, FailurePolicy, Found, Monitor, Rule, place};

use crate::support::{Cloud, Deleted, Kind, Notes, block_on, descriptor, plan};

/// A merge request has diffs and remembers its newest one. The diff's removal would violate that reference, and the
/// request's removal would violate those of its diffs.
fn merge_requests(request: impl FnOnce(&mut Kind), newest: &str, diffs: &str) -> Cloud {
    Cloud::new()
        .kind("Request", |it| {
            request(it);
            it.leaf("Diff", "forget", newest);
        })
        .kind("Diff", |it| {
            it.under("Request", "remove", diffs);
        })
}

#[test]
fn a_reference_to_the_newest_child_is_dropped_before_the_child_is_removed() {
    let cloud = || {
        merge_requests(
            |it| {
                it.root("remove");
            },
            "d2>r",
            "r>d1 r>d2",
        )
    };
    let plan = cloud().plan("Request r");
    assert_eq!(plan.summary().unwrap().cut, []);
    assert_eq!(plan.why_named("Request", "r").unwrap().unwrap().effects, ["forget", "remove"]);
    let deleted = cloud().delete("Request r");
    // The diff that nothing remembers depends on the request as before: every step on the request waits for it.
    assert_eq!(deleted.calls, ["Diff.remove d1", "Request.forget r", "Diff.remove d2", "Request.remove r"]);
    assert!(deleted.report.is_complete());
}

/// Outside cycles, the removal supersedes the effect that drops the reference: r2 remembers no diff of its own.
#[test]
fn a_superseded_leaf_effect_runs_only_inside_a_cycle() {
    let superseding = |it: &mut Kind| {
        it.root("remove").effect("forget");
        it.declared().supersedes("remove", ["forget"]);
    };
    let deleted = merge_requests(superseding, "d1>r1 d1>r2", "r1>d1").delete("Request r1 r2");
    assert_eq!(
        deleted.calls,
        ["Request.remove r2", "Request.forget r1", "Diff.remove d1", "Request.remove r1"]
    );
    assert!(deleted.report.is_complete());
}

#[test]
fn instances_that_remember_each_other_are_let_go_before_either_is_removed() {
    let deleted = Cloud::new()
        .kind("Zone", |it| {
            it.root("remove");
        })
        .kind("Primary", |it| {
            it.under("Zone", "remove", "z>p").leaf("Replica", "forget", "r>p");
        })
        .kind("Replica", |it| {
            it.under("Zone", "remove", "z>r").leaf("Primary", "forget", "p>r");
        })
        .delete("Zone z");
    for (first, then) in [(0, 2), (1, 2), (0, 3), (1, 3)] {
        assert!(
            deleted.calls[first].contains("forget") && deleted.calls[then].contains("remove"),
            "{:?}",
            deleted.calls
        );
    }
    assert!(deleted.report.is_complete());
}

#[test]
fn a_failed_early_effect_blocks_what_waits_for_it_and_its_own_instance() {
    let root = |it: &mut Kind| {
        it.root("remove");
    };
    let deleted = merge_requests(root, "d2>r", "r>d1 r>d2")
        .failing(&["Request.forget r"])
        .delete_with("Request r", |apply| apply.policy(FailurePolicy::Isolate));
    assert_eq!(
        deleted.verdicts(),
        ["Diff d1 done", "Diff d2 blocked by Request r", "Request r failed: forget: simulated failure"]
    );
    assert_eq!(deleted.calls, ["Diff.remove d1", "Request.forget r"]);
}

/// The note depends on a diff, and so on the request, only through the cycle.
#[test]
fn an_early_effect_waits_for_indirect_dependents_outside_its_cycle() {
    let root = |it: &mut Kind| {
        it.root("remove");
    };
    let deleted = merge_requests(root, "d>r", "r>d")
        .kind("Note", |it| {
            it.under("Diff", "remove", "d>n");
        })
        .kind("Reply", |it| {
            it.under("Note", "remove", "n>x");
        })
        .delete("Request r");
    assert_eq!(
        deleted.calls,
        ["Reply.remove x", "Note.remove n", "Request.forget r", "Diff.remove d", "Request.remove r"]
    );
    assert!(deleted.report.is_complete());
}

/// Without the leaf effect, one of the two references would have to be given up.
#[test]
fn a_leaf_effect_resolves_a_cycle_before_restrict_gives_up_its_order() {
    let cloud = Cloud::new()
        .kind("Zone", |it| {
            it.root("remove");
        })
        .kind("Request", |it| {
            it.under("Zone", "remove", "z>r").leaf("Diff", "forget", "d>r");
        })
        .kind("Diff", |it| {
            it.under("Zone", "remove", "z>d").edge("Request", "r>d");
            it.declared().rule(Rule::restrict::<Delete>(place!()).from(descriptor("Request")));
        });
    let deleted = cloud.delete("Zone z");
    assert_eq!(deleted.calls, ["Request.forget r", "Diff.remove d", "Request.remove r", "Zone.remove z"]);
    assert!(deleted.report.is_complete());
}

/// The key of the newest diff restricts, and is removed with its request: the database drops both in one statement, or
/// defers the check. So the arc orders nothing.
#[test]
fn restrict_between_two_removed_instances_of_a_cycle_orders_nothing() {
    let cloud = || {
        Cloud::new()
            .kind("Request", |it| {
                it.root("remove").edge("Diff", "d>r");
                it.declared().rule(Rule::restrict::<Delete>(place!()).from(descriptor("Diff")));
            })
            .kind("Diff", |it| {
                it.under("Request", "remove", "r>d");
            })
    };
    let plan = cloud().plan("Request r");
    assert_eq!((plan.vetoes().len(), plan.summary().unwrap().cut), (0, Vec::new()), "{plan}");
    assert_eq!(cloud().delete("Request r").calls, ["Diff.remove d", "Request.remove r"]);
}

#[test]
fn an_instance_that_depends_on_itself_is_no_cut() {
    let cloud = || {
        Cloud::new().kind("Folder", |it| {
            it.root("remove").under("Folder", "remove", "a>a a>b b>b");
        })
    };
    let plan = cloud().plan("Folder a");
    assert_eq!(plan.summary().unwrap().cut, []);
    assert!(!plan.to_string().contains("left out of the order"), "{plan}");
    assert_eq!(cloud().delete("Folder a").calls, ["Folder.remove b", "Folder.remove a"]);
}

/// Two resources that remove each other.
fn mutual(b_of_a: &str) -> Cloud {
    Cloud::new()
        .kind("A", |it| {
            it.root("remove").under("B", "remove", "b>a");
        })
        .kind("B", |it| {
            it.under("A", "remove", b_of_a);
        })
}

#[test]
fn a_cycle_without_a_leaf_effect_is_cut() {
    let cut = mutual("a>b").plan("A a").summary().unwrap().cut;
    assert_eq!((cut.len(), &*cut[0].parent.text, &*cut[0].child.text), (1, "b", "a"));
}

/// Applies the plan of a cloud. Returns the error.
fn refused(cloud: Cloud, set: impl FnOnce(Apply) -> Apply) -> (ApplyError, Vec<String>) {
    let (cascade, notes) = cloud.build();
    let error = block_on(async {
        let plan = plan(&cascade, "A a").await.unwrap();
        set(cascade.apply(plan)).await.unwrap_err()
    });
    (error, notes.calls())
}

#[test]
fn a_cut_must_be_allowed_and_force_does_not_allow_it() {
    let sets: [fn(Apply) -> Apply; 3] =
        [|apply| apply, |apply| apply.forced(true), |apply| apply.forced(true).policy(FailurePolicy::Force)];
    for set in sets {
        let (error, calls) = refused(mutual("a>b"), set);
        let ApplyError::Cuts { cuts } = &error else { panic!("{error}") };
        assert_eq!((cuts.len(), calls), (1, Vec::new()));
        assert_eq!(
            error.to_string(),
            "the plan gives up the order of one arc of a cycle, nothing was changed: B b → A a\nlet a `leaf` effect drop \
             one of the references of each cycle, or apply with `allow_cuts` if these instances may be removed in any \
             order"
        );
    }
    let deleted = mutual("a>b").delete_with("A a", Apply::allow_cuts);
    assert_eq!(deleted.calls, ["B.remove b", "A.remove a"]);
    assert!(deleted.report.is_complete());
}

#[test]
fn the_digest_covers_cuts() {
    let digest = |b_of_b: &str| {
        let cloud = Cloud::new()
            .kind("A", |it| {
                it.root("remove");
            })
            .kind("B", |it| {
                it.under("A", "remove", "a>b1 a>b2").under("B", "remove", b_of_b);
            });
        let plan = cloud.plan("A a");
        (plan.digest().unwrap(), plan.summary().unwrap().cut.len())
    };
    let (chain, self_loop, circle) = (digest("b1>b2"), digest("b1>b2 b1>b1"), digest("b1>b2 b2>b1"));
    assert_eq!((chain.1, self_loop.1, circle.1), (0, 0, 1));
    assert_eq!(chain.0, self_loop.0);
    assert_ne!(chain.0, circle.0);
}

/// A cycle that closes after the plan was made is a difference that a run refuses, also if it allows the cuts of its plan.
#[test]
fn a_plan_of_now_with_a_further_cut_is_refused() {
    let closed = Arc::new(AtomicBool::new(false));
    let cloud = Cloud::new()
        .kind("A", |it| {
            it.root("remove");
        })
        .kind("B", |it| {
            it.under("A", "remove", "a>b1 a>b2");
            let closed = Arc::clone(&closed);
            let declared = it.declared();
            declared.edge(descriptor("B"), place!());
            declared.finder("next", descriptor("B"), None, place!(), move |_: &Notes, bs: &[String], _| {
                let circle = [("b1", "b2"), ("b2", "b1")];
                let links = &circle[..if closed.load(Ordering::Relaxed) { 2 } else { 1 }];
                let pairs = links.iter().filter(|link| bs.iter().any(|b| b == link.0));
                let pairs = pairs.map(|(parent, child)| ((*parent).to_owned(), (*child).to_owned()));
                let found = Found::Pairs(pairs.collect::<Vec<(String, String)>>());
                Box::pin(async { Ok(found) })
            });
            declared.rule(Rule::effect::<Delete>("remove", place!()).from(descriptor("B")));
        });
    let (cascade, notes) = cloud.build();
    let error = block_on(async {
        let plan = plan(&cascade, "A a").await.unwrap();
        closed.store(true, Ordering::Relaxed);
        cascade.apply(plan).allow_cuts().await.unwrap_err()
    });
    let ApplyError::Drifted { difference, plan } = error else { panic!("{error}") };
    assert_eq!((difference.added, difference.changed, difference.cuts), (0, 0, 1));
    let listed: Vec<String> = difference.listed.iter().map(ToString::to_string).collect();
    assert_eq!(listed, ["! B b2 → B b1: the order is given up"]);
    assert_eq!((plan.summary().unwrap().cut.len(), notes.calls()), (1, Vec::new()));
}

/// The step drops the reference to the diff. The diff waits for it, and the rest of the request for the diff.
#[test]
fn the_monitor_says_what_waits_for_an_early_effect() {
    let root = |it: &mut Kind| {
        it.root("remove");
    };
    let (cascade, notes) = merge_requests(root, "d>r", "r>d").build();
    let monitor = Monitor::default();
    let stuck = block_on(async {
        let plan = plan(&cascade, "Request r").await.unwrap();
        notes.hang(Some("Request.forget r"));
        let applying = cascade.apply(plan).monitored_by(&monitor);
        let mut run = std::pin::pin!(applying.into_future());
        let waiting = tokio::time::timeout(Duration::from_secs(90), &mut run).await;
        assert!(waiting.is_err(), "the step hangs");
        monitor.stuck()
    });
    assert_eq!(stuck.len(), 1);
    assert_eq!(stuck[0].to_string(), "Request forget on r for 90.0s: 1 waiting, next Diff d");
}

/// The volume has no effect besides the early one. Its end is blocked before that effect ends, and then it is done: the
/// events count it once.
#[test]
fn events_count_an_instance_with_only_early_effects_once() {
    let cloud = Cloud::new()
        .kind("A", |it| {
            it.root("remove");
        })
        .kind("Copy", |it| {
            it.under("Volume", "remove", "v>c");
        })
        .kind("Disk", |it| {
            it.under("Volume", "remove", "v>d");
        })
        .kind("Pool", |it| {
            it.under("A", "remove", "a>p").leaf("Disk", "unlink", "d>p");
        })
        .kind("Volume", |it| {
            it.leaf("Copy", "drop", "c>v").edge("Pool", "p>v");
            it.declared().rule(Rule::with_parent::<Delete>(place!()).from(descriptor("Pool")));
        });
    let (cascade, notes) = cloud.failing(&["Disk.remove d"]).build_with(|builder| builder.concurrency(1));
    let counted = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&counted);
    let report = block_on(async {
        let plan = plan(&cascade, "A a").await.unwrap();
        let applying = cascade.apply(plan).policy(FailurePolicy::Isolate).on_event(move |event| {
            if let Event::StepEnded { ended, blocked, .. } = event {
                count.fetch_add(ended + blocked, Ordering::Relaxed);
            }
        });
        applying.await.unwrap()
    });
    let deleted = Deleted { report, calls: notes.calls() };
    assert_eq!(deleted.calls, ["Pool.unlink p", "Disk.remove d", "Volume.drop v", "Copy.remove c"]);
    assert_eq!(
        deleted.verdicts(),
        [
            "A a blocked by Disk d",
            "Copy c done",
            "Disk d failed: remove: simulated failure",
            "Pool p blocked by Disk d",
            "Volume v done"
        ]
    );
    assert_eq!(counted.load(Ordering::Relaxed), 5);
}
