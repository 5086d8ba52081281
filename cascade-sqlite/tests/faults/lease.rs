//! The lease of a run, by the clock.

use std::path::Path;
use std::sync::mpsc::channel;
use std::time::{Duration, Instant};

use cascade_core::{Journal, NewRun, RunId};
use cascade_sqlite::Options;
use rusqlite::Connection;

use crate::world::World;
use crate::{Hold, alone};

const LEASE: Duration = Duration::from_millis(200);

fn lease_until(path: &Path) -> i64 {
    let connection = Connection::open(path).expect("the file opens");
    let select = "SELECT lease_until FROM run";
    connection.query_row(select, [], |row| row.get(0)).expect("the file has a run")
}

#[tokio::test]
async fn writer_thread_renews_leases() {
    let _alone = alone();
    let world = World::new();
    let journal = Options::default().lease(LEASE).open(world.journal()).expect("the journal opens");
    let _log = journal.create(NewRun::new(RunId::from("a"), "delete", "Zone")).await.expect("the run is new");
    let before = lease_until(&world.journal());
    // No request follows, so that each further transaction is a renewal. In the first, a clock of milliseconds may not
    // have moved.
    let (committed, commits) = channel();
    let notify = move || {
        // The test has ended if it does not receive this.
        let _ = committed.send(());
    };
    fail::cfg_callback("journal-committed", notify).expect("the point can be set");
    while lease_until(&world.journal()) == before {
        commits.recv().expect("the thread writes");
    }
    assert!(lease_until(&world.journal()) > before);
}

#[tokio::test]
async fn run_is_not_held_while_its_lease_cannot_be_renewed() {
    let _alone = alone();
    let world = World::new();
    let journal = Options::default().lease(LEASE).open(world.journal()).expect("the journal opens");
    let log = journal.create(NewRun::new(RunId::from("a"), "delete", "Zone")).await.expect("the run is new");
    let hold = Hold::next("journal-begin");
    hold.wait();
    // The last renewal is older than this moment, so the lease expires during the sleep, however slow the machine is.
    std::thread::sleep(LEASE);
    assert!(!log.is_held());
    hold.release();
    // The append extends the lease from a moment after `start`. An attempt that takes longer than the lease shows nothing.
    loop {
        let start = Instant::now();
        log.append(Vec::new()).await.expect("no other process has taken the run over");
        if log.is_held() {
            break;
        }
        assert!(start.elapsed() + Duration::from_millis(1) >= LEASE, "an append extends the lease");
    }
}
