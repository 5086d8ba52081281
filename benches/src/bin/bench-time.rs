//! Measures times. Prints a JSON object for each row of the table: `bench-time <benchmark> [size]`.

#![expect(clippy::cast_precision_loss, reason = "measured numbers are not exact to 52 bits")]
#![expect(clippy::print_stdout, reason = "the rows are its output")]

use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::Duration;

use cascade_benches::cloud::World;
use cascade_benches::drift::Hosts;
use cascade_benches::fan_out::Tree;
use cascade_benches::flat::Flat;
use cascade_benches::gitlab::Tables;
use cascade_benches::ids::{BenchId, Shared, Spread};
use cascade_benches::journal::Takes;
use cascade_benches::makespan::Forest;
use cascade_benches::measure::{Row, Unit, by_turns, median, nanoseconds, time};
use cascade_benches::{
    Failed, block_on, by_hand, cloud, drift, driver, fan_out, flat, gitlab, journal, makespan, mesh,
};
use cascade_core::Drift;
use cascade_sqlite::SqliteJournal;

fn main() -> Result<(), Failed> {
    let mut arguments = std::env::args().skip(1);
    let benchmark = arguments.next().unwrap_or_default();
    let size: u64 = arguments.next().map_or(Ok(0), |size| size.parse())?;
    let row = match benchmark.as_str() {
        "mesh" => meshes(size as usize)?,
        "mesh-growth" => mesh_growth()?,
        "gitlab" => gitlab_tables()?,
        "cloud-u64" => in_memory::<u64>(size)?,
        "cloud-spread" => in_memory::<Spread>(size)?,
        "cloud-uuid" => in_memory::<u128>(size)?,
        "cloud-string" => in_memory::<String>(size)?,
        "flat" => from_flat_arrays(size)?,
        "fan-out-string" => fanned_out::<String>(size)?,
        "fan-out-shared" => fanned_out::<Shared>(size)?,
        "drift" => looking_for_drift(size)?,
        "fresh" => refreshing(size)?,
        "driver" => steps(size)?,
        "makespan" => sleeping(size as usize)?,
        "journal" => kept(Takes::MillisecondEach, size)?,
        "journal-batch" => kept(Takes::MillisecondABatch, size)?,
        "journal-alone" => kept(Takes::Nothing, size)?,
        other => return Err(format!("there is no benchmark `{other}`").into()),
    };
    println!("{}", serde_json::to_string(&row)?);
    Ok(())
}

/// Forests whose runs are compared.
const FORESTS: u64 = 9;

/// Runs of each side: fewer for larger sizes.
fn turns(instances: u64) -> usize {
    match instances {
        0..100_000 => 31,
        100_000..1_000_000 => 7,
        _ => 3,
    }
}

/// The rival is the mesh with 10 layers: the cost of an edge must not grow with the depth.
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
        let (took, report) = time(|| block_on(cloud::plan_and_apply(&cascade, &*world)));
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

/// A run under the default drift mode discovers everything again when it starts, and the dependents of each parent before the
/// step of that parent.
fn looking_for_drift(vms: u64) -> Result<Row, Failed> {
    let world = Arc::new(World::<u64>::new(vms));
    let cascade = cloud::cascade(&world)?;
    let plan_and_run = |mode: Drift| {
        let parts = drift::plan_and_run(&cascade, &*world, mode)?;
        world.expect_all_destroyed()?;
        Ok::<_, Failed>(parts)
    };
    let (mut plans, mut runs) = (Vec::new(), Vec::new());
    let ours = || plan_and_run(Drift::default()).map(|parts| parts.plan + parts.run);
    let rival = || {
        let parts = plan_and_run(Drift::Ignore)?;
        plans.push(parts.plan);
        runs.push(parts.run);
        Ok(parts.plan + parts.run)
    };
    let (ours, _) = by_turns(turns(world.len()), ours, rival)?;
    let (plan, run) = (nanoseconds(median(plans)), nanoseconds(median(runs)));
    Ok(Row {
        work: String::from("cloud in memory, u64 ids: plan and apply, with the default for drift"),
        size: format!("{vms} VMs, {} instances", world.len()),
        unit: Unit::Time,
        ours: nanoseconds(ours),
        against: format!(
            "2.1 times the plan ({:.2} of all), plus a run that ignores drift",
            plan / (plan + run)
        ),
        rival: 2.1 * plan + run,
        bar: 1.0,
        per: world.len(),
    })
}

