//! The conformance kit finds extensions that do not tolerate repeated calls, or a second look.

use std::collections::BTreeMap;
use std::future::ready;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use cascade_core::conformance::{ConformanceError, Stage, check};
use cascade_core::prelude::*;
use cascade_core::{Phase, Rule, place};

use crate::cloud::{Answer, World};
use crate::scene::{Part, Scene, remove};

async fn stage() -> Stage {
    let world = World::new(&[("host-1", "rack-1")], &[("vm-1", "host-1"), ("vm-2", "host-1")]);
    let builder = world.builder();
    let state = move || {
        let tables = world.tables();
        let hosts = tables.hosts.iter().map(|row| format!("{row:?}"));
        ready(hosts.chain(tables.vms.iter().map(|row| format!("{row:?}"))).collect())
    };
    Stage::new(builder, state)
}

/// A state without a row.
fn no_rows() -> impl Fn() -> std::future::Ready<Vec<String>> {
    || ready(Vec::new())
}

/// The findings about a delete of the root, as text.
async fn findings(stage: impl AsyncFn() -> Stage, resource: &str, root: &str) -> Vec<String> {
    let findings = check(stage, Delete, resource, [root]).await.unwrap_or_else(|error| panic!("{error}"));
    findings.iter().map(ToString::to_string).collect()
}

#[tokio::test]
async fn extensions_that_keep_the_contract_pass() {
    assert_eq!(findings(stage, "Rack", "rack-1").await, [""; 0]);
}

/// A verify method that reports a survivor is wrong, or the steps are.
#[tokio::test]
async fn a_wrong_verify_method_is_found() {
    let stage = async || {
        let scene = Scene::new(&[("Zone>Host", "zone", "host")]);
        let mut host = Part::new("Host").below("Zone>Host", remove());
        host.0.verify::<Delete, _>("left", place!(), |_, hosts: &[String], _| {
            let hosts = hosts.to_vec();
            Box::pin(async { Ok(hosts) })
        });
        Stage::new(scene.builder([Part::new("Zone"), host]), no_rows())
    };
    assert_eq!(
        findings(stage, "Zone", "zone").await,
        ["Hosts::left, called after the run: it reports survivors: not expected: `Host host`"]
    );
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
    let stage = async || {
        let count = Count::default();
        let counter = Arc::clone(&count.0);
        let builder = Cascade::builder().register(Counters { count });
        Stage::new(builder, move || ready(vec![(counter.load(Ordering::Relaxed) % 100).to_string()]))
    };
    assert_eq!(
        findings(stage, "Counter", "1").await,
        [
            "Counters::below, called twice: it answered otherwise: not expected: `1 → 12`",
            "Counters::below, called with an empty batch: no parents",
            "Counters::count, called after the run: it changed the state: missing: `2`; not expected: `3`",
            "Counters::count, called twice: the state after the run is another: missing: `2`; not expected: `4`",
            "Counters::count, called with an empty batch: it changed the state: missing: `0`; not expected: `1`",
            "Counters::count, called with an empty batch: nothing to count",
            "Counters::count, interrupted and called again: the state after the run is another: missing: `2`; not \
             expected: `4`",
        ]
    );
}

/// The two methods of a lamp: only together do they not tolerate repetition.
#[derive(Debug, Resource)]
#[resource(id = String)]
pub(crate) struct Lamp;

#[derive(Extension)]
struct Lamps {
    #[provided(name = "begun")]
    begun: Count,
    #[provided(name = "removed")]
    removed: Count,
}

#[cascade(resource = Lamp)]
impl Lamps {
    #[begin(Delete)]
    async fn begin(&self, lamps: &[String]) -> Answer<()> {
        self.begun.0.fetch_add(lamps.len(), Ordering::Relaxed);
        Ok(())
    }

    #[on(Delete)]
    async fn remove(&self, lamps: &[String]) -> Answer<()> {
        self.removed.0.fetch_add(lamps.len(), Ordering::Relaxed);
        Ok(())
    }
}

#[tokio::test]
async fn a_state_that_several_methods_change_together_is_found_with_all_of_them() {
    let stage = async || {
        let (begun, removed) = (Count::default(), Count::default());
        let builder = Cascade::builder().register(Lamps { begun: begun.clone(), removed: removed.clone() });
        let row = move || {
            let calls = |count: &Count| count.0.load(Ordering::Relaxed);
            let both = calls(&begun) > 1 && calls(&removed) > 1;
            if both { vec![String::from("both")] } else { Vec::new() }
        };
        Stage::new(builder, move || ready(row()))
    };
    assert_eq!(
        findings(stage, "Lamp", "lamp").await,
        [
            "Lamps::begin and Lamps::remove, called twice: the state after the run is another: not expected: `both`",
            "Lamps::begin and Lamps::remove, interrupted and called again: the state after the run is another: not \
             expected: `both`",
            "Lamps::remove, called after the run: it changed the state: not expected: `both`",
        ]
    );
}

