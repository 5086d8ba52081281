//! Runs one side of a benchmark once, for profilers: `bench-once <benchmark> [size]`. The preparation is a benchmark
//! of its own, so that it can be subtracted.

use std::sync::Arc;
use std::sync::atomic::AtomicU64;

use cascade_benches::cloud::World;
use cascade_benches::driver::Waiting;
use cascade_benches::flat::Flat;
use cascade_benches::ids::BenchId;
use cascade_benches::{Failed, block_on, by_hand, cloud, driver, flat};
use cascade_core::Cascade;

fn main() -> Result<(), Failed> {
    let mut arguments = std::env::args().skip(1);
    let benchmark = arguments.next().unwrap_or_default();
    let size: u64 = arguments.next().map_or(Ok(0), |size| size.parse())?;
    match benchmark.as_str() {
        "driver" => drive(size, true),
        "driver-planned" => drive(size, false),
        "driver-bare" => block_on(driver::bare(&AtomicU64::new(0), size))?.map(drop),
        "driver-waiting" => drive_waiting(size),
        "driver-waiting-bare" => {
            let waiting = Waiting::default();
            block_on(waiting.reactor.beside(driver::bare_waiting(&waiting, size)))?.map(drop)
        }
        "cloud" => in_memory::<u64>(size, both_passes),
        "cloud-planned" => {
            in_memory::<u64>(size, |cascade, world| block_on(cloud::plan(cascade, world))?.map(drop))
        }
        "cloud-by-hand" => in_memory::<u64>(size, by_hand),
        "cloud-made" => in_memory::<u64>(size, |_, _| Ok(())),
        "cloud-uuid" => in_memory::<u128>(size, both_passes),
        "cloud-uuid-by-hand" => in_memory::<u128>(size, by_hand),
        "cloud-uuid-made" => in_memory::<u128>(size, |_, _| Ok(())),
        "flat" => from_flat_arrays(size, |cascade, flat| {
            drop(block_on(cloud::plan_and_apply(cascade, flat))??);
            flat.expect_all_destroyed()
        }),
        "flat-planned" => {
            from_flat_arrays(size, |cascade, flat| block_on(cloud::plan(cascade, flat))?.map(drop))
        }
        "flat-bare" => from_flat_arrays(size, |_, flat| {
            flat::apply(flat, &flat::plan(flat));
            flat.expect_all_destroyed()
        }),
        "flat-made" => from_flat_arrays(size, |_, _| Ok(())),
        other => Err(format!("there is no benchmark `{other}`").into()),
    }
}

fn drive(steps: u64, apply: bool) -> Result<(), Failed> {
    let count = Arc::new(AtomicU64::new(0));
    let cascade = driver::cascade(&count)?;
    let plan = block_on(driver::plan(&cascade, steps))??;
    if apply {
        block_on(driver::apply(&cascade, &count, plan))??;
    }
    Ok(())
}

fn drive_waiting(steps: u64) -> Result<(), Failed> {
    let waiting = Arc::new(Waiting::default());
    let cascade = driver::waiting(&waiting)?;
    let plan = block_on(driver::plan(&cascade, steps))??;
    block_on(waiting.reactor.beside(driver::apply(&cascade, &waiting.count, plan)))?.map(drop)
}

fn both_passes<Id: BenchId>(cascade: &Cascade, world: &World<Id>) -> Result<(), Failed> {
    drop(block_on(cloud::plan_and_apply(cascade, world))??);
    world.expect_all_destroyed()
}

fn by_hand<Id: BenchId>(_: &Cascade, world: &World<Id>) -> Result<(), Failed> {
    by_hand::apply(world, &by_hand::plan(world));
    world.expect_all_destroyed()
}

fn in_memory<Id: BenchId>(
    vms: u64,
    work: impl FnOnce(&Cascade, &World<Id>) -> Result<(), Failed>,
) -> Result<(), Failed> {
    let world = Arc::new(World::<Id>::new(vms));
    let cascade = cloud::cascade(&world)?;
    work(&cascade, &world)
}

fn from_flat_arrays(
    vms: u64,
    work: impl FnOnce(&Cascade, &Flat) -> Result<(), Failed>,
) -> Result<(), Failed> {
    let flat = Arc::new(Flat::new(vms));
    let cascade = cloud::cascade(&flat)?;
    work(&cascade, &flat)
}
