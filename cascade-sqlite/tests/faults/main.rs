//! Faults at each write of the journal. Fail points say when; the faults themselves are real: processes that die, locks of
//! other connections, files that may not grow, bytes that are changed.

mod crash;
mod damaged;
#[cfg(unix)]
mod disk;
mod locked;
mod syncs;
mod world;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use fail::FailScenario;

/// All fail points there are: before a transaction, before each record in it, before and after its commit.
const POINTS: [&str; 4] = ["journal-begin", "journal-record", "journal-commit", "journal-committed"];

/// Fail points are the whole process's: a test that meets them has them for itself.
fn alone() -> FailScenario<'static> {
    FailScenario::setup()
}

/// Lets `fault` happen when that point is reached for the `number`th time, from 0. Answers how often it was reached.
fn at(point: &str, number: usize, fault: impl Fn() + Send + Sync + 'static) -> Arc<AtomicUsize> {
    let reached = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&reached);
    let met = move || {
        if count.fetch_add(1, Ordering::Relaxed) == number {
            fault();
        }
    };
    fail::cfg_callback(point, met).expect("the point can be set");
    reached
}
