//! Faults at each write of the journal. Fail points determine when a fault happens. Most faults are real: processes that
//! die, locks of other connections, files that cannot grow, changed bytes.

mod batching;
mod crash;
mod damaged;
#[cfg(unix)]
mod disk;
mod lease;
mod locked;
mod world;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Mutex, PoisonError};

use fail::FailScenario;

/// The fail points: before a transaction, before each record in it, before its commit, and after its commit.
const POINTS: [&str; 4] = ["journal-begin", "journal-record", "journal-commit", "journal-committed"];

/// Fail points belong to the process, so a test that uses them excludes all others.
fn alone() -> FailScenario<'static> {
    FailScenario::setup()
}

/// Calls `fault` when the thread reaches the point for the `number`th time, from 0. Returns the number of times that the
/// point was reached.
fn at(point: &str, number: usize, fault: impl Fn() + Send + Sync + 'static) -> Arc<AtomicUsize> {
    let reached = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&reached);
    let callback = move || {
        if count.fetch_add(1, Ordering::Relaxed) == number {
            fault();
        }
    };
    fail::cfg_callback(point, callback).expect("the point can be set");
    reached
}

/// Counts how often the thread reaches the point.
fn count(point: &str) -> Arc<AtomicUsize> {
    at(point, usize::MAX, || ())
}

/// Holds the writer thread at a fail point, until it is released or dropped.
struct Hold {
    reached: Receiver<()>,
    release: Sender<()>,
}

impl Hold {
    /// Holds the thread when it next reaches the point.
    fn next(point: &str) -> Self {
        let ((arrive, reached), (release, released)) = (channel(), channel::<()>());
        let released = Mutex::new(released);
        at(point, 0, move || {
            // Either end is gone if the test has failed: then the thread continues.
            let _ = arrive.send(());
            let _ = released.lock().unwrap_or_else(PoisonError::into_inner).recv();
        });
        Self { reached, release }
    }

    /// Waits until the thread is held.
    fn wait(&self) {
        self.reached.recv().expect("the thread reaches the point");
    }

    fn release(self) {
        drop(self.release);
    }
}
