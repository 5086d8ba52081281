//! The conformance kit finds extensions that do not tolerate repeated calls.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use cascade_core::conformance::{Stage, check};
use cascade_core::prelude::*;
use cascade_core::{Phase, Rule, place};

use crate::cloud::{Answer, World};
use crate::scene::{Part, Scene, remove};

fn stage() -> Stage {
    let world = World::new(&[("host-1", "rack-1")], &[("vm-1", "host-1"), ("vm-2", "host-1")]);
    let builder = world.builder();
    let state = move || {
        let tables = world.tables();
        format!("{:?}\n{:?}", tables.hosts, tables.vms)
    };
    Stage { builder, state: Box::new(state) }
}

#[tokio::test]
async fn extensions_that_keep_the_contract_pass() {
    assert_eq!(check(stage, Delete, "Rack", ["rack-1"]).await, []);
}

/// A verify method that reports a survivor is wrong, or the steps are.
#[tokio::test]
async fn a_wrong_verify_method_is_found() {
    let stage = || {
        let scene = Scene::new(&[("Zone>Host", "zone", "host")]);
        let mut host = Part::new("Host").below("Zone>Host", remove());
        host.0.verify::<Delete, _>("left", place!(), |_, hosts: &[String], _| {
            let hosts = hosts.to_vec();
            Box::pin(async { Ok(hosts) })
        });
        Stage { builder: scene.builder([Part::new("Zone"), host]), state: Box::new(String::new) }
    };
    let findings = check(stage, Delete, "Zone", ["zone"]).await;
    let findings: Vec<String> = findings.iter().map(ToString::to_string).collect();
    assert_eq!(findings, ["Hosts::left, called after the run: it reports survivors: 1"]);
}

/// A counter that every call changes: none of its methods tolerates a second call.
#[derive(Debug, Resource)]
#[resource(id = u64)]
pub(crate) struct Counter;

#[derive(Clone, Default)]
struct Count(Arc<AtomicUsize>);

#[derive(Extension)]
struct Counters {
    count: Count,
}

#[cascade(resource = Counter, edges = [Counter], batch = 1)]
impl Counters {
    #[affected(by = Counter)]
    async fn below(&self, counters: &[u64]) -> Answer<Vec<(u64, u64)>> {
        let asked = self.count.0.fetch_add(100, Ordering::Relaxed) as u64 / 100;
        let first = *counters.first().ok_or("no parents")?;
        Ok(if first == 1 { (0..=asked).map(|number| (1, 10 + number)).collect() } else { Vec::new() })
    }

    #[on(Delete)]
    #[on(Delete, from = [Counter], leaf)]
    async fn count(&self, counters: &[u64]) -> Answer<()> {
        self.count.0.fetch_add(1, Ordering::Relaxed);
        tokio::task::yield_now().await;
        if counters.is_empty() { Err(StepError::terminal("nothing to count")) } else { Ok(()) }
    }
}

#[tokio::test]
async fn methods_that_do_not_tolerate_repetition_are_found() {
    let stage = || {
        let count = Count::default();
        let counter = Arc::clone(&count.0);
        let builder = Cascade::builder().register(Counters { count });
        Stage { builder, state: Box::new(move || (counter.load(Ordering::Relaxed) % 100).to_string()) }
    };
    let findings: Vec<String> =
        check(stage, Delete, "Counter", ["1"]).await.iter().map(ToString::to_string).collect();
    assert_eq!(
        findings,
        [
            "the run, called after the run: the state differs from that after an undisturbed run: found `3`, \
             expected `2`",
            "the run, called twice: the state differs from that after an undisturbed run: found `4`, expected `2`",
            "the run, interrupted and called again: the state differs from that after an undisturbed run: found `4`, \
             expected `2`",
            "Counters::below, called twice: the first call found 3, the second 4",
            "Counters::below, called with an empty batch: no parents",
            "Counters::count, called with an empty batch: nothing to count",
        ]
    );
}

/// As in a run: a check that is limited to one effect is not asked about instances with another effect.
#[tokio::test]
async fn a_check_for_one_effect_is_asked_about_its_instances_only() {
    let stage = || {
        let scene = Scene::new(&[
            ("Zone>Vm", "zone", "vm-1"),
            ("Host>Vm", "host", "vm-2"),
            ("Zone>Host", "zone", "host"),
        ]);
        let stop = Rule::effect::<Delete>("stop", place!()).leaf();
        let mut vm = Part::new("Vm").effect("stop").below("Zone>Vm", remove()).below("Host>Vm", stop);
        vm.0.check::<Delete, _>("may_stop", place!(), |_, vms: &[String], _| {
            let removed = vms.iter().any(|vm| vm == "vm-1");
            Box::pin(async move {
                if removed { Err(StepError::terminal("it is not to be stopped")) } else { Ok(Vec::new()) }
            })
        });
        vm.0.only::<Delete>(Phase::Check, "may_stop", ["stop"]);
        let parts = [Part::new("Zone"), Part::new("Host").below("Zone>Host", remove()), vm];
        Stage { builder: scene.builder(parts), state: Box::new(String::new) }
    };
    assert_eq!(check(stage, Delete, "Zone", ["zone"]).await, []);
}
