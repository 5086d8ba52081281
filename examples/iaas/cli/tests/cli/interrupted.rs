//! Ctrl-C.

use std::process::{Child, Output};

use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;

use crate::cloud::{Cloud, Run};
use crate::wait::{wait_for_line, wait_until};

const SLOW: [&str; 4] = ["--agent-latency", "1s", "--agent-log", "agents.log"];
const DELETE: [&str; 5] = ["delete", "Zone", "zone-1", "--yes", "--json"];
/// On a very slow machine, a run may end before the signal arrives: then the test starts another one.
const ATTEMPTS: usize = 20;

/// Interrupts a run after the first command of an agent.
fn interrupted() -> (Cloud, Run) {
    for _ in 0..ATTEMPTS {
        let cloud = Cloud::of(300);
        let child = cloud.start(&[&SLOW as &[&str], &DELETE].concat());
        let log = cloud.path("agents.log");
        wait_until("an agent carries out a command", || {
            std::fs::metadata(&log).is_ok_and(|file| file.len() > 0)
        });
        interrupt(&child);
        let run = ended(child);
        if run.code != 0 {
            return (cloud, run);
        }
    }
    panic!("each of {ATTEMPTS} runs ended before it was interrupted");
}

/// Running steps end, no other step starts, and the report matches the inventory.
#[test]
fn ctrl_c_ends_the_run_with_a_correct_report() {
    let (cloud, run) = interrupted();
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

    let again = cloud.run(&DELETE);
    assert_eq!(again.code, 0, "{}", again.stderr);
    assert_eq!(cloud.shown()["VmInstance"]["total"], 0);
}

/// A second Ctrl-C exits without waiting.
#[test]
fn a_second_ctrl_c_exits_at_once() {
    let cloud = Cloud::of(300);
    // The agents answer after half an hour at the earliest.
    let mut child = cloud.start(&[&["--agent-latency", "1h"] as &[&str], &DELETE].concat());
    // The process handles Ctrl-C before its run begins.
    wait_until("the run begins", || cloud.count("zone WHERE state = 'Deleting'") == 1);
    interrupt(&child);
    wait_for_line(&mut child, "press Ctrl-C again");
    assert!(child.try_wait().expect("it is our child").is_none(), "the first Ctrl-C ended the process");
    interrupt(&child);
    wait_until("the process ends", || child.try_wait().expect("it is our child").is_some());
    assert_eq!(ended(child).code, 130);
}

fn number(of: &Value) -> u64 {
    of.as_u64().unwrap_or_else(|| panic!("{of} is a number"))
}

fn interrupt(child: &Child) {
    let pid = Pid::from_child(child);
    kill_process(pid, Signal::INT).expect("the signal is sent");
}

fn ended(child: Child) -> Run {
    let output: Output = child.wait_with_output().expect("the binary ends");
    output.into()
}
