//! The memory that a journal needs is bounded: by the plan when it is read, by a constant when it is written.
//!
//! The allocator counts for the whole process, so this program runs without the test harness, whose own thread would be
//! counted too.

#![forbid(unsafe_code)]

use cascade_benches::journal::{self, Takes};
use cascade_benches::{Failed, block_on};
use cascade_core::{Journal, Phase, Record, RunDetails, StepBegun};
use cascade_sqlite::SqliteJournal;
use peak_alloc::PeakAlloc;

#[global_allocator]
static MEMORY: PeakAlloc = PeakAlloc;

/// The peak of memory during `work`, without the memory in use before it.
fn peak<T>(work: impl FnOnce() -> Result<T, Failed>) -> Result<(usize, T), Failed> {
    MEMORY.reset_peak_usage();
    let before = MEMORY.current_usage();
    let made = work()?;
    Ok((MEMORY.peak_usage().saturating_sub(before), made))
}

fn main() -> Result<(), Failed> {
    let directory = tempfile::tempdir()?;
    let journal = SqliteJournal::open(directory.path().join("runs.db"))?;
    let (bare, kept) = (journal::bare(Takes::Nothing)?, journal::journalled(Takes::Nothing, &journal)?);
    // Unwritten records are limited to 5 writes of 8 chunks of 1,000 instances, and to the steps in progress. How much
    // of that is used depends on the disk. So the test asserts this constant limit, and does not compare the two
    // sizes.
    for instances in [200_000, 800_000] {
        let (without, _) = peak(|| block_on(journal::apply(&bare, instances))?)?;
        let (with, _) = peak(|| block_on(journal::apply(&kept, instances))?)?;
        let extra = with.saturating_sub(without);
        assert!(extra < 6_000_000, "{extra} bytes more for {instances} instances");
    }

    let run = block_on(journal::interrupted(&kept, 50_000))??;
    // The details list the steps that the last process left unfinished: equally many in both cases.
    block_on(lengthen(&journal, &run, 1))??;
    let (short, _) = peak(|| Ok(block_on(RunDetails::read(&journal, &run))??))?;
    block_on(lengthen(&journal, &run, 100))??;
    let (long, details) = peak(|| Ok(block_on(RunDetails::read(&journal, &run))??))?;
    assert!(details.end.is_none());
    assert!(
        long < short + 500_000,
        "{short} bytes to read the run, {long} bytes to read it with more records"
    );
    let (resumed, ()) = peak(|| block_on(journal::resume(&kept, &run))?)?;
    assert!(resumed < 2 * short + 2_000_000, "{short} bytes to read the run, {resumed} bytes to resume it");
    Ok(())
}

/// Appends the records of processes that began steps and died.
async fn lengthen(
    journal: &SqliteJournal,
    run: &cascade_core::RunId,
    processes: usize,
) -> Result<(), Failed> {
    for _ in 0..processes {
        let log = journal.take_over(run).await?;
        let begun = |first: u32| {
            let instances = (first..first + 100).collect();
            let (resource, effect) = (String::from("Thing"), String::from("touch"));
            Record::StepBegun(StepBegun { phase: Phase::Effect, resource, effect, instances })
        };
        let steps = (0..100).map(|step| begun(30_000 + 100 * step));
        log.append(std::iter::once(Record::Resumed).chain(steps).collect()).await?;
        drop(log);
        // The writing thread gives the run up asynchronously.
        while journal.run(run).await?.owner.is_some() {
            tokio::task::yield_now().await;
        }
    }
    Ok(())
}
