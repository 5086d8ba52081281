//! Looking at a run from outside.

use std::sync::Arc;
use std::time::Duration;

use cascade_core::prelude::*;
use cascade_core::{Layer, Monitor, Next, Phase, StepAnswer, StepCall};
use futures::future::BoxFuture;
use tokio::sync::Notify;

use crate::cloud::{Rack, World};

#[tokio::test(start_paused = true)]
async fn stuck_says_what_waits_for_whom_and_since_when() {
    let world = World::new(&[("host-1", "rack-1")], &[("vm-1", "host-1"), ("vm-2", "host-1")]);
    let answered = Arc::new(Notify::new());
    let slow = Slow(Arc::clone(&answered));
    let cascade = world.builder().layer(slow).build().expect("the graph has no faults");
    let plan = cascade.plan(Delete, Rack::roots(["rack-1"])).await.expect("finders answer");
    let monitor = Monitor::default();
    let run = tokio::spawn(cascade.apply(plan).monitored_by(&monitor).into_future());
    tokio::time::sleep(Duration::from_secs(90)).await;

    let stuck = monitor.stuck();
    assert_eq!(stuck.len(), 1);
    assert_eq!(
        stuck[0].to_string(),
        "Vm remove on vm-1, vm-2 for 90.0s: 2 waiting, next Host host-1, Rack rack-1"
    );
    let progress = monitor.progress();
    assert_eq!((progress.phase, progress.running, progress.instances), (Some(Phase::Effect), 1, 4));

    answered.notify_one();
    let report = run.await.expect("it does not panic").expect("nothing stands against it");
    assert!(report.is_complete());
    assert!(monitor.stuck().is_empty());
    assert_eq!(monitor.progress().phase, None);
}

/// An agent of VMs that does not answer until it is told to.
struct Slow(Arc<Notify>);

impl Layer for Slow {
    fn call<'a>(&'a self, step: StepCall<'a>, next: Next<'a>) -> BoxFuture<'a, StepAnswer> {
        Box::pin(async move {
            if step.resource() == "Vm" {
                self.0.notified().await;
            }
            next.run().await
        })
    }
}
