//! Late dependents that joined a run before it died belong to it after resume.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use cascade_core::prelude::*;
use cascade_core::{ApplyError, Drift, Layer, MemoryJournal, Next, StepAnswer, StepCall, Verdict};
use futures::future::BoxFuture;

use crate::cloud::{Rack, World};
use crate::failed_writes::Faulty;

/// Each step takes 10 ms.
pub(crate) struct Slow;

impl Layer for Slow {
    fn call<'a>(&'a self, _step: StepCall<'a>, next: Next<'a>) -> BoxFuture<'a, StepAnswer> {
        Box::pin(async move {
            tokio::time::sleep(Duration::from_millis(10)).await;
            next.run().await
        })
    }
}

/// Two hosts in a rack. When `vm-1` is removed, `vm-late` appears on the same host.
fn with_late_vm() -> World {
    let world = World::new(
        &[("host-1", "rack-1"), ("host-2", "rack-1")],
        &[("vm-1", "host-1"), ("vm-2", "host-1"), ("vm-3", "host-2")],
    );
    world.tables().on_removal.insert("vm-1".to_owned(), ("vm-late".to_owned(), "host-1".to_owned()));
    world
}

/// The journal fails at each write in turn, also while the plan is extended: later writes are lost.
#[tokio::test(start_paused = true)]
async fn an_extended_run_resumes_after_a_failure_of_any_write() {
    let mut cut = 0;
    for latency in [0, 4, 25] {
        for writes in 0..50 {
            let world = with_late_vm();
            let left = Arc::new(AtomicUsize::new(writes));
            let latency = Duration::from_millis(latency);
            let journal = Faulty { journal: MemoryJournal::new(), left, latency };
            let engine = || {
                world.builder().layer(Slow).journal(journal.clone()).build().expect("the graph has no faults")
            };
            let cascade = engine();
            let plan = cascade.plan(Delete, Rack::roots(["rack-1"])).await.expect("finders answer");
            let applying = cascade.apply(plan).drift(Drift::Follow);
            let run = applying.run_id().clone();
            let (report, again) = match applying.await {
                Ok(report) => (report, BTreeSet::new()),
                Err(ApplyError::Journal(_)) => {
                    assert!(world.log().is_empty(), "nothing was changed");
                    continue;
                }
                Err(ApplyError::Unrecorded { report, .. }) => {
                    cut += 1;
                    journal.left.store(1000, Ordering::Relaxed);
                    let lost = report.verdicts().filter(|(_, it)| matches!(it, Verdict::Unrecorded));
                    let lost = lost.map(|(instance, _)| instance.id()).collect();
                    (engine().resume(&run).await.expect("the run can be resumed"), lost)
                }
                Err(error) => panic!("{error}"),
            };
            assert!(report.is_complete(), "{writes} writes: {report}");
            assert_eq!(report.summary().done, 7, "{writes} writes, with the late VM: {report}");
            let log = world.log();
            let removed = |id: &str| log.iter().filter(|line| **line == format!("remove {id}")).count();
            for (instance, _) in report.verdicts() {
                let (id, times) = (instance.id(), removed(&instance.id()));
                assert!(times == 1 || times == 2 && again.contains(&id), "{id} {times} times: {log:?}");
            }
            let last = |line: &str| log.iter().rposition(|it| it == line);
            assert!(last("remove vm-late") < log.iter().position(|it| it == "remove host-1"), "{log:?}");
        }
    }
    assert!(cut > 30, "{cut}");
}

#[tokio::test(start_paused = true)]
async fn late_dependents_survive_a_death() {
    for life in 0..60 {
        let journal = MemoryJournal::new();
        let world = with_late_vm();
        let engine =
            || world.builder().layer(Slow).journal(journal.clone()).build().expect("the graph has no faults");
        let cascade = engine();
        let plan = cascade.plan(Delete, Rack::roots(["rack-1"])).await.expect("finders answer");
        let applying = cascade.apply(plan).drift(Drift::Follow);
        let run = applying.run_id().clone();
        let report = match tokio::time::timeout(Duration::from_millis(life), applying.into_future()).await {
            Ok(report) => report.expect("the plan can be applied"),
            Err(_) => engine().resume(&run).await.expect("the run can be resumed"),
        };
        assert!(report.is_complete(), "{report}");
        assert_eq!(report.summary().done, 7, "with the late VM: {report}");
        let tables = world.tables();
        assert!(tables.vms.is_empty() && tables.hosts.is_empty(), "{tables:?}");
        let at =
            |entry: &str| tables.log.iter().position(|line| line == entry).expect("the entry is in the log");
        assert!(at("remove vm-late") < at("remove host-1"));
        assert_eq!(
            tables.log.iter().filter(|line| line.starts_with("remove")).count(),
            7,
            "{:?}",
            tables.log
        );
    }
}
