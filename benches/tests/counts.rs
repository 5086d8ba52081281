//! What is measured is also done right, and by asking no more than is needed.

#![forbid(unsafe_code)]

use std::sync::Arc;

use cascade_benches::cloud::World;
use cascade_benches::ids::BenchId;
use cascade_benches::measure::expect_equal;
use cascade_benches::{Failed, block_on, by_hand, cloud, driver, mesh, sqlite};

/// `build_and_plan` answers an error unless each finder was asked once.
#[test]
fn finders_are_asked_once_for_each_edge_of_a_mesh() -> Result<(), Failed> {
    for layers in [1, 2, 10, 50] {
        block_on(mesh::build_and_plan(layers))??;
    }
    Ok(())
}

#[test]
fn every_instance_goes_once_and_after_what_hangs_off_it() -> Result<(), Failed> {
    check_cloud::<u64>()?;
    check_cloud::<u128>()?;
    check_cloud::<String>()
}

fn check_cloud<Id: BenchId>() -> Result<(), Failed> {
    let world = Arc::new(World::<Id>::new(2500).watched());
    let cascade = cloud::cascade(&world)?;
    let report = block_on(cloud::plan_and_apply(&cascade, &world))??;
    expect_equal("complete", &report.is_complete(), &true)?;
    world.expect_all_destroyed()
}

#[test]
fn the_program_by_hand_finds_the_same() -> Result<(), Failed> {
    let world = World::<u64>::new(2500);
    by_hand::apply(&world, &by_hand::plan(&world));
    world.expect_all_destroyed()
}

#[test]
fn a_plan_on_sqlite_runs_its_statements_once() -> Result<(), Failed> {
    let database = Arc::new(sqlite::Database::new(&World::new(2500))?);
    let cascade = sqlite::cascade(&database)?;
    let statements = block_on(sqlite::statements_of_a_plan(&cascade, &database))??;
    // 2,500 VMs and NICs are asked about in three batches each, all other parents in one.
    expect_equal("statements", &statements.len(), &(11 + 3 * 3))?;
    sqlite::run_statements(&database, &statements)?;
    Ok(())
}

#[test]
fn the_driver_runs_each_step() -> Result<(), Failed> {
    let count = Arc::default();
    let cascade = driver::cascade(&count)?;
    block_on(async { driver::apply(&cascade, &count, driver::plan(&cascade, 300).await?).await })??;
    block_on(driver::bare(&count, 300))??;
    Ok(())
}
