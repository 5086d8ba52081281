//! Methods that start a cascade of their own.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use cascade_core::prelude::*;
use cascade_core::remote::{MethodAnswer, execute};
use cascade_core::{StepSettings, place};

use crate::cloud::{Answer, Rack, World};
use crate::scene::{Part, Scene, delete_zone, remove};

/// A machine that removes its disks with a cascade of its own; there is no edge between the two.
#[derive(Debug, Resource)]
#[resource(id = String)]
pub(crate) struct Machine;

#[derive(Debug, Resource)]
#[resource(id = String)]
pub(crate) struct Disk;

#[derive(Extension)]
struct Machines;

#[cascade(resource = Machine, edges = [Rack])]
impl Machines {
    #[affected(by = Rack)]
    async fn in_racks(&self, _racks: &[String]) -> Answer<Vec<String>> {
        Ok(vec!["machine-1".to_owned(), "machine-2".to_owned()])
    }

    #[on(Delete)]
    #[on(Delete, from = [Rack])]
    async fn remove(&self, machines: &[String], cx: &StepContext) -> Answer<()> {
        let cascade = cx.cascade();
        let disks = machines.iter().map(|machine| machine.replace("machine", "disk"));
        let plan = cascade.plan(Delete, Disk::roots(disks)).await?;
        let _ignored_report = cascade.apply(plan).await?;
        Ok(())
    }
}

#[derive(Extension)]
struct Disks {
    spinning: Spinning,
}

/// How many more times wiping a disk fails.
#[derive(Clone)]
struct Spinning(Arc<AtomicUsize>);

#[cascade(resource = Disk)]
impl Disks {
    #[on(Delete)]
    async fn wipe(&self, _disks: &[String]) -> Answer<()> {
        let left = self.spinning.0.load(Ordering::Relaxed);
        self.spinning.0.store(left.saturating_sub(1), Ordering::Relaxed);
        if left > 0 { Err(StepError::terminal("it is spinning")) } else { Ok(()) }
    }
}

fn cascade(failures: usize) -> Cascade {
    let builder = World::new(&[], &[]).builder();
    let disks = Disks { spinning: Spinning(Arc::new(AtomicUsize::new(failures))) };
    builder.register(Machines).register(disks).build().expect("the graph has no faults")
}

/// A machine whose removal is retried if its disks remain.
#[derive(Debug, Resource)]
#[resource(id = String)]
pub(crate) struct Blade;

#[derive(Extension)]
struct Blades;

#[cascade(resource = Blade, retries = 2)]
impl Blades {
    #[on(Delete)]
    async fn remove(&self, blades: &[String], cx: &StepContext) -> Answer<()> {
        let cascade = cx.cascade();
        let plan = cascade.plan(Delete, Disk::roots(blades.iter().cloned())).await?;
        let report = cascade.apply(plan).await?;
        if report.is_complete() { Ok(()) } else { Err(StepError::retryable("its disks are not gone")) }
    }
}

#[tokio::test(start_paused = true)]
async fn a_later_nested_run_can_complete_an_earlier_one() {
    let disks = |failures| Disks { spinning: Spinning(Arc::new(AtomicUsize::new(failures))) };
    for (failures, complete) in [(1, true), (2, true), (3, false)] {
        let builder = Cascade::builder().register(Blades).register(disks(failures));
        let cascade = builder.build().expect("the graph has no faults");
        let plan = cascade.plan(Delete, Blade::roots(["blade"])).await.expect("finders answer");
        let report = cascade.apply(plan).await.expect("the plan can be applied");
        assert_eq!(report.nested().len(), 3.min(failures + 1));
        assert_eq!(report.is_complete(), complete, "{report}");
        assert_eq!(report.summary().is_complete(), complete);
    }
}

#[tokio::test]
async fn the_report_contains_nested_runs() {
    let cascade = cascade(0);
    let plan = cascade.plan(Delete, Rack::roots(["rack-1"])).await.expect("finders answer");
    let report = cascade.apply(plan).await.expect("the plan can be applied");
    assert!(report.is_complete());
    let [nested] = report.nested() else { panic!("one batch, one nested run: {report}") };
    assert_eq!((nested.resource.as_str(), nested.effect.as_str()), ("Machine", "remove"));
    assert_eq!(nested.report.done, 2);
}

#[tokio::test]
async fn a_failed_nested_run_counts_even_if_its_method_ignores_it() {
    let cascade = cascade(1);
    let plan = cascade.plan(Delete, Rack::roots(["rack-1"])).await.expect("finders answer");
    let report = cascade.apply(plan).await.expect("the plan can be applied");
    assert!(!report.is_complete(), "{report}");
    assert_eq!(report.nested()[0].report.failed, 2);
}

/// Switches off the one lamp, with a cascade of its own.
fn switching_off(name: &'static str) -> Part {
    let mut part = Part::bare(name);
    part.0.effect("remove", place!(), |_, _: &[String], cx: &StepContext| {
        Box::pin(async move {
            let cascade = cx.cascade();
            let plan = cascade.plan_named(Delete, "Lamp", ["lamp"]).await?;
            let report = cascade.apply(plan).await.terminal()?;
            if report.is_complete() { Ok(Outcome::done()) } else { Err(StepError::retryable("it is on")) }
        })
    });
    part.0.rule(remove());
    part
}

