//! Going on with a run under a program whose resources are others: `iaas-later` has GPUs, and no services.

use std::process::{Command, Stdio};

use crate::cloud::{Cloud, Run};
use crate::wait::wait_until;

/// A deletion in a cloud of 20 VMs.
struct Deletion {
    resource: &'static str,
    id: &'static str,
    /// How many instances end while no agent answers.
    ended: usize,
}

const VMS: usize = 20;
const CLUSTER: Deletion = Deletion { resource: "Cluster", id: "cluster-1", ended: 60 };
const ZONE: Deletion = Deletion { resource: "Zone", id: "zone-1", ended: 142 };

/// A cloud with the given GPUs, and a run that was killed while all its VMs waited for agents.
fn broken_off(deletion: &Deletion, rows: &str) -> (Cloud, String) {
    let cloud = Cloud::of(VMS);
    cloud.by_hand(&format!("CREATE TABLE gpu (id TEXT PRIMARY KEY, host_id TEXT NOT NULL); {rows}"));
    let slow = ["--agent-latency", "1h", "--agent-log", "agents.log", "delete"];
    let mut child = cloud.start(&[&slow as &[&str], &[deletion.resource, deletion.id, "--yes"]].concat());
    wait_until("only VMs are left, and wait for agents", || progress(&cloud) == Some((deletion.ended, VMS)));
    child.kill().expect("it is our child");
    child.wait().expect("it is our child");
    let run = cloud.run(&["runs", "--json"]).document()[0]["id"].as_str().expect("an id").to_owned();
    (cloud, run)
}

/// How many instances have ended, and how many effects are under way; `None` before the run is on record.
fn progress(cloud: &Cloud) -> Option<(usize, usize)> {
    let runs = cloud.run(&["runs", "--json"]).document();
    let run = cloud.run(&["run", runs[0]["id"].as_str()?, "--json"]).document();
    let ended = usize::try_from(run["ended"].as_u64()?).ok()?;
    Some((ended, run["under_way"].as_array()?.len()))
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
    let (cloud, run) = broken_off(&CLUSTER, GPUS);
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
    let (cloud, run) = broken_off(&CLUSTER, "");
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
    let (cloud, run) = broken_off(&ZONE, GPUS);
    let (rows, commands) = (cloud.rows(), told(&cloud));
    let resumed = later(&cloud, &["resume", &run]);
    assert_eq!(resumed.code, 1, "{}", resumed.stderr);
    insta::assert_snapshot!(said(&resumed, &run));
    assert_eq!((cloud.rows(), told(&cloud)), (rows, commands), "nothing was changed");
    // Under the program that it began with, it goes on.
    assert_eq!(cloud.run(&["resume", &run, "--json"]).document()["not_started"], 0);
}
