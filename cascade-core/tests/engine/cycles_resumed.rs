//! Early effects of cycles in runs that die and are resumed, and in plans that grow.

use std::time::Duration;

use cascade_core::{Apply, Cascade, Delete, Drift, FailurePolicy, MemoryJournal, Report, Rule, place};

use crate::support::{Cloud, Deleted, Kind, Notes, block_on, descriptor, plan};

/// A run that dies while a call hangs, and is resumed.
struct Life {
    journal: MemoryJournal,
    notes: Notes,
}

impl Life {
    fn new() -> Self {
        Self { journal: MemoryJournal::new(), notes: Notes::default() }
    }

    fn engine(&self, cloud: Cloud) -> Cascade {
        cloud.with_notes(&self.notes).build_with(|builder| builder.journal(self.journal.clone())).0
    }

    /// Deletes the roots with `first` until that call hangs, then goes on with `then`.
    fn deleted(
        &self,
        roots: &str,
        first: Cloud,
        hanging: &str,
        then: Cloud,
        set: fn(Apply) -> Apply,
    ) -> Deleted {
        let (first, then) = (self.engine(first), self.engine(then));
        let report = block_on(async {
            let plan = plan(&first, roots).await.unwrap();
            let applying = set(first.apply(plan));
            let run = applying.run_id().clone();
            self.notes.hang(Some(hanging));
            let dying = tokio::time::timeout(Duration::from_secs(60), applying.into_future());
            assert!(
                dying.await.is_err(),
                "the run ended before it was interrupted: {:?}",
                self.notes.calls()
            );
            self.notes.hang(None);
            then.resume(&run).await.unwrap()
        });
        Deleted { report, calls: self.notes.calls() }
    }
}

fn complete(report: &Report) {
    assert!(report.is_complete(), "{report}");
}

/// A merge request remembers its newest diff.
fn merge_requests() -> Cloud {
    Cloud::new()
        .kind("Request", |it| {
            it.root("remove").leaf("Diff", "forget", "d>r");
        })
        .kind("Diff", |it| {
            it.under("Request", "remove", "r>d");
        })
}

/// The effect that lets go of a parent has ended, so a new plan does not have it. That is the work of the run itself.
#[test]
fn an_early_effect_that_has_ended_is_no_difference_to_a_new_plan() {
    let life = Life::new();
    life.notes.relink_at("Request.forget r", "Request", "Diff", "");
    let changed = merge_requests().kind("Label", |it| {
        it.under("Request", "remove", "");
    });
    let deleted = life.deleted("Request r", merge_requests(), "Diff.remove d", changed, |apply| apply);
    complete(&deleted.report);
    assert_eq!(deleted.calls, ["Request.forget r", "Diff.remove d", "Diff.remove d", "Request.remove r"]);
}

/// Two resources that remember each other.
fn replicas() -> Cloud {
    Cloud::new()
        .kind("Zone", |it| {
            it.root("remove");
        })
        .kind("Primary", |it| {
            it.under("Zone", "remove", "z>p").leaf("Replica", "forget", "r>p");
        })
        .kind("Replica", |it| {
            it.under("Zone", "remove", "z>r").leaf("Primary", "forget", "p>r");
        })
}

/// The replica waits only for the early effect of the primary, which has ended in the process before.
#[test]
fn an_instance_goes_on_after_an_early_effect_whose_instance_failed_later() {
    let life = Life::new();
    let first = || replicas().with_notes(&life.notes).failing(&["Primary.remove p"]);
    let isolate = |apply: Apply| apply.policy(FailurePolicy::Isolate);
    let deleted = life.deleted("Zone z", first(), "Replica.remove r", first(), isolate);
    assert_eq!(
        deleted.verdicts(),
        ["Primary p failed: remove: simulated failure", "Replica r done", "Zone z blocked by Primary p"]
    );
    let removals: Vec<&String> = deleted.calls.iter().filter(|call| call.contains("remove")).collect();
    assert_eq!(removals, ["Primary.remove p", "Replica.remove r", "Replica.remove r"]);
}

