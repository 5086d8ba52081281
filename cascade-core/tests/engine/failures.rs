//! Runs whose methods fail.

use std::sync::Arc;

use cascade_core::{Apply, CancellationToken, Event, FailurePolicy, Outcome, Phase, StepError, place};
use tokio::sync::Notify;

use crate::support::{Cloud, Deleted, Kind, Notes, block_on, plan};

fn isolated(apply: Apply) -> Apply {
    apply.policy(FailurePolicy::Isolate)
}

fn forced(apply: Apply) -> Apply {
    apply.policy(FailurePolicy::Force)
}

/// Two zones with a host each. A begin method marks the zones first.
fn marked_zones(set: impl FnOnce(Apply) -> Apply) -> Deleted {
    Cloud::new()
        .kind("Zone", |it| {
            it.root("remove").begin("mark");
        })
        .kind("Host", |it| {
            it.under("Zone", "remove", "z1>h1 z2>h2");
        })
        .failing(&["Zone.mark z1"])
        .delete_with("Zone z1 z2", set)
}

#[test]
fn dependents_of_an_unmarked_zone_are_blocked() {
    let deleted = marked_zones(isolated);
    assert_eq!(
        deleted.verdicts(),
        [
            "Host h1 blocked by Zone z1",
            "Host h2 done",
            "Zone z1 failed: mark: simulated failure",
            "Zone z2 done"
        ]
    );
    let summary = deleted.report.summary();
    assert_eq!((summary.done, summary.failed, summary.blocked, summary.not_started), (2, 1, 1, 0));
}

#[test]
fn a_forced_run_continues_with_the_other_effects_of_an_instance() {
    let deleted = Cloud::new()
        .kind("Zone", |it| {
            it.root("remove");
        })
        .kind("Rack", |it| {
            it.under("Zone", "remove", "z>r");
        })
        .kind("Host", |it| {
            it.under("Zone", "drain", "z>h").under("Rack", "remove", "r>h");
        })
        .failing(&["Host.drain h"])
        .delete_with("Zone z", forced);
    assert_eq!(deleted.calls, ["Host.drain h", "Host.remove h", "Rack.remove r", "Zone.remove z"]);
    assert_eq!(deleted.verdicts(), ["Host h failed: drain: simulated failure", "Rack r done", "Zone z done"]);
}

/// An effect that waits until the test opens the gate, and then succeeds or fails.
fn waiting(kind: &mut Kind, effect: &'static str, gate: &Arc<Notify>, fails: bool) {
    let gate = Arc::clone(gate);
    kind.declared().effect(effect, place!(), move |_: &Notes, _: &[String], _| {
        let gate = Arc::clone(&gate);
        Box::pin(async move {
            gate.notified().await;
            if fails { Err(StepError::terminal("simulated failure")) } else { Ok(Outcome::done()) }
        })
    });
}

/// Host h1 succeeds and host h2 fails in the same poll: the rack above h1 does not start.
#[test]
fn no_step_starts_after_a_failure_in_the_same_poll() {
    let gate = Arc::new(Notify::new());
    let (cascade, notes) = Cloud::new()
        .kind("Zone", |it| {
            it.root("remove");
        })
        .kind("Rack", |it| {
            it.under("Zone", "remove", "z>r");
        })
        .kind("Host1", |it| {
            waiting(it, "wait", &gate, false);
            it.under_declared("Rack", "wait", "r>h1");
        })
        .kind("Host2", |it| {
            waiting(it, "wait", &gate, true);
            it.under_declared("Zone", "wait", "z>h2");
        })
        .build();
    let report = block_on(async {
        let plan = plan(&cascade, "Zone z").await.unwrap();
        let release = async {
            tokio::task::yield_now().await;
            gate.notify_waiters();
        };
        tokio::join!(cascade.apply(plan).into_future(), release).0.unwrap()
    });
    assert_eq!(notes.calls(), Vec::<String>::new());
    let summary = report.summary();
    assert_eq!((summary.done, summary.failed, summary.blocked, summary.not_started), (1, 1, 1, 1));
}

/// The zone could not be marked, but a forced run removed it: it counts as failed, and not as done without cleanup.
#[test]
fn a_failed_instance_does_not_count_as_done_without_cleanup() {
    let token = CancellationToken::new();
    let cancel = token.clone();
    let deleted = Cloud::new()
        .kind("Zone", |it| {
            it.root("remove").begin("mark").cleanup("purge");
        })
        .failing(&["Zone.mark z1"])
        .delete_with("Zone z1 z2", |apply| {
            forced(apply).cancelled_by(token).on_event(move |event| {
                if matches!(event, Event::StepEnded { step, .. } if step.phase == Phase::Effect) {
                    cancel.cancel();
                }
            })
        });
    assert_eq!(deleted.calls, ["Zone.mark z1 z2", "Zone.remove z1 z2"]);
    let summary = deleted.report.summary();
    assert_eq!((summary.done, summary.failed, summary.not_cleaned_up), (1, 1, 1));
}

/// The zone could be neither marked nor removed, so the run does not clean up after it.
#[test]
fn a_forced_run_does_not_clean_up_after_a_failed_instance() {
    let deleted = Cloud::new()
        .kind("Zone", |it| {
            it.root("remove").begin("mark").cleanup("purge");
        })
        .failing(&["Zone.mark z1", "Zone.remove z1"])
        .delete_with("Zone z1 z2", forced);
    assert_eq!(deleted.calls, ["Zone.mark z1 z2", "Zone.remove z1 z2", "Zone.purge z2"]);
    assert_eq!(deleted.verdicts(), ["Zone z1 failed: mark: simulated failure", "Zone z2 done"]);
}
