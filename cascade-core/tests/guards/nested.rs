//! A method may start a cascade of its own.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use cascade_core::prelude::*;
use cascade_core::remote::{MethodAnswer, execute};
use cascade_core::{StepSettings, place};

use crate::cloud::{Answer, Rack, World};
use crate::scene::{Part, Scene, delete_zone, remove};

/// A machine that removes its disks by a cascade of its own; there is no edge between the two.
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
        cascade.apply(plan).await?;
        Ok(())
    }
}

#[derive(Extension)]
struct Disks {
    spinning: Spinning,
}

/// How often a disk is still spinning.
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

/// A machine whose removal is tried again if its disks are not gone.
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
async fn what_a_nested_run_left_counts_as_done_once_a_later_one_has_done_it() {
    let disks = |failures| Disks { spinning: Spinning(Arc::new(AtomicUsize::new(failures))) };
    for (failures, complete) in [(1, true), (2, true), (3, false)] {
        let builder = Cascade::builder().register(Blades).register(disks(failures));
        let cascade = builder.build().expect("the graph has no faults");
        let plan = cascade.plan(Delete, Blade::roots(["blade"])).await.expect("finders answer");
        let report = cascade.apply(plan).await.expect("nothing stands against it");
        assert_eq!(report.nested().len(), 3.min(failures + 1));
        assert_eq!(report.is_complete(), complete, "{report}");
        assert_eq!(report.summary().is_complete(), complete);
    }
}

#[tokio::test]
async fn the_report_of_a_nested_run_is_kept() {
    let cascade = cascade(0);
    let plan = cascade.plan(Delete, Rack::roots(["rack-1"])).await.expect("finders answer");
    let report = cascade.apply(plan).await.expect("nothing stands against it");
    assert!(report.is_complete());
    let [nested] = report.nested() else { panic!("one batch, one nested run: {report}") };
    assert_eq!((nested.resource.as_str(), nested.effect.as_str()), ("Machine", "remove"));
    assert_eq!(nested.report.done, 2);
}

#[tokio::test]
async fn a_failed_nested_run_is_not_forgotten_even_if_its_method_forgets_it() {
    let cascade = cascade(1);
    let plan = cascade.plan(Delete, Rack::roots(["rack-1"])).await.expect("finders answer");
    let report = cascade.apply(plan).await.expect("nothing stands against it");
    assert!(!report.is_complete(), "{report}");
    assert_eq!(report.nested()[0].report.failed, 2);
}

/// Switches off the one lamp there is, as its rack does.
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

/// A lamp that goes out only where it is told that it may be a repeat.
#[tokio::test(start_paused = true)]
async fn what_a_method_starts_again_may_be_a_repeat_as_the_method_is() {
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

/// The call of the zone's effect, as a worker gets it.
async fn on_a_worker(cascade: &Cascade, cancelled: impl Future<Output = ()>) -> MethodAnswer {
    let plan = cascade.plan_named(Delete, "Zone", ["zone"]).await.expect("finders answer");
    let call = serde_json::json!({
        "run": "run-1", "phase": "effect", "resource": "Zone", "extension": "Zones", "effect": "remove",
        "ids": ["zone"], "attempt": 1, "forced": false,
    });
    let call = serde_json::from_value(call).expect("it is a call");
    execute(cascade, &plan, call, cancelled).await.expect("it is carried out")
}

/// The lamp would go out after its bulb. The method fails then; what it has started is in the answer all the same.
#[tokio::test(start_paused = true)]
async fn on_a_worker_a_nested_run_is_cancelled_with_the_run_around_it() {
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
async fn on_a_worker_a_method_without_a_cascade_of_its_own_never_asks_whether_the_run_is_cancelled() {
    let cascade = Scene::new(&[]).cascade([Part::new("Zone")]);
    on_a_worker(&cascade, async { panic!("it asks") }).await;
}

/// To a service that takes keys, the second order must not look like a repeat of the first.
#[tokio::test]
async fn methods_of_one_name_that_start_the_same_cascade_have_keys_of_their_own() {
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
    let [first, second] = scene.log().try_into().expect("each has ordered it once");
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
    async fn look(&self, mirrors: &[String], cx: &StepContext) -> Answer<()> {
        let cascade = cx.cascade();
        let plan = cascade.plan(Delete, Mirror::roots(mirrors.iter().cloned())).await?;
        let report = cascade.apply(plan).await.terminal()?;
        if report.is_complete() { Ok(()) } else { Err(StepError::terminal("it did not end well")) }
    }
}

#[tokio::test]
async fn cascades_without_an_end_are_ended() {
    let cascade = Cascade::builder().register(Mirrors).build().expect("the graph has no faults");
    let plan = cascade.plan(Delete, Mirror::roots(["a"])).await.expect("finders answer");
    let report = cascade.apply(plan).await.expect("nothing stands against it");
    assert!(!report.is_complete());
    let mut innermost = report.summary();
    while let Some(nested) = innermost.nested.pop() {
        innermost = nested.report;
    }
    let error = &innermost.failures[0].error;
    assert!(error.contains("does a method start the cascade that called it?"), "{error}");
}
