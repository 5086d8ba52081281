//! What was gained is guarded by counting, not by timing: how often the engine allocates for an instance. One test in a
//! program of its own, for another one beside it would be counted with it.

#![forbid(unsafe_code)]

use std::alloc::System;
use std::sync::Arc;

use cascade_benches::cloud::World;
use cascade_benches::{Failed, block_on, cloud};
use stats_alloc::{INSTRUMENTED_SYSTEM, Region, StatsAlloc};

#[global_allocator]
static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

/// Allocations in a plan and its run, per thousand instances, for u64 ids, and how many of them a change may add. The
/// finders' own answers are among them.
const PER_THOUSAND: usize = 70;
const TOLERANCE: usize = 10;

#[test]
fn allocations_per_instance_stay_few() -> Result<(), Failed> {
    let world = Arc::new(World::<u64>::new(20_000));
    let cascade = cloud::cascade(&world)?;
    // The first run sets up what stays.
    drop(block_on(cloud::plan_and_apply(&cascade, &*world))??);
    let region = Region::new(ALLOCATOR);
    let report = block_on(cloud::plan_and_apply(&cascade, &*world))??;
    let stats = region.change();
    drop(report);
    let allocations = stats.allocations + stats.reallocations;
    let per_thousand = allocations * 1000 / usize::try_from(world.len())?;
    assert!(
        per_thousand <= PER_THOUSAND + TOLERANCE,
        "{per_thousand} allocations per thousand instances, {PER_THOUSAND} when this was written"
    );
    Ok(())
}
