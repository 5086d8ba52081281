//! Newcomers that joined a run before it died belong to it after.

use std::time::Duration;

use cascade_core::prelude::*;
use cascade_core::{Drift, Layer, MemoryJournal, Next, StepAnswer, StepCall};
use futures::future::BoxFuture;

use crate::cloud::{Rack, World};

/// Every step takes its time, so that there is time to die.
pub(crate) struct Slow;

impl Layer for Slow {
    fn call<'a>(&'a self, _step: StepCall<'a>, next: Next<'a>) -> BoxFuture<'a, StepAnswer> {
        Box::pin(async move {
            tokio::time::sleep(Duration::from_millis(10)).await;
            next.run().await
        })
    }
}

#[tokio::test(start_paused = true)]
async fn newcomers_that_joined_are_not_forgotten() {
    for life in 0..60 {
        let journal = MemoryJournal::new();
        let world = World::new(
            &[("host-1", "rack-1"), ("host-2", "rack-1")],
            &[("vm-1", "host-1"), ("vm-2", "host-1"), ("vm-3", "host-2")],
        );
        world.tables().on_removal.insert("vm-1".to_owned(), ("vm-late".to_owned(), "host-1".to_owned()));
        let engine =
            || world.builder().layer(Slow).journal(journal.clone()).build().expect("the graph has no faults");
        let cascade = engine();
        let plan = cascade.plan(Delete, Rack::roots(["rack-1"])).await.expect("finders answer");
        let applying = cascade.apply(plan).drift(Drift::Chase);
        let run = applying.run_id().clone();
        let report = match tokio::time::timeout(Duration::from_millis(life), applying.into_future()).await {
            Ok(report) => report.expect("nothing stands against it"),
            Err(_) => engine().resume(&run).await.expect("it goes on"),
        };
        assert!(report.is_complete(), "{report}");
        assert_eq!(report.summary().done, 7, "with the newcomer: {report}");
        let tables = world.tables();
        assert!(tables.vms.is_empty() && tables.hosts.is_empty(), "{tables:?}");
        let at = |entry: &str| tables.log.iter().position(|line| line == entry).expect("it is in the log");
        assert!(at("remove vm-late") < at("remove host-1"));
        assert_eq!(
            tables.log.iter().filter(|line| line.starts_with("remove")).count(),
            7,
            "{:?}",
            tables.log
        );
    }
}
