//! The program changed while a run was broken off.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use cascade_core::{
    Apply, Cascade, CascadeBuilder, Delete, Event, MemoryJournal, Outcome, ResumeError, Rule, RunId, place,
};

use crate::site::{LEVELS, Site, declaration, resource};

/// Deletes the room, and dies after a while.
async fn broken_off(site: &Site, journal: &MemoryJournal, life: u64) -> RunId {
    broken_off_with(site, journal, life, |apply| apply).await
}

/// The same, set so.
pub(crate) async fn broken_off_with(
    site: &Site,
    journal: &MemoryJournal,
    life: u64,
    set: impl FnOnce(Apply) -> Apply,
) -> RunId {
    let cascade = site.builder().journal(journal.clone()).build().expect("the graph has no faults");
    let plan = cascade.plan_named(Delete, "Room", ["room"]).await.expect("finders answer");
    let applying = set(cascade.apply(plan));
    let run = applying.run_id().clone();
    let life = Duration::from_millis(life);
    assert!(tokio::time::timeout(life, applying.into_future()).await.is_err(), "it was to die");
    run
}

/// A program in which machines have disks.
pub(crate) fn with_disks(site: &Site, journal: &MemoryJournal) -> CascadeBuilder {
    let disk = cascade_core::ResourceDescriptor::runtime::<String>("Disk", place!());
    let mut disks = cascade_core::Declaration::<Site, String>::new("Disks", disk, place!());
    disks.effect("wipe", place!(), |site: &Site, ids: &[String], _| {
        site.tables().there.retain(|id, _| !ids.contains(id));
        Box::pin(async { Ok(Outcome::done()) })
    });
    disks.edge(resource(2), place!());
    disks.finder("inside", resource(2), None, place!(), |site: &Site, machines: &[String], _| {
        let there = site.tables().there.clone();
        let inside = machines.iter().map(|machine| (machine.clone(), format!("disk-of-{machine}")));
        let found = inside.filter(|(machine, _)| there.contains_key(machine)).collect();
        Box::pin(async { Ok(cascade_core::Found::Pairs(found)) })
    });
    disks.rule(Rule::effect::<Delete>("wipe", place!()).from(resource(2)));
    site.builder().declare(site.clone(), disks).journal(journal.clone())
}

#[tokio::test(start_paused = true)]
async fn what_is_left_is_planned_again_and_the_difference_shown() {
    let (site, journal) = (Site::new(4, 3), MemoryJournal::new());
    // Room, racks and machines close in 40 ms; then six of twelve machines go in 10 ms.
    let run = broken_off(&site, &journal, 55).await;
    let left = site.tables().there.len();
    assert_eq!(left, 11, "half of the machines are gone");
    let machines = left - 5;
    let cascade = with_disks(&site, &journal).build().expect("the graph has no faults");
    let shown = Arc::new(Mutex::new(Vec::new()));
    let (show, seen) = (Arc::clone(&shown), Arc::clone(&shown));
    let begun = site.tables().begun.len();
    let report = cascade
        .resume(&run)
        .on_difference(move |difference| {
            show.lock().expect("nobody panics").push(difference.to_string());
            true
        })
        .on_event(move |event| {
            if let Event::Replanned { added, .. } = event {
                seen.lock().expect("nobody panics").push(format!("{added} added"));
            }
        })
        .await
        .expect("it goes on");
    assert!(report.is_complete(), "{report}");
    assert!(site.tables().there.is_empty());
    let shown = shown.lock().expect("nobody panics").clone();
    assert!(
        shown[0].starts_with(&format!(
            "{machines} more, 0 fewer, 0 with other effects\n  + Disk disk-of-machine-"
        ))
    );
    assert_eq!(shown[1], format!("{machines} added"));
    let closed_again = site.tables().begun[begun..].iter().filter(|(effect, ..)| effect == "close").count();
    assert_eq!(closed_again, 0, "what had ended is carried over");

    let info = cascade_core::Journal::run(&journal, &run).await.expect("it is in the journal");
    assert_eq!((info.ended, info.run.instances), (info.run.instances, 5 + 2 * machines as u64));
}

#[tokio::test(start_paused = true)]
async fn what_was_planned_again_survives_further_deaths() {
    for life in (0..60).step_by(5) {
        let (site, journal) = (Site::new(2, 3), MemoryJournal::new());
        let run = broken_off(&site, &journal, 45).await;
        let cascade = || with_disks(&site, &journal).build().expect("the graph has no faults");
        let first = cascade().resume(&run).on_difference(|_| true);
        if tokio::time::timeout(Duration::from_millis(life), first.into_future()).await.is_err() {
            assert!(cascade().resume(&run).await.expect("it goes on").is_complete());
        }
        assert!(site.tables().there.is_empty());
    }
}

#[tokio::test(start_paused = true)]
async fn a_resource_that_is_gone_is_named() {
    let (site, journal) = (Site::new(2, 3), MemoryJournal::new());
    let run = broken_off(&site, &journal, 5).await;
    let builder =
        Cascade::builder().declare(site.clone(), declaration(0)).declare(site.clone(), declaration(1));
    let without_machines = builder.journal(journal.clone()).build().expect("the graph has no faults");
    let error = without_machines.resume(&run).await.expect_err("machines are left to do");
    let ResumeError::ResourceGone { ref left, .. } = error else { panic!("{error}") };
    assert_eq!(*left, [(LEVELS[2].to_owned(), 6)]);
    let words =
        "has instances left to do that no linked extension declares: 6 of Machine: link the crates that do";
    assert!(error.to_string().ends_with(words), "{error}");
    // Once it is back, so is the run.
    let cascade = site.builder().journal(journal).build().expect("the graph has no faults");
    assert!(cascade.resume(&run).await.expect("it goes on").is_complete());
}

#[test]
fn the_version_tells_graphs_apart_and_not_their_link_order() {
    let site = Site::new(1, 1);
    let version =
        |builder: CascadeBuilder| builder.build().expect("the graph has no faults").graph().version();
    let declare = |builder: CascadeBuilder, level| builder.declare(site.clone(), declaration(level));
    let turned = (0..3).rev().fold(Cascade::builder(), declare);
    assert_eq!(version(site.builder()), version(turned));
    assert_ne!(version(site.builder()), version(with_disks(&site, &MemoryJournal::new())));
    assert_ne!(version(site.builder()), version((0..2).fold(Cascade::builder(), declare)));
}
