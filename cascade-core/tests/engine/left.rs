//! Effects that leave instances as they are.

use std::sync::{Arc, Mutex};

use cascade_core::{Delete, Drift, Event, FailurePolicy, MemoryJournal, Report, Rule, StepSettings, place};

use crate::support::{Cloud, block_on, descriptor, plan};

/// A namespace with three tables, and a row of each table.
fn namespace() -> Cloud {
    Cloud::new()
        .kind("Namespace", |it| {
            it.root("drop");
        })
        .kind("Table", |it| {
            it.under("Namespace", "purge", "old>t1 old>t2 old>t3");
        })
}

fn verdict(report: &Report, resource: &str, id: &str) -> String {
    format!("{:?}", report.verdict_named(resource, id).unwrap().unwrap())
}

/// The table was moved to another namespace after the plan: the effect says so, and the namespace goes.
#[test]
fn parent_of_a_left_instance_is_removed_and_the_run_is_complete() {
    let deleted = namespace().leaving(&["Table.purge t3"]).delete("Namespace old");
    assert_eq!(deleted.calls, ["Table.purge t1 t2 t3", "Namespace.drop old"]);
    let report = deleted.report;
    assert!(report.is_complete() && report.summary().is_complete(), "{report}");
    assert_eq!(verdict(&report, "Table", "t3"), r#"Left { reason: "it is elsewhere" }"#);
    assert_eq!(verdict(&report, "Namespace", "old"), "Done");
    let left: Vec<String> = report.left().map(|(at, reason)| format!("{at}: {reason}")).collect();
    assert_eq!(left, ["Table t3: it is elsewhere"]);
    assert_eq!(
        report.to_string(),
        "                  done      failed     blocked not started        left\n\
         Namespace            1           0           0           0           0\n\
         Table                2           0           0           0           1\n\
         all                  3           0           0           0           1\n\
         left as they are:\n  Table t3: it is elsewhere\n"
    );
}

/// The effect leaves the table, but a finder still answers it: the namespace must not go.
#[test]
fn parent_of_a_left_instance_stays_while_a_finder_answers_the_instance() {
    for drift in [Drift::Refuse, Drift::Exact, Drift::Follow] {
        let cloud = namespace().leaving_in_place("Table", "purge", "t3");
        let deleted = cloud.delete_with("Namespace old", |apply| apply.drift(drift));
        assert_eq!(deleted.calls, ["Table.purge t1 t2 t3"], "{drift:?}");
        let failures: Vec<String> =
            deleted.report.failures().map(|(at, failure)| format!("{at}: {failure}")).collect();
        assert_eq!(
            failures,
            ["Namespace old: drop: 1 Table that the run left still depends on it: t3"],
            "{drift:?}"
        );
    }
}

/// One finder call answers t1, which the effect left, and t3, which is new.
#[test]
fn late_dependent_that_is_answered_together_with_a_left_instance_joins_the_plan() {
    let cloud = Cloud::new()
        .kind("Namespace", |it| {
            it.root("drop");
        })
        .kind("Table", |it| {
            it.under("Namespace", "purge", "a>t1 b>t2");
        })
        .leaving_in_place("Table", "purge", "t1");
    cloud.notes().relink_at("Table.purge t2", "Table", "Namespace", "a>t1 b>t3");
    let deleted = cloud.delete_with("Namespace a b", |apply| apply.drift(Drift::Follow));
    assert_eq!(deleted.calls, ["Table.purge t1 t2", "Table.purge t3", "Namespace.drop b"]);
    assert_eq!(verdict(&deleted.report, "Namespace", "b"), "Done");
    let failures: Vec<String> =
        deleted.report.failures().map(|(at, failure)| format!("{at}: {failure}")).collect();
    assert_eq!(failures, ["Namespace a: drop: 1 Table that the run left still depends on it: t1"]);
}

/// `s` may be removed only because `l`, which restricts it, is removed with `a`. The effect leaves `l`.
#[test]
fn restricted_parent_of_a_left_instance_stays() {
    let cloud = Cloud::new()
        .kind("App", |it| {
            it.root("remove");
        })
        .kind("Service", |it| {
            it.under("App", "remove", "a>s");
        })
        .kind("Link", |it| {
            it.under("App", "remove", "a>l").edge("Service", "s>l");
            it.declared().rule(Rule::restrict::<Delete>(place!()).from(descriptor("Service")));
        });
    let deleted = cloud.leaving_in_place("Link", "remove", "l").delete("App a");
    assert_eq!(deleted.calls, ["Link.remove l"]);
    assert!(!deleted.report.is_complete(), "{}", deleted.report);
}

#[test]
fn one_answer_has_failed_and_left_instances() {
    for policy in [FailurePolicy::Isolate, FailurePolicy::Stop, FailurePolicy::Force] {
        let cloud = namespace().leaving(&["Table.purge t3"]).failing(&["Table.purge t1"]);
        let report = cloud.delete_with("Namespace old", |apply| apply.policy(policy)).report;
        let summary = report.summary();
        assert_eq!((summary.failed, summary.left), (1, 1), "{report}");
        assert_eq!(summary.done, if policy == FailurePolicy::Force { 2 } else { 1 }, "{report}");
    }
}

#[test]
fn instance_that_is_called_left_and_failed_has_failed() {
    let cloud = namespace().leaving(&["Table.purge t1"]).failing(&["Table.purge t1"]);
    let report = cloud.delete("Namespace old").report;
    assert_eq!((report.summary().failed, report.left().count()), (1, 0), "{report}");
}

#[test]
fn left_instance_gets_no_further_effect_and_no_cleanup() {
    let cloud = Cloud::new()
        .kind("Zone", |it| {
            it.root("remove");
        })
        .kind("Rack", |it| {
            it.under("Zone", "remove", "z>r");
        })
        .kind("Vm", |it| {
            it.effect("stop").under("Zone", "destroy", "z>v").leaf("Rack", "stop", "r>v").cleanup("purge");
        });
    let deleted = cloud.leaving(&["Vm.stop v"]).delete("Zone z");
    assert_eq!(deleted.calls, ["Vm.stop v", "Rack.remove r", "Zone.remove z"]);
    assert!(deleted.report.is_complete(), "{}", deleted.report);
}

#[test]
fn run_whose_root_is_left_is_not_complete() {
    let report = namespace().leaving(&["Namespace.drop old"]).delete("Namespace old").report;
    assert!(!report.is_complete() && !report.summary().is_complete(), "{report}");
    let summary = report.summary();
    assert_eq!((summary.roots_left, summary.done_below_left, summary.left), (1, 3, 1));
    assert!(report.to_string().contains("1 roots are left\n"), "{report}");
}

/// What was removed only because of an instance that is left then makes the report unclean.
#[test]
fn instances_that_were_removed_below_a_left_one_are_listed() {
    let rows = namespace().kind("Row", |it| {
        it.under("Table", "delete", "t1>a t3>b t3>c");
    });
    let report = rows.leaving(&["Table.purge t3"]).delete("Namespace old").report;
    let below: Vec<String> = report.done_below_left().map(|at| at.to_string()).collect();
    assert_eq!(below, ["Row b", "Row c"]);
    assert!(!report.is_complete(), "{report}");
}

/// An instance that a begin method has marked keeps the mark.
#[test]
fn left_instance_that_was_begun_is_not_cleaned_up() {
    let cloud = Cloud::new()
        .kind("Zone", |it| {
            it.root("remove");
        })
        .kind("Vm", |it| {
            it.under("Zone", "destroy", "z>v z>w").begin("mark").cleanup("purge");
        });
    let deleted = cloud.leaving(&["Vm.destroy v"]).delete("Zone z");
    assert_eq!(deleted.report.summary().not_cleaned_up, 1);
    assert_eq!(deleted.calls.last().unwrap(), "Vm.purge w");
}

/// The parent that removes `v` is left, and `v` cannot complete with itself.
#[test]
fn child_that_is_removed_with_a_left_parent_and_with_itself_is_left() {
    let cloud = Cloud::new()
        .kind("Zone", |it| {
            it.root("remove");
        })
        .kind("Vm", |it| {
            it.edge("Zone", "z>v").edge("Vm", "v>v");
            for parent in ["Zone", "Vm"] {
                it.declared().rule(Rule::with_parent::<Delete>(place!()).from(descriptor(parent)));
            }
        });
    let deleted = cloud.leaving(&["Zone.remove z"]).delete("Zone z");
    assert_eq!(deleted.verdicts(), ["Vm v left", "Zone z left"]);
}

#[test]
fn only_an_effect_may_leave_an_instance() {
    let cloud = Cloud::new().kind("Vm", |it| {
        it.root("destroy").begin("mark");
    });
    let report = cloud.leaving(&["Vm.mark v"]).delete("Vm v").report;
    let failures: Vec<String> = report.failures().map(|(_, failure)| failure.to_string()).collect();
    assert_eq!(failures, ["mark: it left the instance, which only an effect may do: it is elsewhere"]);
}

/// A step that leaves an instance is not retried for it, and the event of the step counts it.
#[test]
fn left_instance_is_not_called_again() {
    let cloud = Cloud::new().kind("Vm", |it| {
        it.root("destroy").settings(StepSettings::default().retries(5));
    });
    let ends = Arc::new(Mutex::new(Vec::new()));
    let noted = Arc::clone(&ends);
    let deleted = cloud.leaving(&["Vm.destroy v"]).delete_with("Vm v w", |apply| {
        apply.on_event(move |event| {
            if let Event::StepEnded { failed, left, ended, .. } = event {
                noted.lock().unwrap().push((*failed, *left, *ended));
            }
        })
    });
    assert_eq!((deleted.calls.len(), ends.lock().unwrap().as_slice()), (1, [(0, 1, 2)].as_slice()));
}

/// The journal knows what was left: a resumed run does not call the effect again.
#[test]
fn left_instance_stays_left_after_a_resume() {
    let journal = MemoryJournal::new();
    let (cascade, notes) =
        namespace().leaving(&["Table.purge t3"]).build_with(|builder| builder.journal(journal.clone()));
    notes.hang(Some("Namespace.drop old"));
    block_on(async {
        let apply = cascade.apply(plan(&cascade, "Namespace old").await.unwrap());
        let run = apply.run_id().clone();
        let hanging = tokio::time::timeout(std::time::Duration::from_millis(50), apply.into_future());
        assert!(hanging.await.is_err(), "the namespace hangs");
        let details = cascade.run_details(&run).await.unwrap();
        assert_eq!((details.steps[0].done, details.steps[0].left), (2, 1));
        assert_eq!(details.under_way.len(), 1, "a left instance is not under way");
        notes.hang(None);
        let report = cascade.resume(&run).await.unwrap();
        assert!(report.is_complete(), "{report}");
        assert_eq!(verdict(&report, "Table", "t3"), r#"Left { reason: "it is elsewhere" }"#);
        assert_eq!(cascade.run_details(&run).await.unwrap().end.unwrap().left, 1);
    });
    assert_eq!(notes.calls(), ["Table.purge t1 t2 t3", "Namespace.drop old", "Namespace.drop old"]);
}
