//! How often the disk is waited for.

use std::sync::atomic::Ordering;

use cascade_core::{Journal, NewRun, Phase, Record, RunId, StepBegun};
use cascade_sqlite::SqliteJournal;

use crate::world::World;
use crate::{alone, at};

fn record(number: u32) -> Record {
    let (resource, effect) = (String::from("VmInstance"), String::from("destroy"));
    Record::StepBegun(StepBegun { phase: Phase::Effect, resource, effect, instances: vec![number] })
}

#[tokio::test]
async fn what_nobody_waits_for_is_not_synced() {
    let _alone = alone();
    let syncs = at("journal-sync", usize::MAX, || ());
    let world = World::new();
    let journal = SqliteJournal::open(world.journal()).expect("it opens");
    let log = journal.create(NewRun::new(RunId::from("a"), "delete", "Zone")).await.expect("it is new");
    for number in 0..50 {
        drop(log.append(vec![record(number)]));
    }
    log.append(Vec::new()).await.expect("it is owned");
    // The writing thread may come to a record before it is let go of here: that is seldom, and not 50 times.
    let unasked = syncs.swap(0, Ordering::Relaxed);
    assert!(unasked < 10, "50 that nobody waits for cost {unasked} syncs");
    let waiting: Vec<_> = (0..20).map(|number| log.append(vec![record(number)])).collect();
    for durable in waiting {
        durable.await.expect("it is written");
    }
    let synced = syncs.load(Ordering::Relaxed);
    assert!((1..=2).contains(&synced), "20 that come together cost {synced} syncs");
    fail::remove("journal-sync");
    let records = journal.read(&RunId::from("a"), 0, 1000).await.expect("it reads");
    assert_eq!(records.len(), 70);
}
