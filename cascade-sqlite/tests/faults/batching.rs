//! How many transactions and syncs a batch of requests costs.

use std::sync::atomic::Ordering;
use std::time::Duration;

use cascade_core::{Journal, NewRun, Phase, Record, RunId, RunLog, StepBegun};
use cascade_sqlite::Options;

use crate::world::World;
use crate::{Hold, alone, count};

fn record(number: u32) -> Record {
    let (resource, effect) = (String::from("VmInstance"), String::from("destroy"));
    Record::StepBegun(StepBegun { phase: Phase::Effect, resource, effect, instances: vec![number] })
}

/// Requests that arrive while the writer thread is busy.
struct Batch {
    /// Records whose futures are dropped.
    dropped: u32,
    /// Records whose futures are awaited.
    awaited: u32,
}

/// The transactions and the syncs that it costs to write the batch.
async fn cost(log: &dyn RunLog, batch: Batch) -> (usize, usize) {
    // An append without records is not synced. It occupies the writer thread while the batch is queued.
    let hold = Hold::next("journal-commit");
    let busy = log.append(Vec::new());
    hold.wait();
    let (transactions, syncs) = (count("journal-begin"), count("journal-sync"));
    for number in 0..batch.dropped {
        drop(log.append(vec![record(number)]));
    }
    let mut awaited: Vec<_> = (0..batch.awaited).map(|number| log.append(vec![record(number)])).collect();
    // Its reply shows that the batch is written.
    awaited.push(log.append(Vec::new()));
    hold.release();
    busy.await.expect("the run is owned");
    for reply in awaited {
        reply.await.expect("the records are written");
    }
    (transactions.load(Ordering::Relaxed), syncs.load(Ordering::Relaxed))
}

#[tokio::test]
async fn queued_requests_share_one_transaction_and_sync_only_if_awaited() {
    let _alone = alone();
    let world = World::new();
    // The lease is not renewed during the test: renewals are transactions too.
    let options = Options::default().lease(Duration::from_secs(24 * 60 * 60));
    let journal = options.open(world.journal()).expect("the journal opens");
    let run = RunId::from("a");
    let log = journal.create(NewRun::new(run.clone(), "delete", "Zone")).await.expect("the run is new");
    assert_eq!(cost(&*log, Batch { dropped: 50, awaited: 0 }).await, (1, 0));
    assert_eq!(cost(&*log, Batch { dropped: 0, awaited: 20 }).await, (1, 1));
    assert_eq!(cost(&*log, Batch { dropped: 50, awaited: 20 }).await, (1, 1));
    // One thousand requests are the maximum of a transaction.
    assert_eq!(cost(&*log, Batch { dropped: 1500, awaited: 0 }).await, (2, 0));
    let records = journal.read(&run, 0, 10_000).await.expect("the records are readable");
    assert_eq!(records.len(), 50 + 20 + 70 + 1500);
}
