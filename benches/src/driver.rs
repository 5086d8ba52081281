//! The cost of the driver per step: empty effects, one instance in a step.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use cascade_core::{
    BuildError, Cascade, Declaration, Delete, Drift, Outcome, Plan, ResourceDescriptor, Rule, StepSettings,
    place,
};
use futures::StreamExt;
use futures::future::BoxFuture;
use futures::stream::FuturesUnordered;

use crate::Failed;
use crate::measure::{Stopwatch, expect_equal};
use crate::reactor::Reactor;

/// Steps at once.
const CONCURRENCY: usize = 100;

/// The engine with one resource, whose effect counts.
pub fn cascade(count: &Arc<AtomicU64>) -> Result<Cascade, BuildError> {
    let mut things = things();
    things.effect("touch", place!(), |count: &Arc<AtomicU64>, _, _| {
        Box::pin(async move {
            count.fetch_add(1, Ordering::Relaxed);
            Ok(Outcome::done())
        })
    });
    Cascade::builder().declare(Arc::clone(count), things).build()
}

/// The state of effects that wait.
#[derive(Debug, Default)]
pub struct Waiting {
    /// Effects that have ended.
    pub count: AtomicU64,
    /// The reactor that wakes them.
    pub reactor: Reactor,
}

/// The same with effects that wait for one turn of the reactor.
pub fn waiting(waiting: &Arc<Waiting>) -> Result<Cascade, BuildError> {
    let mut things = things();
    things.effect("touch", place!(), |waiting: &Arc<Waiting>, _, _| {
        Box::pin(async move {
            waiting.reactor.next_turn().await;
            waiting.count.fetch_add(1, Ordering::Relaxed);
            Ok(Outcome::done())
        })
    });
    Cascade::builder().declare(Arc::clone(waiting), things).build()
}

fn things<E: Send + Sync + 'static>() -> Declaration<E, u64> {
    let thing = ResourceDescriptor::runtime::<u64>("Thing", place!());
    let mut things = Declaration::new("Things", thing, place!());
    things.settings(StepSettings::default().batch(1).concurrency(CONCURRENCY));
    things.rule(Rule::effect::<Delete>("touch", place!()));
    things
}

/// A plan with this many steps.
pub async fn plan(cascade: &Cascade, steps: u64) -> Result<Plan, Failed> {
    Ok(cascade.plan_named(Delete, "Thing", (0..steps).map(|id| id.to_string())).await?)
}

/// Measures the run of a plan.
pub async fn apply(cascade: &Cascade, count: &AtomicU64, plan: Plan) -> Result<Duration, Failed> {
    let steps = plan.len() as u64;
    let start = Stopwatch::start();
    let report = cascade.apply(plan).drift(Drift::Ignore).await?;
    let took = start.elapsed();
    expect_equal("complete", &report.is_complete(), &true)?;
    expect_equal("steps", &count.swap(0, Ordering::Relaxed), &steps)?;
    Ok(took)
}

/// Measures the same with a bare `FuturesUnordered` over boxed futures.
pub async fn bare(count: &AtomicU64, steps: u64) -> Result<Duration, Failed> {
    let step = |step| -> BoxFuture<'_, u64> {
        Box::pin(async move {
            count.fetch_add(1, Ordering::Relaxed);
            step
        })
    };
    unordered(count, steps, step).await
}

/// Measures the bare variant with steps that wait.
pub async fn bare_waiting(waiting: &Waiting, steps: u64) -> Result<Duration, Failed> {
    let step = |step| -> BoxFuture<'_, u64> {
        Box::pin(async move {
            waiting.reactor.next_turn().await;
            waiting.count.fetch_add(1, Ordering::Relaxed);
            step
        })
    };
    unordered(&waiting.count, steps, step).await
}

async fn unordered<'c>(
    count: &AtomicU64,
    steps: u64,
    step: impl Fn(u64) -> BoxFuture<'c, u64>,
) -> Result<Duration, Failed> {
    let start = Stopwatch::start();
    let mut running = FuturesUnordered::new();
    let mut next = 0;
    let mut ended = 0;
    loop {
        while running.len() < CONCURRENCY && next < steps {
            running.push(step(next));
            next += 1;
        }
        if running.next().await.is_none() {
            break;
        }
        ended += 1;
    }
    let took = start.elapsed();
    expect_equal("steps", &count.swap(0, Ordering::Relaxed), &ended)?;
    Ok(took)
}
