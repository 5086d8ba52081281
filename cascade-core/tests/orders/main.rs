//! Small worlds in every order of the answers of their methods. While a run is under way, one link moves, one arrives, and the
//! process dies once and is resumed, at every moment. `cargo xtask orders` explores everything; without it, there is no death and
//! either the move or the arrival.

mod choices;
mod explore;
mod journal;
mod judge;
mod methods;
mod now;
mod world;
mod worlds;

use std::collections::BTreeSet;
use std::fmt::Write;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use cascade_core::Drift;

use explore::{Bound, Explored, Explorer};
use world::World;

/// One world under one mode.
type Job = (World, Drift);

fn explore(job: &Job, bound: Bound) -> Result<Explored, String> {
    let mut runtime = tokio::runtime::Builder::new_current_thread();
    let runtime = runtime.enable_time().start_paused(true).build().expect("a runtime");
    let _entered = runtime.enter();
    Explorer::new(job.0.clone(), job.1, bound).explore()
}

/// Fewer states than this would mean that a part of the exploration is missing.
fn fewest_states(bound: Bound) -> usize {
    match bound {
        Bound::OneChange => 8_000,
        Bound::All => 400_000,
    }
}

#[test]
fn every_order_keeps_the_promises() {
    let all = std::env::var("CASCADE_ORDERS").is_ok_and(|orders| orders == "all");
    let bound = if all { Bound::All } else { Bound::OneChange };
    let worlds = worlds::worlds();
    let names: BTreeSet<&str> = worlds.iter().map(|world| world.name).collect();
    assert!(names.len() == worlds.len() && names.len() >= 30, "worlds: {names:?}");
    let modes = |world: World| [(world.clone(), Drift::Refuse), (world, Drift::Follow)];
    let jobs: Vec<Job> = worlds.into_iter().flat_map(modes).collect();
    let (mut total, mut ends, mut faults) = (Explored::default(), String::new(), Vec::new());
    for ((world, drift), explored) in jobs.iter().zip(explore_all(&jobs, bound)) {
        match explored {
            Ok(explored) => {
                total.states += explored.states;
                total.deaths += explored.deaths;
                total.executions += explored.executions;
                let _ = writeln!(ends, "{}, {drift:?}", world.name);
                explored.ends.iter().for_each(|end| {
                    let _ = writeln!(ends, "    {end}");
                });
            }
            Err(fault) => faults.push(format!("{}: {fault}", world.name)),
        }
    }
    let Explored { states, deaths, executions, .. } = total;
    eprintln!("{} worlds: {states} states, {deaths} of them after a death, {executions} ends", names.len());
    assert!(faults.is_empty(), "{}", faults.join("\n\n"));
    assert!(states >= fewest_states(bound), "{states} states");
    let name = if all { "all_ends" } else { "ends" };
    insta::assert_snapshot!(name, ends);
}

/// Explores with two threads. The results have the order of the jobs.
fn explore_all(jobs: &[Job], bound: Bound) -> Vec<Result<Explored, String>> {
    let (next, found) = (AtomicUsize::new(0), Mutex::new(Vec::new()));
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                loop {
                    let at = next.fetch_add(1, Ordering::Relaxed);
                    let Some(job) = jobs.get(at) else { break };
                    let explored = explore(job, bound);
                    found.lock().expect("no thread panicked").push((at, explored));
                }
            });
        }
    });
    let mut found = found.into_inner().expect("no thread panicked");
    found.sort_by_key(|(at, _)| *at);
    found.into_iter().map(|(_, explored)| explored).collect()
}
