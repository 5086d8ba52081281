//! Instances appear between the plan and the step of their parent.

use cascade_core::prelude::*;
use cascade_core::{Apply, ApplyError, Drift, Event, FailurePolicy, Limits, PlanError, Report, Verdict};

use crate::cloud::{Host, Rack, Vm, World};

/// Two hosts in a rack. When `vm-1` is removed, `vm-late` appears on the same host.
fn with_late_vm() -> World {
    let world = World::new(
        &[("host-1", "rack-1"), ("host-2", "rack-1")],
        &[("vm-1", "host-1"), ("vm-2", "host-1"), ("vm-3", "host-2")],
    );
    world.tables().on_removal.insert("vm-1".to_owned(), ("vm-late".to_owned(), "host-1".to_owned()));
    world
}

async fn run(world: &World, set: impl FnOnce(Apply) -> Apply) -> Result<Report, ApplyError> {
    let cascade = world.builder().build().expect("the graph has no faults");
    let plan = cascade.plan(Delete, Rack::roots(["rack-1"])).await.expect("finders answer");
    set(cascade.apply(plan)).await
}

#[tokio::test]
async fn ignored_late_dependents_remain() {
    let world = with_late_vm();
    let report = run(&world, |apply| apply.drift(Drift::Ignore)).await.expect("the plan can be applied");
    assert!(report.is_complete());
    assert!(world.tables().vms.contains_key("vm-late"));
}

#[tokio::test]
async fn refused_late_dependents_fail_their_parent() {
    let world = with_late_vm();
    let report = run(&world, |apply| apply.drift(Drift::Refuse)).await.expect("the plan can be applied");
    let Some(Verdict::Failed(failure)) = report.verdict::<Host>(&"host-1".to_owned()) else {
        panic!("host-1 has a late dependent: {report}");
    };
    assert_eq!(failure.to_string(), "remove: 1 Vm added since the plan was made: vm-late");
    assert!(matches!(report.verdict::<Rack>(&"rack-1".to_owned()), Some(Verdict::Blocked { .. })));
    assert!(world.tables().hosts.contains_key("host-1"));
}

#[tokio::test]
async fn late_dependents_join_before_their_parent_is_removed() {
    let world = with_late_vm();
    let report = run(&world, |apply| apply.drift(Drift::Follow)).await.expect("the plan can be applied");
    assert!(report.is_complete(), "{report}");
    assert!(matches!(report.verdict::<Vm>(&"vm-late".to_owned()), Some(Verdict::Done)));
    let log = world.log();
    let at = |entry: &str| log.iter().position(|line| line == entry).expect("the entry is in the log");
    assert!(at("remove vm-late") < at("remove host-1"));
    assert_eq!(log.iter().filter(|line| line.starts_with("remove")).count(), 7, "each once: {log:?}");
    assert_eq!(log.iter().filter(|line| line.starts_with("close")).count(), 2, "each once: {log:?}");
}

#[tokio::test]
async fn a_late_dependent_brings_its_own_dependents() {
    let world = World::new(&[("host-1", "rack-1")], &[("vm-1", "host-1")]);
    let cascade = world.builder().build().expect("the graph has no faults");
    let plan = cascade.plan(Delete, Rack::roots(["rack-1"])).await.expect("finders answer");
    world.tables().hosts.insert("host-late".to_owned(), "rack-1".to_owned());
    world.tables().vms.insert("vm-late".to_owned(), "host-late".to_owned());
    let added = std::sync::Arc::new(std::sync::atomic::AtomicUsize::new(0));
    let seen = std::sync::Arc::clone(&added);
    let report = cascade.apply(plan).drift(Drift::Follow).drift_checked().on_event(move |event| {
        if let Event::Chased { newcomers } = event {
            seen.fetch_add(*newcomers, std::sync::atomic::Ordering::Relaxed);
        }
    });
    let report = report.await.expect("the plan can be applied");
    assert!(report.is_complete(), "{report}");
    assert_eq!(added.load(std::sync::atomic::Ordering::Relaxed), 2);
    let log = world.log();
    assert_eq!(
        &log[log.len() - 4..],
        ["close host-late", "remove vm-late", "remove host-late", "remove rack-1"],
        "begin runs for late dependents too: {log:?}"
    );
}

#[tokio::test]
async fn a_protected_late_dependent_fails_its_parent() {
    let world = with_late_vm();
    world.tables().protected.insert("vm-late".to_owned());
    let report = run(&world, |apply| apply.drift(Drift::Follow)).await.expect("the plan can be applied");
    let Some(Verdict::Failed(failure)) = report.verdict::<Host>(&"host-1".to_owned()) else {
        panic!("host-1 has a protected late dependent: {report}");
    };
    assert_eq!(
        failure.to_string(),
        "remove: 1 Vm added since the plan was made: vm-late; they must not be touched: Vm vm-late: it is protected \
         (Vms::may_go)"
    );
    assert!(world.tables().vms.contains_key("vm-late"));
}

