//! The world changes between the plan and the start of its run: the comparison before the first effect.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use cascade_core::prelude::*;
use cascade_core::{
    Apply, ApplyError, Declaration, Drift, Found, Limits, PlanDifference, Report, ResourceDescriptor,
    RootSet, Rule, Verdict, place,
};

use crate::cloud::{Rack, Vm, World};

/// One host in a rack, with two VMs.
fn one_host() -> World {
    World::new(&[("host-1", "rack-1")], &[("vm-1", "host-1"), ("vm-2", "host-1")])
}

/// Plans the deletion of the rack, changes the world, and applies the plan.
async fn run(
    world: &World,
    change: impl FnOnce(&World),
    set: impl FnOnce(Apply) -> Apply,
) -> Result<Report, ApplyError> {
    let cascade = world.builder().build().expect("the graph has no faults");
    let plan = cascade.plan(Delete, Rack::roots(["rack-1"])).await.expect("finders answer");
    change(world);
    set(cascade.apply(plan)).await
}

fn add(ids: &'static [&'static str]) -> impl FnOnce(&World) {
    move |world| {
        let rows = ids.iter().map(|id| ((*id).to_owned(), String::from("host-1")));
        world.tables().vms.extend(rows);
    }
}

/// Moves `vm-2` to a host of another rack.
fn depart(world: &World) {
    world.tables().vms.insert(String::from("vm-2"), String::from("host-elsewhere"));
}

fn refused(result: Result<Report, ApplyError>) -> PlanDifference {
    match result {
        Err(ApplyError::Drifted { difference, plan }) => {
            assert_eq!(difference.digest, plan.digest().expect("ids serialise"));
            *difference
        }
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn an_instance_that_has_departed_stays_and_is_listed() {
    for drift in [Drift::Refuse, Drift::Follow] {
        let world = one_host();
        let report = run(&world, depart, |apply| apply.drift(drift)).await.expect("the run accepts it");
        assert!(report.is_complete(), "{report}");
        assert!(world.tables().vms.contains_key("vm-2"), "{drift:?}");
        assert!(report.verdict::<Vm>(&String::from("vm-2")).is_none());
        let difference = report.drift().expect("the plan has changed");
        assert_eq!((difference.added, difference.gone), (0, 1));
        assert!(report.to_string().contains("changed since it was planned: 0 added, 1 gone"), "{report}");
        assert_eq!(report.summary().drift.as_deref(), Some(difference));
    }
}

#[tokio::test]
async fn an_exact_run_refuses_what_has_departed() {
    let world = one_host();
    let difference = refused(run(&world, depart, |apply| apply.drift(Drift::Exact)).await);
    assert_eq!((difference.added, difference.gone, difference.additions.len()), (0, 1, 0));
    assert!(world.log().iter().all(|line| !line.starts_with("remove")), "{:?}", world.log());
    let unchanged =
        run(&world, |_| (), |apply| apply.drift(Drift::Exact)).await.expect("nothing has changed");
    assert!(unchanged.is_complete() && unchanged.drift().is_none());
}

#[tokio::test]
async fn additions_are_tolerated_up_to_a_number_for_each_resource() {
    let tolerate = |apply: Apply| apply.tolerate("Vm", 1).tolerate("Host", 5);
    let world = one_host();
    let difference = refused(run(&world, add(&["vm-3", "vm-4"]), tolerate).await);
    assert_eq!(difference.additions, [(String::from("Vm"), 2)].into());
    assert!(world.log().iter().all(|line| !line.starts_with("remove")), "{:?}", world.log());
    let world = one_host();
    let report = run(&world, add(&["vm-3"]), tolerate).await.expect("one is tolerated");
    assert!(matches!(report.verdict::<Vm>(&String::from("vm-3")), Some(Verdict::Done)));
    assert_eq!(report.drift().map(|difference| difference.added), Some(1));
}

#[tokio::test]
async fn a_run_that_follows_runs_the_plan_of_now_within_its_limits() {
    let follow = |apply: Apply| apply.drift(Drift::Follow);
    let report = run(&one_host(), add(&["vm-3"]), follow).await.expect("the run follows");
    assert!(report.is_complete() && report.drift().is_some_and(|difference| difference.added == 1));
    let limited = |apply: Apply| follow(apply).limits(Limits::none().resource("Vm", 2));
    let world = one_host();
    let over = run(&world, add(&["vm-3"]), limited).await;
    assert!(matches!(over, Err(ApplyError::OverLimit { .. })), "{over:?}");
    assert!(world.log().iter().all(|line| !line.starts_with("remove")), "{:?}", world.log());
}

#[tokio::test]
async fn a_tolerance_for_an_unknown_resource_is_refused() {
    let error = run(&one_host(), |_| (), |apply| apply.tolerate("Hots", 1)).await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "additions of `Hots` are tolerated, which is no resource: did you mean `Host`?; nothing was changed"
    );
}

#[tokio::test]
async fn planning_and_running_in_one_go_discovers_once() {
    let zone = ResourceDescriptor::runtime::<u64>("Zone", place!());
    let calls = Arc::new(AtomicUsize::new(0));
    let mut racks =
        Declaration::<(), u64>::new("Racks", ResourceDescriptor::runtime::<u64>("Rack", place!()), place!());
    let counted = Arc::clone(&calls);
    racks.effect("remove", place!(), |(), _, _| Box::pin(async { Ok(Outcome::done()) }));
    racks.edge_with(zone.clone(), place!()).on::<Delete>("remove").finder(
        "in_zones",
        move |(), _: &[u64], _| {
            counted.fetch_add(1, Ordering::Relaxed);
            Box::pin(async { Ok(Found::Children(vec![1, 2])) })
        },
    );
    let mut zones = Declaration::<(), u64>::new("Zones", zone, place!());
    zones.effect("remove", place!(), |(), _, _| Box::pin(async { Ok(Outcome::done()) }));
    zones.rule(Rule::effect::<Delete>("remove", place!()));
    let cascade = Cascade::builder().declare((), zones).declare((), racks).build().expect("no fault");
    let roots = || RootSet::new().and_named("Zone", ["7"]);
    let ignore = |apply: Apply| apply.drift(Drift::Ignore);
    let report = cascade.run_all(Delete, roots()).with(ignore).await.expect("the run starts");
    assert!(report.is_complete());
    assert_eq!((report.verdicts().count(), calls.swap(0, Ordering::Relaxed)), (3, 1));
    // By default, the step on the zone asks for late dependents once more.
    assert!(cascade.run_all(Delete, roots()).await.expect("the run starts").is_complete());
    assert_eq!(calls.load(Ordering::Relaxed), 2);
    let none = cascade.run_all(Delete, RootSet::new()).await.unwrap_err();
    assert!(none.to_string().starts_with("no roots were given"), "{none}");
}
