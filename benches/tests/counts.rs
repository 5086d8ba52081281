//! Checks that benchmarks do their work correctly, and with the fewest questions to finders.

#![forbid(unsafe_code)]

use std::sync::Arc;

use cascade_benches::cloud::World;
use cascade_benches::flat::Flat;
use cascade_benches::gitlab::Tables;
use cascade_benches::ids::BenchId;
use cascade_benches::makespan::Forest;
use cascade_benches::measure::expect_equal;
use cascade_benches::{Failed, block_on, by_hand, cloud, driver, flat, gitlab, makespan, mesh, sqlite};

/// `build_and_plan` returns an error unless each finder was asked once.
#[test]
fn finders_are_asked_once_for_each_edge_of_a_mesh() -> Result<(), Failed> {
    for layers in [1, 2, 10, 50] {
        block_on(mesh::build_and_plan(layers))??;
    }
    Ok(())
}

#[test]
fn every_instance_is_destroyed_once_and_after_its_dependents() -> Result<(), Failed> {
    check_cloud::<u64>()?;
    check_cloud::<u128>()?;
    check_cloud::<String>()
}

fn check_cloud<Id: BenchId>() -> Result<(), Failed> {
    let world = Arc::new(World::<Id>::new(2500).watched());
    let cascade = cloud::cascade(&world)?;
    let report = block_on(cloud::plan_and_apply(&cascade, &*world))??;
    expect_equal("complete", &report.is_complete(), &true)?;
    world.expect_all_destroyed()
}

#[test]
fn the_program_by_hand_destroys_the_same_instances() -> Result<(), Failed> {
    let world = World::<u64>::new(2500);
    by_hand::apply(&world, &by_hand::plan(&world));
    world.expect_all_destroyed()
}

#[test]
fn a_plan_on_sqlite_runs_its_statements_once_and_deletes_everything() -> Result<(), Failed> {
    let directory = tempfile::tempdir()?;
    let file = directory.path().join("cloud.db");
    let instances = sqlite::make(&file, 2500, sqlite::References::Plain)?;
    let database = Arc::new(sqlite::Database::open(&file, sqlite::CACHE)?);
    let cascade = sqlite::cascade(&database)?;
    let statements = block_on(sqlite::statements_of_a_plan(&cascade, &database, instances))??;
    // 2,500 VMs and NICs are asked about in three batches each, all other parents in one.
    expect_equal("statements", &statements.len(), &(11 + 3 * 3))?;
    sqlite::run_statements(&database, &statements, instances)?;
    drop((cascade, database));
    block_on(sqlite::plan_and_apply(&file, sqlite::CACHE, instances))??;
    sqlite::expect_empty(&file)
}

#[test]
fn the_program_over_flat_arrays_destroys_the_same_instances() -> Result<(), Failed> {
    let flat = Arc::new(Flat::new(2500));
    flat::apply(&flat, &flat::plan(&flat));
    flat.expect_all_destroyed()?;
    let cascade = cloud::cascade(&flat)?;
    drop(block_on(cloud::plan_and_apply(&cascade, &*flat))??);
    flat.expect_all_destroyed()
}

/// `build_and_plan` returns an error unless each finder below an affected table was asked once.
#[test]
fn finders_are_asked_once_for_each_edge_of_the_gitlab_tables() -> Result<(), Failed> {
    block_on(gitlab::build_and_plan(&Tables::new()?))??;
    Ok(())
}

#[test]
fn a_run_is_close_to_the_lower_bound() -> Result<(), Failed> {
    let forest = Arc::new(Forest::new(60, 3));
    for concurrency in [4, 32, 10_000] {
        let (bound, took) = (forest.bound(concurrency), makespan::run(&forest, concurrency)?);
        let factor = took.as_secs_f64() / bound.as_secs_f64();
        assert!((1.0..1.3).contains(&factor), "{concurrency} at once: {factor} times the bound");
    }
    Ok(())
}

#[test]
fn the_driver_runs_each_step() -> Result<(), Failed> {
    let count = Arc::default();
    let cascade = driver::cascade(&count)?;
    block_on(async { driver::apply(&cascade, &count, driver::plan(&cascade, 300).await?).await })??;
    block_on(driver::bare(&count, 300))??;
    let waiting = Arc::default();
    let cascade = driver::waiting(&waiting)?;
    let plan = block_on(driver::plan(&cascade, 300))??;
    block_on(waiting.reactor.beside(driver::apply(&cascade, &waiting.count, plan)))??;
    block_on(waiting.reactor.beside(driver::bare_waiting(&waiting, 300)))??;
    Ok(())
}