/// A protected VM under one host does not affect a late VM under another host.
#[tokio::test]
async fn a_protected_late_dependent_does_not_affect_other_parents() {
    let world = World::new(
        &[("host-1", "rack-1"), ("host-2", "rack-1")],
        &[("vm-1", "host-1"), ("vm-2", "host-1"), ("vm-3", "host-2")],
    );
    let cascade = world.builder().build().expect("the graph has no faults");
    let plan = cascade.plan(Delete, Rack::roots(["rack-1"])).await.expect("finders answer");
    for host in ["host-1", "host-2"] {
        world.tables().vms.insert(format!("vm-late-on-{host}"), host.to_owned());
    }
    world.tables().protected.insert("vm-late-on-host-1".to_owned());
    let applying = cascade.apply(plan).drift(Drift::Follow).drift_checked().policy(FailurePolicy::Isolate);
    let report = applying.await.expect("the plan can be applied");
    let Some(Verdict::Failed(failure)) = report.verdict::<Host>(&"host-1".to_owned()) else {
        panic!("host-1 has a protected late dependent: {report}");
    };
    assert!(
        failure.to_string().contains("must not be touched: Vm vm-late-on-host-1: it is protected"),
        "{failure}"
    );
    assert!(matches!(report.verdict::<Vm>(&"vm-late-on-host-2".to_owned()), Some(Verdict::Done)), "{report}");
    assert!(matches!(report.verdict::<Host>(&"host-2".to_owned()), Some(Verdict::Done)), "{report}");
    assert!(world.tables().vms.keys().eq(["vm-late-on-host-1"]), "{:?}", world.tables().vms);
}

#[tokio::test]
async fn late_dependents_count_against_a_limit() {
    let world = with_late_vm();
    let limits = Limits::none().resource("Vm", 3);
    let report = run(&world, |apply| apply.drift(Drift::Follow).limits(limits)).await.expect("3 are allowed");
    let Some(Verdict::Failed(failure)) = report.verdict::<Host>(&"host-1".to_owned()) else {
        panic!("the fourth VM is above the limit: {report}");
    };
    assert!(
        failure.to_string().ends_with("over the limit: 4 instances of Vm, where the limit is 3"),
        "{failure}"
    );
}

#[tokio::test]
async fn endless_late_dependents_end_in_an_error() {
    let world = World::new(&[("host-1", "rack-1")], &[("vm-1", "host-1")]);
    world.tables().refills = Some("host-1".to_owned());
    let report = run(&world, |apply| apply.drift(Drift::Follow)).await.expect("the plan can be applied");
    let Some(Verdict::Failed(failure)) = report.verdict::<Host>(&"host-1".to_owned()) else {
        panic!("host-1 always has a VM: {report}");
    };
    assert!(failure.to_string().contains("new ones were found in each of 100 rounds"), "{failure}");
    assert!(world.tables().hosts.contains_key("host-1"));
}

#[tokio::test]
async fn a_plan_that_would_grow_is_refused_before_the_first_effect() {
    let world = World::new(&[("host-1", "rack-1")], &[("vm-1", "host-1"), ("vm-2", "host-1")]);
    let cascade = world.builder().build().expect("the graph has no faults");
    let plan = cascade.plan(Delete, Rack::roots(["rack-1"])).await.expect("finders answer");
    world.tables().vms.insert("vm-new".to_owned(), "host-1".to_owned());
    let difference = cascade.difference(&plan).await.expect("finders answer");
    assert_eq!((difference.added, difference.adds()), (1, true));
    let error = cascade.apply(plan).await.expect_err("the plan would grow");
    assert_eq!(
        error.to_string(),
        "the plan has changed since it was made, nothing was changed: 1 added, 0 gone, 0 with other effects\n  \
         + Vm vm-new: remove\nconfirm the new plan, or apply with `Drift::Ignore`"
    );
    assert!(world.log().is_empty());
    let ApplyError::Drifted { plan, .. } = error else { panic!("{error}") };
    assert!(cascade.apply(*plan).await.expect("it is the plan of now").is_complete());
    assert!(world.tables().vms.is_empty());
}

#[tokio::test]
async fn a_plan_that_only_shrinks_is_applied() {
    let world = World::new(&[("host-1", "rack-1")], &[("vm-1", "host-1"), ("vm-2", "host-1")]);
    let cascade = world.builder().build().expect("the graph has no faults");
    let plan = cascade.plan(Delete, Rack::roots(["rack-1"])).await.expect("finders answer");
    world.tables().vms.remove("vm-1");
    let difference = cascade.difference(&plan).await.expect("finders answer");
    assert_eq!((difference.gone, difference.adds(), difference.is_empty()), (1, false, false));
    assert!(cascade.apply(plan).await.expect("the plan does not grow").is_complete());
    assert!(!world.log().iter().any(|line| line.contains("vm-1")), "{:?}", world.log());
}

#[tokio::test]
async fn two_plans_differ_as_the_older_one_from_the_world_of_the_newer_one() {
    let world = World::new(&[("host-1", "rack-1")], &[("vm-1", "host-1"), ("vm-2", "host-1")]);
    let cascade = world.builder().build().expect("the graph has no faults");
    let plan = async || cascade.plan(Delete, Rack::roots(["rack-1"])).await.expect("finders answer");
    let older = plan().await;
    assert!(older.difference_to(&plan().await).expect("ids can be serialised").is_empty());
    world.tables().vms.remove("vm-1");
    world.tables().vms.insert("vm-new".to_owned(), "host-1".to_owned());
    let newer = plan().await;
    let difference = older.difference_to(&newer).expect("ids can be serialised");
    assert_eq!((difference.added, difference.gone), (1, 1));
    assert_eq!(difference, cascade.difference(&older).await.expect("finders answer"));
    let other = world.builder().build().expect("the graph has no faults");
    let of_other = other.plan(Delete, Rack::roots(["rack-1"])).await.expect("finders answer");
    assert!(matches!(older.difference_to(&of_other), Err(PlanError::OtherGraph)));
}
