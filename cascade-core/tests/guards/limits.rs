//! Limits, confirmation and authorisation are checked before any step runs.

use std::sync::{Arc, Mutex};

use cascade_core::prelude::*;
use cascade_core::{ApplyError, Authorizer, Denial, Drift, Instances, Limits};
use futures::future::BoxFuture;

use crate::cloud::{Rack, Vm, World};

fn world() -> World {
    World::new(&[("host-1", "rack-1")], &[("vm-1", "host-1"), ("vm-2", "host-1")])
}

#[tokio::test]
async fn a_plan_above_a_limit_is_refused_even_if_forced() {
    let world = world();
    let limits = Limits::none().instances(3).resource("Vm", 1).resource("Host", 1);
    let cascade = world.builder().limits(limits.clone()).build().expect("the graph has no faults");
    let plan = cascade.plan(Delete, Rack::roots(["rack-1"])).await.expect("finders answer");
    assert_eq!(plan.exceeds(&limits).len(), 2);
    let error = cascade.apply(plan.clone()).forced(true).await.expect_err("it is above two limits");
    assert_eq!(
        error.to_string(),
        "the plan is over the limit, nothing was changed: 4 instances of all resources together, where the limit is \
         3; 2 instances of Vm, where the limit is 1"
    );
    assert!(world.log().is_empty());
    let report = cascade.apply(plan).limits(Limits::none()).await.expect("the limit is lifted for this run");
    assert!(report.is_complete());
}

#[test]
fn a_limit_on_an_unknown_resource_is_a_fault() {
    let error =
        world().builder().limits(Limits::none().resource("Vn", 1)).build().expect_err("there is no Vn");
    assert_eq!(
        error.to_string(),
        "the resource graph has 1 fault\nerror[C004]: there is a limit on `Vn`, but no linked extension \
         declares this resource\n  help: did you mean `Vm`?"
    );
}

#[tokio::test]
async fn a_confirmation_is_bound_to_the_plan() {
    let world = world();
    let cascade = world.builder().build().expect("the graph has no faults");
    let confirmed = cascade.plan(Delete, Rack::roots(["rack-1"])).await.expect("finders answer");
    let digest = confirmed.digest().expect("ids serialise");
    world.tables().vms.insert("vm-3".to_owned(), "host-1".to_owned());
    let moved = cascade.plan(Delete, Rack::roots(["rack-1"])).await.expect("finders answer");
    let error = cascade.apply(moved).confirmed(&digest).await.expect_err("it is another plan");
    assert!(matches!(error, ApplyError::OtherDigest { .. }), "{error}");
    assert!(world.log().is_empty());
    let error = cascade.apply(confirmed.clone()).confirmed(&digest).await.expect_err("the plan would grow");
    assert!(matches!(error, ApplyError::Drifted { .. }), "{error}");
    assert!(world.log().is_empty());
    let applying = cascade.apply(confirmed).confirmed(digest).drift(Drift::Ignore);
    assert!(applying.await.expect("it is this plan").is_complete());
}

/// Denies VMs whose id does not match.
struct Owner(&'static str);

impl Authorizer for Owner {
    fn authorize<'a>(&'a self, instances: Instances<'a>) -> BoxFuture<'a, Result<Vec<Denial>, StepError>> {
        Box::pin(async move {
            let foreign = |&position: &usize| instances.id::<Vm>(position).is_some_and(|vm| vm == self.0);
            let denied = (0..instances.len()).filter(foreign);
            Ok(denied.map(|position| Denial::new(position, "it is not yours")).collect())
        })
    }
}

#[tokio::test]
async fn a_denial_stops_the_run_before_any_step() {
    let world = world();
    let cascade = world.builder().authorizer(Owner("vm-2")).build().expect("the graph has no faults");
    let plan = cascade.plan(Delete, Rack::roots(["rack-1"])).await.expect("finders answer");
    assert_eq!(plan.denials().len(), 1);
    let error = cascade.apply(plan).forced(true).await.expect_err("vm-2 is denied");
    assert_eq!(error.to_string(), "1 denial, nothing was changed:\n  Vm vm-2: it is not yours (authorizer)");
    assert!(world.log().is_empty());
}

/// Notes how many instances each call is about.
struct Sizes(Arc<Mutex<Vec<usize>>>);

impl Authorizer for Sizes {
    fn authorize<'a>(&'a self, instances: Instances<'a>) -> BoxFuture<'a, Result<Vec<Denial>, StepError>> {
        self.0.lock().expect("no panic").push(instances.len());
        Box::pin(async { Ok(Vec::new()) })
    }
}

#[tokio::test]
async fn an_authorizer_is_asked_in_batches_of_the_finders() {
    let vms: Vec<String> = (0..5).map(|at| format!("vm-{at}")).collect();
    let vms: Vec<(&str, &str)> = vms.iter().map(|vm| (vm.as_str(), "host-1")).collect();
    let world = World::new(&[("host-1", "rack-1")], &vms);
    for (batch, expected) in [(2, vec![1, 1, 1, 2, 2]), (0, vec![1; 7]), (usize::MAX, vec![1, 1, 5])] {
        let sizes = Arc::default();
        let builder = world.builder().finder_batch(batch).authorizer(Sizes(Arc::clone(&sizes)));
        let cascade = builder.build().expect("the graph has no faults");
        cascade.plan(Delete, Rack::roots(["rack-1"])).await.expect("finders answer");
        let mut sizes = sizes.lock().expect("no panic").clone();
        sizes.sort_unstable();
        assert_eq!(sizes, expected, "batch {batch}");
    }
}
