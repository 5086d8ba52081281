//! Monitoring a run from another task.

use std::fmt;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use cascade_core::prelude::*;
use cascade_core::{Layer, Monitor, Next, Phase, StepAnswer, StepCall};
use futures::future::BoxFuture;
use serde::{Deserialize, Serialize};
use tokio::sync::Notify;

use crate::cloud::{Answer, Rack, World};

#[tokio::test(start_paused = true)]
async fn stuck_names_the_step_its_age_and_the_waiting_instances() {
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
    let report = run.await.expect("it does not panic").expect("the plan can be applied");
    assert!(report.is_complete());
    assert!(monitor.stuck().is_empty());
    assert_eq!(monitor.progress().phase, None);
}

/// An id that reads the progress of the run when it is printed.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub(crate) struct Curious(u64);

static WATCHED: OnceLock<Monitor> = OnceLock::new();

impl fmt::Display for Curious {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ended = WATCHED.get().map_or(0, |monitor| monitor.progress().ended);
        write!(f, "{}, {ended} ended", self.0)
    }
}

#[derive(Debug, Resource)]
#[resource(id = Curious)]
pub(crate) struct Probe;

#[derive(Extension)]
struct Probes;

#[cascade(resource = Probe)]
impl Probes {
    #[on(Delete)]
    async fn remove(&self, _probes: &[Curious]) -> Answer<()> {
        std::future::pending().await
    }
}

/// A monitor prints ids with user code: the run holds no lock meanwhile.
#[tokio::test(start_paused = true)]
async fn a_monitor_prints_ids_without_a_lock() {
    let cascade = Cascade::builder().register(Probes).build().expect("the graph has no faults");
    let plan = cascade.plan(Delete, Probe::roots([Curious(7)])).await.expect("finders answer");
    let monitor = WATCHED.get_or_init(Monitor::default);
    let run = tokio::spawn(cascade.apply(plan).monitored_by(monitor).into_future());
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert_eq!(monitor.stuck()[0].named[0].text, "7, 0 ended");
    run.abort();
}

/// VM steps that wait until the test notifies them.
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
