//! Measures times. Prints a JSON object for each row of the table: `bench-time <benchmark> [size]`.

#![expect(clippy::cast_precision_loss, reason = "measured numbers are not exact to 52 bits")]
#![expect(clippy::print_stdout, reason = "the rows are its output")]

use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::Duration;

use cascade_benches::cloud::World;
use cascade_benches::ids::BenchId;
use cascade_benches::journal::Takes;
use cascade_benches::measure::{Row, Unit, by_turns, nanoseconds, time};
use cascade_benches::{Failed, block_on, by_hand, cloud, driver, journal, mesh, sqlite};
use cascade_sqlite::SqliteJournal;

fn main() -> Result<(), Failed> {
    let mut arguments = std::env::args().skip(1);
    let benchmark = arguments.next().unwrap_or_default();
    let size: u64 = arguments.next().map_or(Ok(0), |size| size.parse())?;
    let row = match benchmark.as_str() {
        "mesh" => meshes(size as usize)?,
        "cloud-u64" => in_memory::<u64>(size)?,
        "cloud-uuid" => in_memory::<u128>(size)?,
        "cloud-string" => in_memory::<String>(size)?,
        "sqlite" => on_sqlite(size)?,
        "driver" => steps(size)?,
        "journal" => kept(Takes::MillisecondEach, size)?,
        "journal-batch" => kept(Takes::MillisecondABatch, size)?,
        "journal-alone" => kept(Takes::Nothing, size)?,
        other => return Err(format!("there is no benchmark `{other}`").into()),
    };
    println!("{}", serde_json::to_string(&row)?);
    Ok(())
}

/// Turns of each side: as many as make sense in the time.
fn turns(instances: u64) -> usize {
    match instances {
        0..100_000 => 15,
        100_000..1_000_000 => 7,
        _ => 3,
    }
}

/// The rival is the mesh 10 layers deep: what an edge costs must not grow with the depth.
fn meshes(layers: usize) -> Result<Row, Failed> {
    let base = 10;
    let run = |layers: usize| move || block_on(mesh::build_and_plan(layers))?;
    let (ours, rival) = by_turns(9, run(layers), run(base))?;
    let factor = mesh::edges(layers) as f64 / mesh::edges(base) as f64;
    Ok(Row {
        work: String::from("mesh 8 wide: build, tree, plan"),
        size: format!("{layers} layers, {} edges", mesh::edges(layers)),
        unit: Unit::Time,
        ours: nanoseconds(ours),
        against: format!("{base} layers, by edge"),
        rival: nanoseconds(rival) * factor,
        bar: 1.5,
        per: mesh::edges(layers) as u64,
    })
}

fn in_memory<Id: BenchId>(vms: u64) -> Result<Row, Failed> {
    check_order::<Id>()?;
    let world = Arc::new(World::<Id>::new(vms));
    let cascade = cloud::cascade(&world)?;
    let ours = || -> Result<Duration, Failed> {
        let (took, report) = time(|| block_on(cloud::plan_and_apply(&cascade, &world)));
        drop(report??);
        world.expect_all_destroyed()?;
        Ok(took)
    };
    let rival = || -> Result<Duration, Failed> {
        let (took, found) = time(|| {
            let found = by_hand::plan(&world);
            by_hand::apply(&world, &found);
            found
        });
        drop(found);
        world.expect_all_destroyed()?;
        Ok(took)
    };
    let (ours, rival) = by_turns(turns(world.len()), ours, rival)?;
    Ok(Row {
        work: format!("cloud in memory, {} ids: plan and apply", Id::KIND),
        size: format!("{vms} VMs, {} instances", world.len()),
        unit: Unit::Time,
        ours: nanoseconds(ours),
        against: String::from("by hand: hash maps, no order"),
        rival: nanoseconds(rival),
        bar: 1.5,
        per: world.len(),
    })
}

/// The order is looked at once, on a small cloud: looking takes longer than the work.
fn check_order<Id: BenchId>() -> Result<(), Failed> {
    let world = Arc::new(World::<Id>::new(3000).watched());
    let cascade = cloud::cascade(&world)?;
    let report = block_on(cloud::plan_and_apply(&cascade, &world))??;
    if !report.is_complete() {
        return Err("the run is not complete".into());
    }
    world.expect_all_destroyed()
}

fn on_sqlite(vms: u64) -> Result<Row, Failed> {
    let world = World::new(vms);
    let database = Arc::new(sqlite::Database::new(&world)?);
    let cascade = sqlite::cascade(&database)?;
    let statements = block_on(sqlite::statements_of_a_plan(&cascade, &database))??;
    let (ours, rival) = by_turns(
        turns(world.len()),
        || block_on(sqlite::plan(&cascade, &database))?,
        || sqlite::run_statements(&database, &statements),
    )?;
    Ok(Row {
        work: String::from("cloud on SQLite: plan `delete Zone`"),
        size: format!("{vms} VMs, {} instances", world.len()),
        unit: Unit::Time,
        ours: nanoseconds(ours),
        against: format!("the finders' {} statements alone", statements.len()),
        rival: nanoseconds(rival),
        bar: 2.0,
        per: world.len(),
    })
}

/// On a disk, as it is used: a journal in memory would cost nothing and keep nothing.
fn kept(takes: Takes, instances: u64) -> Result<Row, Failed> {
    let directory = tempfile::tempdir()?;
    let kept = journal::journalled(takes, &SqliteJournal::open(directory.path().join("runs.db"))?)?;
    let bare = journal::bare(takes)?;
    let (ours, rival) = by_turns(
        7,
        || block_on(journal::apply(&kept, instances))?,
        || block_on(journal::apply(&bare, instances))?,
    )?;
    Ok(Row {
        work: String::from(match takes {
            Takes::MillisecondEach => "a journalled run: batches of 100, 1 ms an instance",
            Takes::MillisecondABatch => "a journalled run: batches of 100, 1 ms a batch, 20 batches at once",
            Takes::Nothing => "a journalled run: batches of 100, no time",
        }),
        size: format!("{instances} instances"),
        unit: Unit::Time,
        ours: nanoseconds(ours),
        against: String::from("the same run without a journal"),
        rival: nanoseconds(rival),
        bar: 1.1,
        per: instances,
    })
}

fn steps(steps: u64) -> Result<Row, Failed> {
    let count = Arc::new(AtomicU64::new(0));
    let cascade = driver::cascade(&count)?;
    let (ours, rival) = by_turns(
        turns(steps),
        || block_on(driver::apply(&cascade, &count, steps))?,
        || block_on(driver::bare(&count, steps))?,
    )?;
    Ok(Row {
        work: String::from("driver: empty effects, batch 1"),
        size: format!("{steps} steps"),
        unit: Unit::Time,
        ours: nanoseconds(ours),
        against: String::from("a bare FuturesUnordered"),
        rival: nanoseconds(rival),
        bar: 2.0,
        per: steps,
    })
}