#[derive(Debug, Resource)]
#[resource(id = String)]
pub(crate) struct Building;

#[derive(Extension)]
struct Buildings;

#[cascade(resource = Building)]
impl Buildings {
    #[on(Delete)]
    async fn remove(&self, _: &[String]) -> Answer<()> {
        Ok(())
    }
}

/// The rooms of one building, each with its state.
#[derive(Debug, Resource)]
#[resource(id = String)]
pub(crate) struct Room;

#[derive(Clone)]
struct Rooms {
    states: Arc<Mutex<BTreeMap<String, &'static str>>>,
    /// The states of rooms that the finder answers.
    answered: &'static [&'static str],
}

impl Rooms {
    fn set(&self, rooms: &[String], state: &'static str) {
        let mut states = self.states.lock().expect("no panic");
        states.extend(rooms.iter().map(|room| (room.clone(), state)));
    }

    fn rows(&self) -> Vec<String> {
        let states = self.states.lock().expect("no panic");
        states.iter().map(|(room, state)| format!("{room} {state}")).collect()
    }
}

#[derive(Extension)]
struct RoomCascade {
    rooms: Rooms,
}

#[cascade(resource = Room, edges = [Building])]
impl RoomCascade {
    #[affected(by = Building)]
    async fn in_buildings(&self, buildings: &[String]) -> Answer<Vec<(String, String)>> {
        let states = self.rooms.states.lock().expect("no panic");
        let answered = states.iter().filter(|(_, state)| self.rooms.answered.contains(state));
        let rooms: Vec<&String> = answered.map(|(room, _)| room).collect();
        let pairs =
            |building: &String| rooms.iter().map(|room| (building.clone(), (*room).clone())).collect();
        Ok(buildings.iter().flat_map(|building| -> Vec<(String, String)> { pairs(building) }).collect())
    }

    #[begin(Delete)]
    async fn close(&self, rooms: &[String]) -> Answer<()> {
        self.rooms.set(rooms, "deleting");
        Ok(())
    }

    #[on(Delete, from = [Building])]
    async fn remove(&self, rooms: &[String]) -> Answer<()> {
        self.rooms.set(rooms, "deleted");
        Ok(())
    }
}

fn building(rooms: usize, answered: &'static [&'static str]) -> Stage {
    let states = (10..).take(rooms).map(|number| (format!("room-{number}"), "open")).collect();
    let rooms = Rooms { states: Arc::new(Mutex::new(states)), answered };
    let builder = Cascade::builder().register(Buildings).register(RoomCascade { rooms: rooms.clone() });
    Stage::new(builder, move || ready(rooms.rows()))
}

/// A run looks again, and what is not answered then has departed.
#[tokio::test]
async fn a_finder_that_filters_on_not_deleting_is_found() {
    let stage = async || building(2, &["open"]);
    assert_eq!(
        findings(stage, "Building", "house").await,
        [
            "RoomCascade::in_buildings, called after `begin`: it answered otherwise: missing: `house → room-10`, \
             `house → room-11`",
        ]
    );
}

#[tokio::test]
async fn a_finder_that_filters_on_not_deleted_is_not_found() {
    let stage = async || building(2, &["open", "deleting"]);
    let findings = findings(stage, "Building", "house").await;
    assert!(findings.iter().all(|finding| !finding.contains("in_buildings")), "{findings:?}");
}

/// A finding about a large world is short.
#[tokio::test]
async fn a_finding_lists_ten_lines_at_most() {
    let stage = async || building(12, &["open"]);
    let findings = findings(stage, "Building", "house").await;
    let finder = findings.iter().find(|finding| finding.contains("in_buildings")).expect("a finding");
    assert!(finder.ends_with("`house → room-18`, `house → room-19` and 2 more"), "{finder}");
}

/// In a runtime with one thread, neither could end if the kit blocked the thread.
#[tokio::test]
async fn stages_and_states_are_awaited_in_the_runtime_of_the_caller() {
    let stage = async || {
        let world = World::new(&[("host-1", "rack-1")], &[("vm-1", "host-1")]);
        let builder = tokio::spawn(async move { world.builder() }).await.expect("no panic");
        Stage::new(builder, async || tokio::spawn(async { Vec::new() }).await.expect("no panic"))
    };
    assert_eq!(findings(stage, "Rack", "rack-1").await, [""; 0]);
}

#[tokio::test]
async fn a_stage_that_does_not_build_is_an_error() {
    let stage = async || Stage::new(Cascade::builder(), no_rows());
    let error = check(stage, Delete, "Rack", ["rack-1"]).await.expect_err("there is no extension");
    assert!(matches!(error, ConformanceError::Build(_)), "{error}");
}

/// As in a run: a check that is limited to one effect is not asked about instances with another effect.
#[tokio::test]
async fn a_check_for_one_effect_is_asked_about_its_instances_only() {
    let stage = async || {
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
        Stage::new(scene.builder(parts), no_rows())
    };
    assert_eq!(findings(stage, "Zone", "zone").await, [""; 0]);
}