/// A lamp that can be switched off only by a call that may be a repeat.
#[tokio::test(start_paused = true)]
async fn a_nested_run_of_a_retried_method_may_be_a_repeat() {
    let scene = Scene::new(&[]);
    let mut lamp = Part::bare("Lamp");
    lamp.0.effect("remove", place!(), |scene: &Scene, _: &[String], cx: &StepContext| {
        Box::pin(async move {
            scene.note("repeat", &[cx.is_repeat().to_string()]);
            if cx.is_repeat() { Ok(Outcome::done()) } else { Err(StepError::terminal("it sticks")) }
        })
    });
    lamp.0.rule(remove());
    let mut zone = switching_off("Zone");
    zone.0.settings(StepSettings::default().retries(1));
    let cascade = scene.cascade([zone, lamp]);
    assert!(delete_zone(&cascade, |apply| apply).await.is_complete());
    assert_eq!(scene.log(), ["repeat false", "repeat true"]);
}

/// The call of the zone's effect, as a worker receives it.
async fn on_a_worker(cascade: &Cascade, cancelled: impl Future<Output = ()>) -> MethodAnswer {
    let plan = cascade.plan_named(Delete, "Zone", ["zone"]).await.expect("finders answer");
    let call = serde_json::json!({
        "run": "run-1", "phase": "effect", "resource": "Zone", "extension": "Zones", "effect": "remove",
        "ids": ["zone"], "attempt": 1, "forced": false,
    });
    let call = serde_json::from_value(call).expect("it is a call");
    execute(cascade, &plan, call, cancelled).await.expect("it is carried out")
}

/// The lamp is removed after its bulb. If the run is cancelled, the method fails, and its answer still lists the
/// nested run.
#[tokio::test(start_paused = true)]
async fn on_a_worker_a_nested_run_is_cancelled_with_its_outer_run() {
    for (cancelled_after, done) in [(10, 1), (1000, 2)] {
        let scene = Scene::new(&[("Lamp>Bulb", "lamp", "bulb")]).slow("remove bulb");
        let bulb = Part::new("Bulb").below("Lamp>Bulb", remove());
        let cascade = scene.cascade([switching_off("Zone"), Part::new("Lamp"), bulb]);
        let answer = on_a_worker(&cascade, tokio::time::sleep(Duration::from_millis(cancelled_after))).await;
        let [nested] = answer.nested.as_slice() else { panic!("one run: {answer:?}") };
        let (report, cancelled) = (&nested.report, done == 1);
        assert_eq!((report.done, report.not_started, report.cancelled), (done, 2 - done, cancelled));
        assert_eq!(answer.failed.is_some(), cancelled);
    }
}

#[tokio::test]
async fn on_a_worker_a_method_without_a_nested_run_ignores_cancellation() {
    let cascade = Scene::new(&[]).cascade([Part::new("Zone")]);
    on_a_worker(&cascade, async { panic!("the method polled the cancellation") }).await;
}

/// A service with idempotency keys must not take the second call for a repeat of the first.
#[tokio::test]
async fn nested_runs_of_methods_with_one_name_have_distinct_keys() {
    let scene = Scene::new(&[("Zone>Shelf", "zone", "shelf")]);
    let mut lamp = Part::bare("Lamp");
    lamp.0.effect("remove", place!(), |scene: &Scene, ids: &[String], cx: &StepContext| {
        Box::pin(async move {
            scene.note("key", &[cx.idempotency_key(&ids[0])?]);
            Ok(Outcome::done())
        })
    });
    lamp.0.rule(remove());
    let shelf = switching_off("Shelf").below("Zone>Shelf", remove());
    let cascade = scene.cascade([switching_off("Zone"), shelf, lamp]);
    assert!(delete_zone(&cascade, |apply| apply).await.is_complete());
    let [first, second] = scene.log().try_into().expect("each method starts it once");
    assert_ne!(first, second);
}

/// A cascade that starts itself.
#[derive(Debug, Resource)]
#[resource(id = String)]
pub(crate) struct Mirror;

#[derive(Extension)]
struct Mirrors;

#[cascade(resource = Mirror)]
impl Mirrors {
    #[on(Delete)]
    async fn remove(&self, mirrors: &[String], cx: &StepContext) -> Answer<()> {
        let cascade = cx.cascade();
        let plan = cascade.plan(Delete, Mirror::roots(mirrors.iter().cloned())).await?;
        let report = cascade.apply(plan).await.terminal()?;
        if report.is_complete() { Ok(()) } else { Err(StepError::terminal("it did not end well")) }
    }
}

#[tokio::test]
async fn endless_nesting_ends_in_an_error() {
    let cascade = Cascade::builder().register(Mirrors).build().expect("the graph has no faults");
    let plan = cascade.plan(Delete, Mirror::roots(["a"])).await.expect("finders answer");
    let report = cascade.apply(plan).await.expect("the plan can be applied");
    assert!(!report.is_complete());
    let mut innermost = report.summary();
    while let Some(nested) = innermost.nested.pop() {
        innermost = nested.report;
    }
    let error = &innermost.failures[0].error;
    assert!(error.contains("does a method start the cascade that called it?"), "{error}");
}
