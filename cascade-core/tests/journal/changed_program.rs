//! Resuming a run with a changed program.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use cascade_core::{
    Apply, Cascade, CascadeBuilder, Delete, Event, Journal, MemoryJournal, Outcome, Record, Replanned,
    ResumeError, Rule, RunId, place,
};

use crate::site::{LEVELS, Site, declaration, resource};

/// Deletes the room, and dies after `life` milliseconds.
async fn interrupted(site: &Site, journal: &MemoryJournal, life: u64) -> RunId {
    interrupted_with(site, journal, life, |apply| apply).await
}

/// The same, with further settings.
pub(crate) async fn interrupted_with(
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
    assert!(
        tokio::time::timeout(life, applying.into_future()).await.is_err(),
        "the run ended before it was interrupted"
    );
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
async fn the_rest_is_planned_again_and_the_difference_is_shown() {
    let (site, journal) = (Site::new(4, 3), MemoryJournal::new());
    // Closing the room, the racks and the machines takes 40 ms; then six of twelve machines are removed in 10 ms.
    let run = interrupted(&site, &journal, 55).await;
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
            show.lock().expect("no thread panics while it holds the lock").push(difference.to_string());
            true
        })
        .on_event(move |event| {
            if let Event::Replanned { added, .. } = event {
                seen.lock().expect("no thread panics while it holds the lock").push(format!("{added} added"));
            }
        })
        .await
        .expect("the run can be resumed");
    assert!(report.is_complete(), "{report}");
    assert!(site.tables().there.is_empty());
    let shown = shown.lock().expect("no thread panics while it holds the lock").clone();
    assert!(
        shown[0].starts_with(&format!(
            "{machines} added, 0 gone, 0 with other effects\n  + Disk disk-of-machine-"
        ))
    );
    assert_eq!(shown[1], format!("{machines} added"));
    let closed_again = site.tables().begun[begun..].iter().filter(|(effect, ..)| effect == "close").count();
    assert_eq!(closed_again, 0, "ended steps are carried over");

    let info = journal.run(&run).await.expect("the run is in the journal");
    assert_eq!((info.ended, info.run.instances), (info.run.instances, 5 + 2 * machines as u64));
}

#[tokio::test(start_paused = true)]
async fn a_new_plan_survives_further_deaths() {
    for life in (0..60).step_by(5) {
        let (site, journal) = (Site::new(2, 3), MemoryJournal::new());
        let run = interrupted(&site, &journal, 45).await;
        let cascade = || with_disks(&site, &journal).build().expect("the graph has no faults");
        let first = cascade().resume(&run).on_difference(|_| true);
        if tokio::time::timeout(Duration::from_millis(life), first.into_future()).await.is_err() {
            assert!(cascade().resume(&run).await.expect("the run can be resumed").is_complete());
        }
        assert!(site.tables().there.is_empty());
    }
}

/// A newer program dies while it writes its plan, and the program of before goes on.
#[tokio::test(start_paused = true)]
async fn steps_after_a_plan_that_was_not_written_to_its_end_are_not_repeated() {
    let (site, journal) = (Site::new(4, 3), MemoryJournal::new());
    let run = interrupted(&site, &journal, 5).await;
    let log = journal.take_over(&run).await.expect("nobody owns the run");
    let begun = Replanned { graph: String::from("another"), added: 0, gone: 0, changed: 0, instances: 17 };
    log.append(vec![Record::Replanned(begun)]).await.expect("the journal is in memory");
    drop(log);
    let cascade = || site.builder().journal(journal.clone()).build().expect("the graph has no faults");
    let resumed = cascade().resume(&run);
    assert!(tokio::time::timeout(Duration::from_millis(55), resumed.into_future()).await.is_err());
    let begun = site.tables().begun.len();
    let ended = site.tables().ended.clone();
    assert!(ended.iter().any(|(effect, ..)| effect == "remove"));
    assert!(cascade().resume(&run).await.expect("the run can be resumed").is_complete());
    let repeated: Vec<_> = site.tables().begun[begun..]
        .iter()
        .filter(|(effect, id, ..)| ended.iter().any(|(done, of, ..)| (done, of) == (effect, id)))
        .cloned()
        .collect();
    assert_eq!(repeated, []);
}

#[tokio::test(start_paused = true)]
async fn a_missing_resource_is_named() {
    let (site, journal) = (Site::new(2, 3), MemoryJournal::new());
    let run = interrupted(&site, &journal, 5).await;
    let builder =
        Cascade::builder().declare(site.clone(), declaration(0)).declare(site.clone(), declaration(1));
    let without_machines = builder.journal(journal.clone()).build().expect("the graph has no faults");
    let error = without_machines.resume(&run).await.expect_err("machines are left to do");
    let ResumeError::ResourceGone { ref left, .. } = error else { panic!("{error}") };
    assert_eq!(*left, [(LEVELS[2].to_owned(), 6)]);
    let words = "has unfinished instances of resources that no linked extension declares (6 of Machine): link the crates \
                 that declare them";
    assert!(error.to_string().ends_with(words), "{error}");
    // With the machines declared again, the run can be resumed.
    let cascade = site.builder().journal(journal).build().expect("the graph has no faults");
    assert!(cascade.resume(&run).await.expect("the run can be resumed").is_complete());
}

#[test]
fn the_version_of_a_graph_does_not_depend_on_the_link_order() {
    let site = Site::new(1, 1);
    let version =
        |builder: CascadeBuilder| builder.build().expect("the graph has no faults").graph().version();
    let declare = |builder: CascadeBuilder, level| builder.declare(site.clone(), declaration(level));
    let turned = (0..3).rev().fold(Cascade::builder(), declare);
    assert_eq!(version(site.builder()), version(turned));
    assert_ne!(version(site.builder()), version(with_disks(&site, &MemoryJournal::new())));
    assert_ne!(version(site.builder()), version((0..2).fold(Cascade::builder(), declare)));
}
