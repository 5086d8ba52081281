//! Measures peaks of memory: `bench-memory <benchmark> <VMs>`. It is a separate program because its allocator counts.

#![expect(clippy::cast_precision_loss, reason = "measured numbers are not exact to 52 bits")]
#![expect(clippy::print_stdout, reason = "the rows are its output")]

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use cascade_benches::cloud::{RESOURCES, World};
use cascade_benches::flat::Flat;
use cascade_benches::ids::{BenchId, Spread};
use cascade_benches::journal::{self, Takes};
use cascade_benches::measure::{Row, Unit, expect_equal};
use cascade_benches::{Failed, block_on, by_hand, cloud, drift, flat};
use cascade_core::{Drift, Event};
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
        "cloud-spread" => plan_and_apply::<Spread>(vms),
        "flat" => from_flat_arrays(vms),
        "cloud-uuid" => plan_and_apply::<u128>(vms),
        "cloud-string" => plan_and_apply::<String>(vms),
        "drift" => looking_for_drift(vms),
        "preview" => preview(vms),
        "journal" => kept(vms),
        other => Err(format!("there is no benchmark `{other}`").into()),
    }
}

/// The peak during `work`, without the memory in use before it: the cloud itself is not counted.
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
    let ours = peak(|| block_on(cloud::plan_and_apply(&cascade, &*world))?.map(drop))?;
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

fn from_flat_arrays(vms: u64) -> Result<(), Failed> {
    let flat = Arc::new(Flat::new(vms));
    let cascade = cloud::cascade(&flat)?;
    let ours = peak(|| block_on(cloud::plan_and_apply(&cascade, &*flat))?.map(drop))?;
    flat.expect_all_destroyed()?;
    let rival = peak(|| {
        flat::apply(&flat, &flat::plan(&flat));
        Ok(())
    })?;
    flat.expect_all_destroyed()?;
    print(&Row {
        work: String::from("cloud as flat arrays: peak of plan and apply, the arrays not counted"),
        size: format!("{vms} VMs, {} instances", flat.len()),
        unit: Unit::Memory,
        ours,
        against: String::from("the limit: flat arrays and a bit set, no ids, no order"),
        rival,
        bar: 8.0,
        per: flat.len(),
    })
}

/// A run with a journal, and its resume from the middle, against the same run without: the journal keeps records on
/// disk and not in memory.
fn kept(instances: u64) -> Result<(), Failed> {
    let directory = tempfile::tempdir()?;
    let journal = SqliteJournal::open(directory.path().join("runs.db"))?;
    let (bare, kept) = (journal::bare(Takes::Nothing)?, journal::journalled(Takes::Nothing, &journal)?);
    let rival = peak(|| block_on(journal::apply(&bare, instances))?.map(drop))?;
    let run = peak(|| block_on(journal::apply(&kept, instances))?.map(drop))?;
    let interrupted = block_on(journal::interrupted(&kept, instances))??;
    let resumed = peak(|| block_on(journal::resume(&kept, &interrupted))?)?;
    for (work, ours) in [("peak of a journalled run", run), ("peak of its resume from the middle", resumed)] {
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

/// A run under the default drift mode holds the plan and the world of now while it compares them.
fn looking_for_drift(vms: u64) -> Result<(), Failed> {
    let world = Arc::new(World::<u64>::new(vms));
    let cascade = cloud::cascade(&world)?;
    let rival = peak(|| block_on(cloud::plan(&cascade, &*world))?.map(drop))?;
    let ours = peak(|| drift::plan_and_run(&cascade, &*world, Drift::default()).map(drop))?;
    world.expect_all_destroyed()?;
    print(&Row {
        work: String::from("peak of plan and apply, with the default for drift"),
        size: format!("{vms} VMs, {} instances", world.len()),
        unit: Unit::Memory,
        ours,
        against: String::from("the plan"),
        rival,
        bar: 2.2,
        per: world.len(),
    })
}

/// A listener counts progress events during planning.
fn preview(vms: u64) -> Result<(), Failed> {
    let world = Arc::new(World::<u64>::new(vms));
    let (events, found) = (Arc::new(AtomicU64::new(0)), Arc::new(AtomicU64::new(0)));
    let (times, known) = (Arc::clone(&events), Arc::clone(&found));
    let observed = cloud::builder(&world).on_event(move |event| {
        if let Event::Found { instances, .. } = event {
            times.fetch_add(1, Ordering::Relaxed);
            known.store(*instances as u64, Ordering::Relaxed);
        }
    });
    let cascade = observed.build()?;
    let ours = peak(|| {
        let plan = block_on(cloud::plan(&cascade, &*world))??;
        let summary = plan.summary()?;
        let counted = RESOURCES.map(|name| summary.resources[name].instances as u64);
        expect_equal("counted, by resource", &counted, &world.counts)
    })?;
    expect_equal("the last progress event", &found.load(Ordering::Relaxed), &world.len())?;
    let events = events.load(Ordering::Relaxed);
    print(&Row {
        work: format!("preview alone, with {events} progress events: peak of plan and its summary"),
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
