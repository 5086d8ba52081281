//! What becomes of a run when methods fail.

use cascade_core::{Apply, FailurePolicy};

use crate::support::{Cloud, Deleted};

fn isolated(apply: Apply) -> Apply {
    apply.policy(FailurePolicy::Isolate)
}

fn forced(apply: Apply) -> Apply {
    apply.policy(FailurePolicy::Force)
}

/// Two zones with a host each; zones are marked before anything goes.
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
fn what_could_not_be_marked_is_blocked_and_counted_so() {
    let deleted = marked_zones(isolated);
    assert_eq!(
        deleted.verdicts(),
        ["Host h1 blocked by Zone z1", "Host h2 done", "Zone z1 failed: mark: told to fail", "Zone z2 done"]
    );
    let summary = deleted.report.summary();
    assert_eq!((summary.done, summary.failed, summary.blocked, summary.not_started), (2, 1, 1, 0));
}

#[test]
fn a_forced_run_goes_on_with_the_other_effects_of_an_instance() {
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
    assert_eq!(deleted.verdicts(), ["Host h failed: drain: told to fail", "Rack r done", "Zone z done"]);
}
