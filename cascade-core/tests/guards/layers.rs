//! Layers: user code around every step.

use std::sync::{Arc, Mutex};

use cascade_core::prelude::*;
use cascade_core::{CascadeBuilder, Drift, Layer, Next, NotDone, Phase, StepAnswer, StepCall, Verdict};
use futures::future::BoxFuture;

use crate::cloud::{Rack, Vm, World};

/// Records each step before and after its call.
#[derive(Clone)]
struct Audit(&'static str, Arc<Mutex<Vec<String>>>);

impl Layer for Audit {
    fn call<'a>(&'a self, step: StepCall<'a>, next: Next<'a>) -> BoxFuture<'a, StepAnswer> {
        Box::pin(async move {
            let note = |way: &str| {
                let line = format!("{way} {}: {} {:?}", self.0, step.effect(), step.printed_ids());
                self.1.lock().expect("no thread panics while it holds the lock").push(line);
            };
            note("into");
            let answer = next.run().await;
            note("out of");
            answer
        })
    }
}

#[tokio::test]
async fn the_first_layer_is_the_outermost() {
    let world = World::new(&[], &[]);
    let log = Arc::default();
    let builder =
        world.builder().layer(Audit("audit", Arc::clone(&log))).layer(Audit("limit", Arc::clone(&log)));
    let cascade = builder.build().expect("the graph has no faults");
    let plan = cascade.plan(Delete, Vm::roots(["vm-1"])).await.expect("finders answer");
    assert!(cascade.apply(plan).await.expect("the plan can be applied").is_complete());
    assert_eq!(
        *log.lock().expect("no thread panics while it holds the lock"),
        [
            r#"into audit: remove ["vm-1"]"#,
            r#"into limit: remove ["vm-1"]"#,
            r#"out of limit: remove ["vm-1"]"#,
            r#"out of audit: remove ["vm-1"]"#,
        ]
    );
}

/// Fails the first VM of each effect step without calling the effect.
fn fault<'a>(step: StepCall<'a>, next: Next<'a>) -> BoxFuture<'a, StepAnswer> {
    Box::pin(async move {
        if step.phase() == Phase::Effect && step.resource() == "Vm" {
            return Ok(vec![(0, StepError::terminal("injected").into())]);
        }
        next.run().await
    })
}

#[tokio::test]
async fn a_layer_may_replace_the_step() {
    let world = World::new(&[("host-1", "rack-1")], &[("vm-1", "host-1")]);
    let cascade = world.builder().layer(fault).build().expect("the graph has no faults");
    let plan = cascade.plan(Delete, Rack::roots(["rack-1"])).await.expect("finders answer");
    let report = cascade.apply(plan).await.expect("the plan can be applied");
    let verdict = report.verdict::<Vm>(&"vm-1".to_owned());
    assert!(matches!(verdict, Some(Verdict::Failed(failure)) if failure.to_string() == "remove: injected"));
    assert_eq!(world.log(), ["close host-1"]);
}

/// Takes over what an effect leaves: an instance that is left becomes a failure.
fn strict<'a>(step: StepCall<'a>, next: Next<'a>) -> BoxFuture<'a, StepAnswer> {
    Box::pin(async move {
        let not_done = next.run().await?;
        let strict = |answer: NotDone| match answer {
            NotDone::Left(reason) => {
                NotDone::Failed(StepError::terminal(format!("{} left it: {reason}", step.effect())))
            }
            other => other,
        };
        Ok(not_done.into_iter().map(|(position, answer)| (position, strict(answer))).collect())
    })
}

/// Leaves the first VM of each effect step without calling the effect.
fn leave<'a>(step: StepCall<'a>, next: Next<'a>) -> BoxFuture<'a, StepAnswer> {
    Box::pin(async move {
        if step.phase() == Phase::Effect && step.resource() == "Vm" {
            return Ok(vec![(0, NotDone::Left(String::from("not mine")))]);
        }
        next.run().await
    })
}

#[tokio::test]
async fn a_layer_sees_and_changes_that_an_instance_is_left() {
    let world = || World::new(&[("host-1", "rack-1")], &[("vm-1", "host-1")]);
    let deleted = async |builder: CascadeBuilder| {
        let cascade = builder.build().expect("the graph has no faults");
        let plan = cascade.plan(Delete, Rack::roots(["rack-1"])).await.expect("finders answer");
        // The row is still there, so the host would fail.
        cascade.apply(plan).drift(Drift::Ignore).await.expect("the plan can be applied")
    };
    let left = deleted(world().builder().layer(leave)).await;
    let verdict = left.verdict::<Vm>(&"vm-1".to_owned());
    assert!(matches!(verdict, Some(Verdict::Left { reason: "not mine" })), "{left}");
    assert!(left.is_complete(), "{left}");
    let failed = deleted(world().builder().layer(strict).layer(leave)).await;
    let Some(Verdict::Failed(failure)) = failed.verdict::<Vm>(&"vm-1".to_owned()) else { panic!("{failed}") };
    assert_eq!(failure.to_string(), "remove: remove left it: not mine");
}

/// Reports a failure at a position outside the batch.
fn invalid<'a>(_step: StepCall<'a>, _next: Next<'a>) -> BoxFuture<'a, StepAnswer> {
    Box::pin(async { Ok(vec![(7, StepError::terminal("made up").into())]) })
}

#[tokio::test]
async fn an_invalid_position_fails_the_batch() {
    let cascade = World::new(&[], &[]).builder().layer(invalid).build().expect("the graph has no faults");
    let plan = cascade.plan(Delete, Vm::roots(["vm-1"])).await.expect("finders answer");
    let report = cascade.apply(plan).await.expect("the plan can be applied");
    let Some(Verdict::Failed(failure)) = report.verdict::<Vm>(&"vm-1".to_owned()) else { panic!("{report}") };
    assert_eq!(failure.to_string(), "remove: a layer answered about position 7, in a batch of 1");
}
