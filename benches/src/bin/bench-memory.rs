//! Measures peaks of memory: `bench-memory <benchmark> <VMs>`. A program of its own, for its allocator counts.

#![expect(clippy::cast_precision_loss, reason = "measured numbers are not exact to 52 bits")]
#![expect(clippy::print_stdout, reason = "the rows are its output")]

use std::sync::Arc;

use cascade_benches::cloud::World;
use cascade_benches::ids::BenchId;
use cascade_benches::journal::{self, Takes};
use cascade_benches::measure::{Row, Unit};
use cascade_benches::{Failed, block_on, by_hand, cloud};
use cascade_sqlite::SqliteJournal;
use peak_alloc::PeakAlloc;

#[global_allocator]
static MEMORY: PeakAlloc = PeakAlloc;

fn main() -> Result<(), Failed> {
    let mut arguments = std::env::args().skip(1);
    let benchmark = arguments.next().unwrap_or_default();
    let vms: u64 = arguments.next().unwrap_or_default().parse()?;
    match benchmark.as_str() {
        "cloud-u64" => plan_and_apply::<u64>(vms),
        "cloud-uuid" => plan_and_apply::<u128>(vms),
        "cloud-string" => plan_and_apply::<String>(vms),
        "preview" => preview(vms),
        "journal" => kept(vms),
        other => Err(format!("there is no benchmark `{other}`").into()),
    }
}

/// The peak while `work` runs, beyond what was there before: the cloud itself is not counted.
fn peak(work: impl FnOnce() -> Result<(), Failed>) -> Result<f64, Failed> {
    MEMORY.reset_peak_usage();
    let before = MEMORY.current_usage();
    work()?;
    Ok((MEMORY.peak_usage() - before) as f64)
}

fn plan_and_apply<Id: BenchId>(vms: u64) -> Result<(), Failed> {
    let start = MEMORY.current_usage();
    let world = Arc::new(World::<Id>::new(vms));
    let cascade = cloud::cascade(&world)?;
    let cloud = (MEMORY.current_usage() - start) as f64;
    let ours = peak(|| block_on(cloud::plan_and_apply(&cascade, &world))?.map(drop))?;
    world.expect_all_destroyed()?;
    let rival = peak(|| {
        by_hand::apply(&world, &by_hand::plan(&world));
        Ok(())
    })?;
    world.expect_all_destroyed()?;
    let row = Row {
        work: format!("cloud in memory, {} ids: peak of plan and apply", Id::KIND),
        size: format!("{vms} VMs, {} instances", world.len()),
        unit: Unit::Memory,
        ours: ours + cloud,
        against: String::from("by hand: hash maps, no order"),
        rival: rival + cloud,
        bar: 1.5,
        per: world.len(),
    };
    print(&row)?;
    print(&Row { work: format!("{}, the cloud itself not counted", row.work), ours, rival, ..row })
}

/// A run with a journal, and going on with it from the middle, beside the same run without: what is kept on the disk is
/// not to be kept in memory too.
fn kept(instances: u64) -> Result<(), Failed> {
    let directory = tempfile::tempdir()?;
    let journal = SqliteJournal::open(directory.path().join("runs.db"))?;
    let (bare, kept) = (journal::bare(Takes::Nothing)?, journal::journalled(Takes::Nothing, &journal)?);
    let rival = peak(|| block_on(journal::apply(&bare, instances))?.map(drop))?;
    let run = peak(|| block_on(journal::apply(&kept, instances))?.map(drop))?;
    let broken_off = block_on(journal::broken_off(&kept, instances))??;
    let resumed = peak(|| block_on(journal::resume(&kept, &broken_off))?)?;
    for (work, ours) in [("peak of a journalled run", run), ("peak of going on from its middle", resumed)] {
        print(&Row {
            work: String::from(work),
            size: format!("{instances} instances, batches of 100"),
            unit: Unit::Memory,
            ours,
            against: String::from("the same run without a journal"),
            rival,
            bar: 1.5,
            per: instances,
        })?;
    }
    Ok(())
}

fn preview(vms: u64) -> Result<(), Failed> {
    let world = Arc::new(World::<u64>::new(vms));
    let cascade = cloud::cascade(&world)?;
    let ours = peak(|| {
        let plan = block_on(cloud::plan(&cascade, &world))??;
        let summary = plan.summary()?;
        let counted: usize = summary.resources.values().map(|resource| resource.instances).sum();
        cascade_benches::measure::expect_equal("counted", &(counted as u64), &world.len())
    })?;
    print(&Row {
        work: String::from("preview alone: peak of plan and its summary"),
        size: format!("{vms} VMs, {} instances", world.len()),
        unit: Unit::Memory,
        ours,
        against: String::from("1 GB"),
        rival: 1e9,
        bar: 1.0,
        per: world.len(),
    })
}

fn print(row: &Row) -> Result<(), Failed> {
    println!("{}", serde_json::to_string(row)?);
    Ok(())
}
