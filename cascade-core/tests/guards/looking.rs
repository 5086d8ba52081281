//! What a run that looks again before its steps makes of what it finds.

use std::time::Duration;

use cascade_core::prelude::*;
use cascade_core::{Drift, FailurePolicy, MemoryJournal, Rule, StepError, place};

use crate::scene::{Part, Scene, plan, remove, verdict};

/// A VM comes above a port that is done, and cannot begin. The run dies after that, and is taken up again.
#[tokio::test(start_paused = true)]
async fn what_is_done_stays_done_when_a_run_is_taken_up_again() {
    for life in [5, 31, 200] {
        let scene = Scene::new(&[
            ("Zone>Host", "zone", "host"),
            ("Zone>Net", "zone", "net"),
            ("Zone>Lock", "zone", "lock"),
            ("Net>Port", "net", "port"),
            ("Vm>Port", "vm", "port"),
        ])
        .late("stop port", "Host>Vm", "host", "vm")
        .slow("remove lock")
        .slow("remove net");
        let journal = MemoryJournal::new();
        let engine = || {
            let mut vm = Part::new("Vm").below("Host>Vm", remove());
            vm.0.begin::<Delete, _>("mark", place!(), |_, _: &[String], _| {
                Box::pin(async { Err(StepError::terminal("no")) })
            });
            let stop = || Rule::effect::<Delete>("stop", place!());
            let mut port = Part::bare("Port").effect("stop");
            port.0.rule(stop());
            let parts = [
                Part::new("Zone"),
                Part::new("Host").below("Zone>Host", remove()).after("Port"),
                Part::new("Net").below("Zone>Net", remove()).after("Lock"),
                Part::new("Lock").below("Zone>Lock", remove()),
                vm,
                port.below("Net>Port", stop()).below("Vm>Port", stop()),
            ];
            scene.builder(parts).journal(journal.clone()).build().expect("the graph has no faults")
        };
        let cascade = engine();
        let applying = cascade.apply(plan(&cascade, "Zone", "zone").await);
        let applying = applying.drift(Drift::Chase).policy(FailurePolicy::Isolate);
        let run = applying.run_id().clone();
        let report = match tokio::time::timeout(Duration::from_millis(life), applying.into_future()).await {
            Ok(report) => report.expect("nothing stands against it"),
            Err(_) => engine().resume(&run).await.expect("it goes on"),
        };
        assert!(verdict(&report, "Vm vm").starts_with("Failed"), "{report}");
        assert_eq!(verdict(&report, "Port port"), "Done");
        assert_eq!(verdict(&report, "Net net"), "Done", "nothing of what hangs off it is left, life {life}");
        assert!(!scene.did("remove host"), "{:?}", scene.log());
    }
}