/// Both sides wait for their effects, so this reads the wall clock.
fn refreshing(vms: u64) -> Result<Row, Failed> {
    let (total, fresh_for) = (Duration::from_mins(1), Duration::from_secs(1));
    let hosts = Arc::new(Hosts::new(vms, total));
    let cascade = drift::cascade(&hosts)?;
    let ours = drift::run(&hosts, &cascade, Drift::default(), fresh_for)?;
    let rival = drift::run(&hosts, &cascade, Drift::Ignore, fresh_for)?;
    Ok(Row {
        work: String::from("effects that sleep, one instance each: a run that discovers again every second"),
        size: format!("{} instances", hosts.instances()),
        unit: Unit::Time,
        ours: nanoseconds(ours),
        against: String::from("the same run without a look at drift"),
        rival: nanoseconds(rival),
        bar: 1.1,
        per: hosts.instances(),
    })
}

/// The order is checked once, on a small cloud: the check takes longer than the work.
fn check_order<Id: BenchId>() -> Result<(), Failed> {
    let world = Arc::new(World::<Id>::new(3000).watched());
    let cascade = cloud::cascade(&world)?;
    let report = block_on(cloud::plan_and_apply(&cascade, &*world))??;
    if !report.is_complete() {
        return Err("the run is not complete".into());
    }
    world.expect_all_destroyed()
}

/// The finders read flat arrays, so that the engine takes nearly all of the time.
fn from_flat_arrays(vms: u64) -> Result<Row, Failed> {
    let flat = Arc::new(Flat::new(vms));
    let cascade = cloud::cascade(&flat)?;
    let ours = || -> Result<Duration, Failed> {
        let (took, report) = time(|| block_on(cloud::plan_and_apply(&cascade, &*flat)));
        drop(report??);
        flat.expect_all_destroyed()?;
        Ok(took)
    };
    let rival = || -> Result<Duration, Failed> {
        let (took, found) = time(|| {
            let found = flat::plan(&flat);
            flat::apply(&flat, &found);
            found
        });
        drop(found);
        flat.expect_all_destroyed()?;
        Ok(took)
    };
    let (ours, rival) = by_turns(turns(flat.len()), ours, rival)?;
    Ok(Row {
        work: String::from("cloud as flat arrays: plan and apply"),
        size: format!("{vms} VMs, {} instances", flat.len()),
        unit: Unit::Time,
        ours: nanoseconds(ours),
        against: String::from("the limit: flat arrays and a bit set, no ids, no order"),
        rival: nanoseconds(rival),
        bar: 8.0,
        per: flat.len(),
    })
}

fn fanned_out<Id: BenchId>(vms: u64) -> Result<Row, Failed> {
    let tree = Arc::new(Tree::<Id>::new(vms));
    let cascade = fan_out::cascade(&tree)?;
    let run = || block_on(fan_out::plan_and_apply(&cascade, &tree))?;
    let took = median((0..5).map(|_| run()).collect::<Result<_, _>>()?);
    Ok(Row {
        work: format!("fan-out zone → clusters → hosts → VMs, {} ids: plan and apply", Id::KIND),
        size: format!("{vms} VMs, {} instances", tree.instances()),
        unit: Unit::Time,
        ours: nanoseconds(took),
        against: String::from("150 ms"),
        rival: 150e6,
        bar: 1.0,
        per: tree.instances(),
    })
}