/// The primary is done when the run is resumed, and so is its early effect: the replica hears of that once.
#[test]
fn the_early_effect_of_an_instance_that_is_done_ends_once() {
    let life = Life::new();
    let deleted = life.deleted("Zone z", replicas(), "Replica.remove r", replicas(), |apply| apply);
    complete(&deleted.report);
    let removals: Vec<&String> = deleted.calls.iter().filter(|call| call.contains("remove")).collect();
    assert_eq!(removals, ["Primary.remove p", "Replica.remove r", "Replica.remove r", "Zone.remove z"]);
}

fn superseding(it: &mut Kind) {
    it.effect("remove").effect("forget");
    it.declared().supersedes("remove", ["forget"]);
}

/// While the note is removed, the diff becomes a part of the request. That closes a cycle of instances that are both in
/// the plan already.
#[test]
fn an_effect_that_becomes_early_while_the_plan_grows_is_recorded() {
    let cloud = || {
        Cloud::new()
            .kind("Zone", |it| {
                it.root("remove");
            })
            .kind("Request", |it| {
                superseding(it);
                it.under("Zone", "remove", "z>r").leaf("Diff", "forget", "d>r");
            })
            .kind("Diff", |it| {
                it.under("Zone", "remove", "z>d").under("Request", "remove", "");
            })
            .kind("Note", |it| {
                it.under("Request", "remove", "r>n");
            })
    };
    let life = Life::new();
    life.notes.relink_at("Note.remove n", "Diff", "Request", "r>d");
    let chase = |apply: Apply| apply.drift(Drift::Follow);
    let deleted = life.deleted("Zone z", cloud(), "Diff.remove d", cloud(), chase);
    complete(&deleted.report);
    assert_eq!(
        deleted.calls,
        [
            "Note.remove n",
            "Request.forget r",
            "Diff.remove d",
            "Diff.remove d",
            "Request.remove r",
            "Zone.remove z"
        ]
    );
}

/// A request and its review are removed in one cycle, the request first, because `restrict` orders nothing there. While
/// the request is removed, the review gets a diff that the request remembers.
fn reviews() -> Cloud {
    Cloud::new()
        .kind("Zone", |it| {
            it.root("remove");
        })
        .kind("Review", |it| {
            it.under("Zone", "remove", "z>x").edge("Request", "r>x");
            it.declared().rule(Rule::restrict::<Delete>(place!()).from(descriptor("Request")));
        })
        .kind("Request", |it| {
            superseding(it);
            it.under("Zone", "remove", "z>r").under("Review", "remove", "x>r").leaf("Diff", "forget", "d>r");
        })
        .kind("Diff", |it| {
            it.under("Review", "remove", "");
        })
}

/// The removal supersedes the effect that lets go of the diff, so there is nothing left to let go of.
#[test]
fn an_effect_that_becomes_early_on_a_removed_instance_is_not_called() {
    let chase: fn(Apply) -> Apply = |apply| apply.drift(Drift::Follow);
    let cloud = reviews();
    cloud.notes().relink_at("Request.remove r", "Diff", "Review", "x>d");
    let deleted = cloud.delete_with("Zone z", chase);
    complete(&deleted.report);
    assert_eq!(deleted.calls, ["Request.remove r", "Diff.remove d", "Review.remove x", "Zone.remove z"]);

    let life = Life::new();
    life.notes.relink_at("Request.remove r", "Diff", "Review", "x>d");
    let deleted = life.deleted("Zone z", reviews(), "Diff.remove d", reviews(), chase);
    complete(&deleted.report);
    assert_eq!(
        deleted.calls,
        ["Request.remove r", "Diff.remove d", "Diff.remove d", "Review.remove x", "Zone.remove z"]
    );
}
