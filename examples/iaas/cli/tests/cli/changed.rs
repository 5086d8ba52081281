//! Going on with a run under a program whose resources are others: `iaas-later` has GPUs, and no services.

use std::process::{Command, Stdio};
use std::time::Duration;

use serde_json::Value;

use crate::cloud::{Cloud, Run};

/// A cloud with GPUs in the hosts that `rows` says, and a run that was broken off while its first VMs stopped.
fn broken_off(delete: &[&str; 2], rows: &str) -> (Cloud, String) {
    let cloud = Cloud::of(20);
    cloud.by_hand(&format!("CREATE TABLE gpu (id TEXT PRIMARY KEY, host_id TEXT NOT NULL); {rows}"));
    let slow = ["--agent-latency", "1h", "--agent-log", "agents.log", "delete"];
    let mut child = cloud.start(&[&slow as &[&str], delete, &["--yes"]].concat());
    // What goes without agents goes first: once nothing moves, nothing is left but what waits for an agent.
    let (mut seen, mut quiet) = ((Value::Null, Value::Null), 0);
    while quiet < 5 {
        std::thread::sleep(Duration::from_millis(100));
        let now = under_way(&cloud);
        let waits = now.1.as_array().is_some_and(|under_way| !under_way.is_empty());
        quiet = if waits && now == seen { quiet + 1 } else { 0 };
        seen = now;
    }
    child.kill().expect("it is our child");
    child.wait().expect("it is our child");
    let run = cloud.run(&["runs", "--json"]).document()[0]["id"].as_str().expect("an id").to_owned();
    (cloud, run)
}

/// How much has ended, and what is under way.
fn under_way(cloud: &Cloud) -> (Value, Value) {
    let runs = cloud.run(&["runs", "--json"]).document();
    let Some(id) = runs[0]["id"].as_str() else { return (Value::Null, Value::Null) };
    let mut run = cloud.run(&["run", id, "--json"]).document();
    (run["steps"].take(), run["under_way"].take())
}

/// How many commands agents have had.
fn told(cloud: &Cloud) -> usize {
    std::fs::read_to_string(cloud.path("agents.log")).unwrap_or_default().lines().count()
}

/// Runs the later program.
fn later(cloud: &Cloud, arguments: &[&str]) -> Run {
    let mut command = Command::new(env!("CARGO_BIN_EXE_iaas-later"));
    command.current_dir(cloud.path("")).args(["--agent-log", "agents.log"]).args(arguments);
    command.stdin(Stdio::null()).output().expect("the binary runs").into()
}

/// What was said, without what is other each time.
fn said(run: &Run, id: &str) -> String {
    run.stderr.replace(id, "RUN")
}

const GPUS: &str = "INSERT INTO gpu VALUES ('gpu-1', 'host-1'), ('gpu-2', 'host-1')";

#[test]
fn more_than_was_confirmed_is_shown_and_waits_for_a_word() {
    let (cloud, run) = broken_off(&["Cluster", "cluster-1"], GPUS);
    let (rows, commands) = (cloud.rows(), told(&cloud));
    let refused = later(&cloud, &["resume", &run]);
    assert_eq!(refused.code, 3, "{}", refused.stderr);
    let (_, digest) = refused.stderr.trim_end().trim_end_matches('`').rsplit_once(' ').expect("words");
    let text = said(&refused, &run).replace(digest, "DIGEST");
    insta::assert_snapshot!(text);
    // The same for all that are unfinished; and another plan than that is not accepted.
    let all = later(&cloud, &["resume", "--json"]);
    assert_eq!(all.code, 3);
    assert!(all.document()[0]["error"].as_str().is_some_and(|error| error.contains("2 more, 0 fewer")));
    assert_eq!(later(&cloud, &["resume", &run, "--accept", "0123456789ab"]).code, 3);
    assert_eq!((cloud.rows(), told(&cloud)), (rows, commands), "nothing was changed");

    let accepted = later(&cloud, &["resume", &run, "--accept", digest, "--json"]);
    assert_eq!(accepted.code, 0, "{}", accepted.stderr);
    assert_eq!(accepted.document()["resources"]["Gpu"]["done"], 2);
    assert_eq!((cloud.count("gpu"), cloud.count("cluster WHERE id = 'cluster-1'")), (0, 0));
    let verified = later(&cloud, &["run", &run, "--verify"]);
    assert_eq!(verified.code, 0, "{}", verified.stdout);
}

/// Somebody is quicker: a VM is gone, and nothing was added.
#[test]
fn what_adds_nothing_is_shown_and_goes_on() {
    let (cloud, run) = broken_off(&["Cluster", "cluster-1"], "");
    cloud.by_hand(
        "UPDATE vm_instance SET deleted = 1 WHERE id =
            (SELECT min(id) FROM vm_instance WHERE host_id IN (SELECT id FROM host WHERE cluster_id = 'cluster-1'))",
    );
    let resumed = later(&cloud, &["resume", &run]);
    assert_eq!(resumed.code, 0, "{}", resumed.stderr);
    insta::assert_snapshot!(said(&resumed, &run));
    assert_eq!(cloud.count("cluster WHERE id = 'cluster-1'"), 0);
}

#[test]
fn a_resource_whose_extension_is_gone_is_named() {
    let (cloud, run) = broken_off(&["Zone", "zone-1"], GPUS);
    let (rows, commands) = (cloud.rows(), told(&cloud));
    let resumed = later(&cloud, &["resume", &run]);
    assert_eq!(resumed.code, 1, "{}", resumed.stderr);
    insta::assert_snapshot!(said(&resumed, &run));
    assert_eq!((cloud.rows(), told(&cloud)), (rows, commands), "nothing was changed");
    // Under the program that it began with, it goes on.
    assert_eq!(cloud.run(&["resume", &run, "--json"]).document()["not_started"], 0);
}
