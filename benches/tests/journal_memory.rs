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

/// The peak while `work` runs, beyond what was there before.
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
    // What is on its way to the disk is bounded by 5 writes of 8 chunks of 1,000 instances, and by the steps at once: how much
    // of that is used is up to the disk, so that the bound is said, and not compared.
    for instances in [200_000, 800_000] {
        let (without, _) = peak(|| block_on(journal::apply(&bare, instances))?)?;
        let (with, _) = peak(|| block_on(journal::apply(&kept, instances))?)?;
        let extra = with.saturating_sub(without);
        assert!(extra < 6_000_000, "{extra} bytes more for {instances} instances");
    }

    let run = block_on(journal::broken_off(&kept, 50_000))??;
    // Those that the last process left under way are listed: in both there are as many.
    block_on(lengthen(&journal, &run, 1))??;
    let (short, _) = peak(|| Ok(block_on(RunDetails::read(&journal, &run))??))?;
    block_on(lengthen(&journal, &run, 100))??;
    let (long, details) = peak(|| Ok(block_on(RunDetails::read(&journal, &run))??))?;
    assert!(details.end.is_none());
    assert!(long < short + 500_000, "{short} bytes to read the run, {long} when it is much longer");
    let (resumed, ()) = peak(|| block_on(journal::resume(&kept, &run))?)?;
    assert!(resumed < 2 * short + 2_000_000, "{short} bytes to read the run, {resumed} to go on with it");
    Ok(())
}

/// As many processes that began something and died.
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
        // It is given up by the writing thread, in its own time.
        while journal.run(run).await?.owner.is_some() {
            tokio::task::yield_now().await;
        }
    }
    Ok(())
}
