//! Counts how often the engine allocates for an instance.
//!
//! The allocator counts for the whole process, so this program has one thread: it runs without the test harness, whose own
//! thread would be counted too.

#![forbid(unsafe_code)]

use std::alloc::System;
use std::sync::Arc;

use cascade_benches::cloud::World;
use cascade_benches::fan_out::Tree;
use cascade_benches::{Failed, block_on, cloud, fan_out};
use stats_alloc::{INSTRUMENTED_SYSTEM, Region, Stats, StatsAlloc};

#[global_allocator]
static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

/// Allocations per thousand instances for a plan and its run with u64 ids, including the finders' own answers, and the
/// permitted increase.
const PER_THOUSAND: usize = 25;
const TOLERANCE: usize = 10;

/// The same for text ids in a tree: each id is copied once, by its finder.
const TEXTS_PER_THOUSAND: usize = 1034;

fn main() -> Result<(), Failed> {
    numbers()?;
    texts()
}

fn texts() -> Result<(), Failed> {
    let tree = Arc::new(Tree::<String>::new(20_000));
    let cascade = fan_out::cascade(&tree)?;
    block_on(fan_out::plan_and_apply(&cascade, &tree))??;
    let region = Region::new(ALLOCATOR);
    block_on(fan_out::plan_and_apply(&cascade, &tree))??;
    let stats = region.change();
    expect_few(&stats, tree.instances(), TEXTS_PER_THOUSAND)
}

fn numbers() -> Result<(), Failed> {
    let world = Arc::new(World::<u64>::new(20_000));
    let cascade = cloud::cascade(&world)?;
    // The first run creates everything that stays allocated.
    drop(block_on(cloud::plan_and_apply(&cascade, &*world))??);
    let region = Region::new(ALLOCATOR);
    let report = block_on(cloud::plan_and_apply(&cascade, &*world))??;
    let stats = region.change();
    drop(report);
    expect_few(&stats, world.len(), PER_THOUSAND)
}

fn expect_few(stats: &Stats, instances: u64, expected: usize) -> Result<(), Failed> {
    let allocations = stats.allocations + stats.reallocations;
    let per_thousand = allocations * 1000 / usize::try_from(instances)?;
    assert!(
        per_thousand <= expected + TOLERANCE,
        "{per_thousand} allocations per thousand instances, {expected} when this was written"
    );
    Ok(())
}
