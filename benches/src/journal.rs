//! The cost of a journal for a run with batches of 100. An agent needs 1 ms for each instance, one after another, or 1
//! ms for a whole batch. Also the memory of a journal.
//!
//! This benchmark measures waiting, so it reads the wall clock.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use cascade_core::{
    Cascade, CascadeBuilder, Declaration, Delete, Drift, Event, Outcome, Plan, ResourceDescriptor, Rule,
    RunId, StepSettings, place,
};
use cascade_sqlite::SqliteJournal;
use tokio::sync::Notify;

use crate::Failed;
use crate::measure::expect_equal;

/// Instances in one step.
const BATCH: usize = 100;
/// Steps at once.
const CONCURRENCY: usize = 20;
const MILLISECOND: Duration = Duration::from_millis(1);

/// The time that an agent needs.
#[derive(Clone, Copy, Debug)]
pub enum Takes {
    /// A millisecond for each instance, one after another.
    MillisecondEach,
    /// A millisecond for a whole batch.
    MillisecondABatch,
    /// No time: only the engine is measured.
    Nothing,
}

fn things(takes: Takes) -> CascadeBuilder {
    let thing = ResourceDescriptor::runtime::<u64>("Thing", place!());
    let mut things = Declaration::<(), u64>::new("Things", thing, place!());
    things.settings(StepSettings::default().batch(BATCH).concurrency(CONCURRENCY));
    things.effect("touch", place!(), move |(), ids: &[u64], _| {
        let takes = match takes {
            Takes::MillisecondEach => MILLISECOND * ids.len() as u32,
            Takes::MillisecondABatch => MILLISECOND,
            Takes::Nothing => Duration::ZERO,
        };
        Box::pin(async move {
            if !takes.is_zero() {
                tokio::time::sleep(takes).await;
            }
            Ok(Outcome::done())
        })
    });
    things.rule(Rule::effect::<Delete>("touch", place!()));
    Cascade::builder().declare((), things)
}

/// The engine without a journal.
pub fn bare(takes: Takes) -> Result<Cascade, Failed> {
    Ok(things(takes).build()?)
}

/// The engine with a journal on SQLite, each record synced to the disk.
pub fn journalled(takes: Takes, journal: &SqliteJournal) -> Result<Cascade, Failed> {
    Ok(things(takes).journal(journal.clone()).build()?)
}

async fn plan(cascade: &Cascade, instances: u64) -> Result<Plan, Failed> {
    Ok(cascade.plan_named(Delete, "Thing", (0..instances).map(|id| id.to_string())).await?)
}

/// Drops the run when half of its steps have ended, as if its process had died.
pub async fn interrupted(cascade: &Cascade, instances: u64) -> Result<RunId, Failed> {
    let half = instances as usize / BATCH / 2;
    let (ended, enough) = (AtomicUsize::new(0), Arc::new(Notify::new()));
    let notify = Arc::clone(&enough);
    let applying =
        cascade.apply(plan(cascade, instances).await?).drift(Drift::Ignore).on_event(move |event| {
            if matches!(event, Event::StepEnded { .. }) && ended.fetch_add(1, Ordering::Relaxed) + 1 == half {
                notify.notify_one();
            }
        });
    let run = applying.run_id().clone();
    tokio::select! {
        biased;
        () = enough.notified() => Ok(run),
        report = applying.into_future() => Err(format!("the run ended before it was interrupted: {report:?}").into()),
    }
}

/// Resumes a run and expects it to complete.
pub async fn resume(cascade: &Cascade, run: &RunId) -> Result<(), Failed> {
    expect_equal("complete", &cascade.resume(run).await?.is_complete(), &true)
}

/// Measures a run without its plan.
pub async fn apply(cascade: &Cascade, instances: u64) -> Result<Duration, Failed> {
    let plan = plan(cascade, instances).await?;
    let start = Instant::now();
    let report = cascade.apply(plan).drift(Drift::Ignore).await?;
    let took = start.elapsed();
    expect_equal("complete", &report.is_complete(), &true)?;
    Ok(took)
}
