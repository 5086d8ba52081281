//! What a journal adds to a run: batches of 100, where an agent takes 1 ms for an instance, one after another.
//!
//! Here waiting is what is measured, so that the clock on the wall is read.

use std::time::{Duration, Instant};

use cascade_core::{
    Cascade, CascadeBuilder, Declaration, Delete, Outcome, ResourceDescriptor, Rule, StepSettings, place,
};
use cascade_sqlite::SqliteJournal;

use crate::Failed;
use crate::measure::expect_equal;

/// Instances in one step.
const BATCH: usize = 100;
/// Steps at once.
const CONCURRENCY: usize = 20;
/// What an agent takes for an instance.
const LATENCY: Duration = Duration::from_millis(1);

fn things() -> CascadeBuilder {
    let thing = ResourceDescriptor::runtime::<u64>("Thing", place!());
    let mut things = Declaration::<(), u64>::new("Things", thing, place!());
    things.settings(StepSettings::default().batch(BATCH).concurrency(CONCURRENCY));
    things.effect("touch", place!(), |(), ids: &[u64], _| {
        let takes = LATENCY * ids.len() as u32;
        Box::pin(async move {
            tokio::time::sleep(takes).await;
            Ok(Outcome::done())
        })
    });
    things.rule(Rule::effect::<Delete>("touch", place!()));
    Cascade::builder().declare((), things)
}

/// The engine without a journal.
pub fn bare() -> Result<Cascade, Failed> {
    Ok(things().build()?)
}

/// The engine with a journal on SQLite, each record synced to the disk.
pub fn journalled(journal: &SqliteJournal) -> Result<Cascade, Failed> {
    Ok(things().journal(journal.clone()).build()?)
}

/// How long a run takes, without the plan.
pub async fn apply(cascade: &Cascade, instances: u64) -> Result<Duration, Failed> {
    let plan = cascade.plan_named(Delete, "Thing", (0..instances).map(|id| id.to_string())).await?;
    let start = Instant::now();
    let report = cascade.apply(plan).await?;
    let took = start.elapsed();
    expect_equal("complete", &report.is_complete(), &true)?;
    Ok(took)
}
