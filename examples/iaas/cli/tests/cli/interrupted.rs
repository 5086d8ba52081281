//! Ctrl-C.

use std::process::{Child, Output};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;

use crate::cloud::{Cloud, Run};

const SLOW: [&str; 4] = ["--agent-latency", "1s", "--agent-log", "agents.log"];

/// What runs ends, nothing new starts, and the report is what happened.
#[test]
fn ctrl_c_ends_with_an_honest_report() {
    let cloud = Cloud::of(300);
    let delete = ["delete", "Zone", "zone-1", "--yes", "--json"];
    let child = cloud.start(&[&SLOW as &[&str], &delete].concat());
    wait_for_agents(&cloud);
    interrupt(&child);
    let run = ended(child);

    assert_eq!(run.code, 130, "{}", run.stderr);
    let report = run.document();
    let (done, not_started) = (&report["done"], &report["not_started"]);
    assert!(not_started.as_u64() > Some(0), "{report}");
    assert!(done.as_u64() > Some(0), "{report}");
    assert_eq!(report["cancelled"], true);
    let log = std::fs::read_to_string(cloud.path("agents.log")).expect("a log");
    let destroyed = log.lines().filter(|line| line.starts_with("destroy-vm vm-")).count() as u64;
    let vms = &report["resources"]["VmInstance"];
    assert_eq!(cloud.count("vm_instance WHERE deleted = 0"), 300 - number(&vms["done"]));
    assert!(destroyed <= number(&vms["done"]), "{destroyed} destroyed: {vms}");
    assert_eq!(cloud.shown()["Zone"]["total"], 1);

    let again = cloud.run(&delete);
    assert_eq!(again.code, 0, "{}", again.stderr);
    assert_eq!(cloud.shown()["VmInstance"]["total"], 0);
}

/// A second Ctrl-C does not wait.
#[test]
fn a_second_ctrl_c_stops_at_once() {
    let cloud = Cloud::of(300);
    let child = cloud.start(&["--agent-latency", "1h", "delete", "Zone", "zone-1", "--yes", "--json"]);
    let started = Instant::now();
    // Begun means that it listens to Ctrl-C.
    wait_until(|| cloud.count("zone WHERE state = 'Deleting'") == 1);
    interrupt(&child);
    std::thread::sleep(Duration::from_millis(200));
    interrupt(&child);
    assert_eq!(ended(child).code, 130);
    assert!(started.elapsed() < Duration::from_secs(30));
}

fn number(of: &Value) -> u64 {
    of.as_u64().unwrap_or_else(|| panic!("{of} is a number"))
}

fn wait_for_agents(cloud: &Cloud) {
    let log = cloud.path("agents.log");
    wait_until(|| std::fs::metadata(&log).is_ok_and(|file| file.len() > 0));
}

fn wait_until(condition: impl Fn() -> bool) {
    let patience = Instant::now() + Duration::from_mins(1);
    while !condition() {
        assert!(Instant::now() < patience, "it never happens");
        std::thread::sleep(Duration::from_millis(10));
    }
}

fn interrupt(child: &Child) {
    let pid = Pid::from_child(child);
    kill_process(pid, Signal::INT).expect("the signal is sent");
}

fn ended(child: Child) -> Run {
    let output: Output = child.wait_with_output().expect("the binary ends");
    output.into()
}