/// How the time grows with the edges: the slope of the regression line on logarithmic scales. 1 is linear, 2
/// quadratic.
fn mesh_growth() -> Result<Row, Failed> {
    let depths = [5, 10, 25, 50, 100, 200];
    let mut took: Vec<Vec<Duration>> = depths.map(|_| Vec::new()).into();
    for _ in 0..7 {
        for (layers, took) in depths.into_iter().zip(&mut took) {
            took.push(block_on(mesh::build_and_plan(layers))??);
        }
    }
    let points: Vec<(f64, f64)> = depths
        .into_iter()
        .zip(took)
        .map(|(layers, took)| ((mesh::edges(layers) as f64).ln(), nanoseconds(median(took)).ln()))
        .collect();
    let mean = |of: fn(&(f64, f64)) -> f64| points.iter().map(of).sum::<f64>() / points.len() as f64;
    let (x, y) = (mean(|point| point.0), mean(|point| point.1));
    let covariance: f64 = points.iter().map(|point| (point.0 - x) * (point.1 - y)).sum();
    let variance: f64 = points.iter().map(|point| (point.0 - x).powi(2)).sum();
    Ok(Row {
        work: String::from("mesh 8 wide: growth of build, tree and plan with the edges"),
        size: String::from("5 to 200 layers"),
        unit: Unit::Number,
        ours: covariance / variance,
        against: String::from("linear"),
        rival: 1.0,
        bar: 1.1,
        per: 0,
    })
}

fn gitlab_tables() -> Result<Row, Failed> {
    let tables = Tables::new()?;
    let (mut took, mut affected) = (Vec::new(), 0);
    for _ in 0..15 {
        let (time, tables) = block_on(gitlab::build_and_plan(&tables))??;
        took.push(time);
        affected = tables;
    }
    Ok(Row {
        work: format!("GitLab's tables: build, and plan a delete from {}", gitlab::ROOT),
        size: format!("{} edges, {affected} tables affected", tables.edges()),
        unit: Unit::Time,
        ours: nanoseconds(median(took)),
        against: String::from("20 ms"),
        rival: 20e6,
        bar: 1.0,
        per: tables.edges() as u64,
    })
}

/// The clock jumps, so every run gives the same result. One long effect that starts late decides the run of a forest;
/// so there are several forests, and the median counts.
fn sleeping(concurrency: usize) -> Result<Row, Failed> {
    let mut runs = Vec::new();
    for seed in 1..=FORESTS {
        let forest = Arc::new(Forest::new(400, seed));
        let bound = forest.bound(concurrency);
        let took = makespan::run(&forest, concurrency)?;
        let factor = |took: Duration| took.as_secs_f64() / bound.as_secs_f64();
        let others = [forest.layer_by_layer(concurrency), forest.foreseen(concurrency)];
        runs.push((factor(took), took, bound, others.map(factor), forest.len()));
    }
    runs.sort_by(|a, b| a.0.total_cmp(&b.0));
    let (least, most) = (runs[0].0, runs[runs.len() - 1].0);
    let (_, took, bound, [layers, foreseen], instances) = runs[runs.len() / 2];
    Ok(Row {
        work: format!(
            "effects that sleep, log-normal, uneven trees, {concurrency} at once: until all is done; the middle one of \
             {FORESTS} forests ({least:.2} to {most:.2})"
        ),
        size: format!("{instances} instances"),
        unit: Unit::Time,
        ours: nanoseconds(took),
        against: format!(
            "the longer of critical path and shared work (layer by layer: {layers:.2}; with every duration known in \
             advance: {foreseen:.2})"
        ),
        rival: nanoseconds(bound),
        bar: 1.1,
        per: instances as u64,
    })
}

/// The journal is on a disk, as in production: a journal in memory would have no cost and keep no records.
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
        || block_on(async { driver::apply(&cascade, &count, driver::plan(&cascade, steps).await?).await })?,
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
