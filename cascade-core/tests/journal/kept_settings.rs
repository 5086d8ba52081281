//! The settings of a run still hold after resume: its limits, and the vetoes that it was forced past.

use std::time::Duration;

use cascade_core::prelude::*;
use cascade_core::{Apply, Drift, FailurePolicy, Limits, MemoryJournal, Report, ResumeError, RunId, Verdict};

use crate::changed_program::{interrupted_with, with_disks};
use crate::cloud::{Host, Rack, Vm, World};
use crate::late_dependents::Slow;
use crate::schemas::{RUN, assert_conforms};
use crate::site::Site;

/// A rack with a host. When `vm-1` is removed, `vm-late` appears.
fn with_late_vm() -> World {
    let world = World::new(&[("host-1", "rack-1")], &[("vm-1", "host-1"), ("vm-2", "host-1")]);
    world.tables().on_removal.insert("vm-1".to_owned(), ("vm-late".to_owned(), "host-1".to_owned()));
    world
}

fn engine(world: &World, journal: &MemoryJournal) -> Cascade {
    world.builder().layer(Slow).journal(journal.clone()).build().expect("the graph has no faults")
}

/// Deletes the rack, dies after `life` milliseconds, and resumes.
async fn die_and_resume(
    world: &World,
    journal: &MemoryJournal,
    life: u64,
    set: impl FnOnce(Apply) -> Apply,
) -> (RunId, Report) {
    let cascade = engine(world, journal);
    let plan = cascade.plan(Delete, Rack::roots(["rack-1"])).await.expect("finders answer");
    let applying = set(cascade.apply(plan));
    let run = applying.run_id().clone();
    let report = match tokio::time::timeout(Duration::from_millis(life), applying.into_future()).await {
        Ok(report) => report.expect("the plan can be applied"),
        Err(_) => engine(world, journal).resume(&run).await.expect("the run can be resumed"),
    };
    (run, report)
}

#[tokio::test(start_paused = true)]
async fn late_dependents_count_against_the_limits_of_a_resumed_run() {
    for life in 0..50 {
        let (world, journal) = (with_late_vm(), MemoryJournal::new());
        let limits = Limits::none().resource("Vm", 2);
        let (_, report) =
            die_and_resume(&world, &journal, life, |apply| apply.drift(Drift::Follow).limits(limits)).await;
        // The program itself has no limit.
        assert!(world.tables().vms.contains_key("vm-late"), "after {life} ms: {report}");
        let Some(Verdict::Failed(failure)) = report.verdict::<Host>(&"host-1".to_owned()) else {
            panic!("after {life} ms: {report}")
        };
        assert!(failure.to_string().contains("the limit is 2"), "{failure}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_new_plan_counts_against_the_limits_of_the_run() {
    let (site, journal) = (Site::new(2, 3), MemoryJournal::new());
    let limits = Limits::none().instances(9);
    let run = interrupted_with(&site, &journal, 5, |apply| apply.limits(limits)).await;
    let more = with_disks(&site, &journal).build().expect("the graph has no faults");
    let refused = more.resume(&run).on_difference(|_| true).await.expect_err("the new plan has six disks");
    let ResumeError::OverLimit { ref exceeded, .. } = refused else { panic!("{refused}") };
    assert_eq!((exceeded[0].limit, exceeded[0].instances), (9, 15));
}

#[tokio::test(start_paused = true)]
async fn limits_of_the_program_apply_to_a_run_without_limits() {
    let (site, journal) = (Site::new(2, 3), MemoryJournal::new());
    let run = interrupted_with(&site, &journal, 5, |apply| apply).await;
    let limited = with_disks(&site, &journal).limits(Limits::none().resource("Disk", 0));
    let limited = limited.build().expect("the graph has no faults");
    let refused = limited.resume(&run).on_difference(|_| true).await.expect_err("disks are protected");
    assert!(matches!(refused, ResumeError::OverLimit { .. }), "{refused}");
}

#[tokio::test(start_paused = true)]
async fn vetoes_against_late_dependents_of_a_forced_run_are_listed() {
    for life in 0..60 {
        let (world, journal) = (with_late_vm(), MemoryJournal::new());
        world.tables().protected.extend(["vm-2".to_owned(), "vm-late".to_owned()]);
        let (run, report) = die_and_resume(&world, &journal, life, |apply| {
            apply.drift(Drift::Follow).policy(FailurePolicy::Force).forced(true)
        })
        .await;
        assert!(report.is_complete(), "after {life} ms: {report}");
        let overridden = report.summary().overridden;
        let named: Vec<&str> = overridden.iter().map(|veto| veto.instance.text.as_str()).collect();
        assert_eq!(named, ["vm-2", "vm-late"], "after {life} ms: each once");
        assert!(report.verdict::<Vm>(&"vm-late".to_owned()).is_some());
        let details = engine(&world, &journal).run_details(&run).await.expect("the run is in the journal");
        assert_eq!(details.overridden, overridden);
        assert_conforms(&RUN, &details);
    }
}

/// A record of a program that did not record limits.
#[test]
fn a_start_without_limits_is_read() {
    let old = r#"{"record":"started","graph":"g","digest":"d","roots":1,"policy":"stop","forced":false,"drift":"ignore"}"#;
    let record: cascade_core::Record =
        serde_json::from_str(old).expect("the record has all fields of its time");
    let cascade_core::Record::Started(start) = record else { panic!("{record:?}") };
    assert_eq!(start.limits, None);
}
