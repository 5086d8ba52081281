//! Resuming a run with a program that has other resources: `iaas-later` has GPUs, and no services.

use std::process::{Command, Stdio};

use crate::cloud::{Cloud, Run};
use crate::wait::wait_until;

/// A deletion in a cloud of 20 VMs.
struct Deletion {
    resource: &'static str,
    id: &'static str,
    /// How many instances end without an answer of an agent.
    ended: usize,
}

const VMS: usize = 20;
const CLUSTER: Deletion = Deletion { resource: "Cluster", id: "cluster-1", ended: 60 };
const ZONE: Deletion = Deletion { resource: "Zone", id: "zone-1", ended: 142 };

/// A cloud with the given GPUs, and a run that was killed while all its VMs waited for agents.
fn interrupted(deletion: &Deletion, rows: &str) -> (Cloud, String) {
    let cloud = Cloud::with_journal(VMS);
    cloud.execute(&format!("CREATE TABLE gpu (id TEXT PRIMARY KEY, host_id TEXT NOT NULL); {rows}"));
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

/// The number of commands that agents have carried out.
fn agent_commands(cloud: &Cloud) -> usize {
    std::fs::read_to_string(cloud.path("agents.log")).unwrap_or_default().lines().count()
}

/// Runs the later program.
fn later(cloud: &Cloud, arguments: &[&str]) -> Run {
    let mut command = Command::new(env!("CARGO_BIN_EXE_iaas-later"));
    command.current_dir(cloud.path("")).args(["--agent-log", "agents.log"]).args(arguments);
    command.stdin(Stdio::null()).output().expect("the binary runs").into()
}

/// Standard error without the id of the run.
fn stderr_of(run: &Run, id: &str) -> String {
    run.stderr.replace(id, "RUN")
}

const GPUS: &str = "INSERT INTO gpu VALUES ('gpu-1', 'host-1'), ('gpu-2', 'host-1')";

#[test]
fn a_larger_plan_is_shown_and_needs_acceptance() {
    let (cloud, run) = interrupted(&CLUSTER, GPUS);
    let (rows, commands) = (cloud.rows(), agent_commands(&cloud));
    let refused = later(&cloud, &["resume", &run]);
    assert_eq!(refused.code, 3, "{}", refused.stderr);
    let (_, digest) = refused.stderr.trim_end().trim_end_matches('`').rsplit_once(' ').expect("words");
    let text = stderr_of(&refused, &run).replace(digest, "DIGEST");
    insta::assert_snapshot!(text);
    // `resume` without an id refuses too; and the digest of another plan is not accepted.
    let all = later(&cloud, &["resume", "--json"]);
    assert_eq!(all.code, 3);
    assert!(all.document()[0]["error"].as_str().is_some_and(|error| error.contains("2 added, 0 gone")));
    assert_eq!(later(&cloud, &["resume", &run, "--accept", "0123456789ab"]).code, 3);
    assert_eq!((cloud.rows(), agent_commands(&cloud)), (rows, commands), "nothing was changed");

    let accepted = later(&cloud, &["resume", &run, "--accept", digest, "--json"]);
    assert_eq!(accepted.code, 0, "{}", accepted.stderr);
    assert_eq!(accepted.document()["resources"]["Gpu"]["done"], 2);
    assert_eq!((cloud.count("gpu"), cloud.count("cluster WHERE id = 'cluster-1'")), (0, 0));
    let verified = later(&cloud, &["run", &run, "--verify"]);
    assert_eq!(verified.code, 0, "{}", verified.stdout);
}

/// A VM was removed meanwhile, and no instance was added.
#[test]
fn a_smaller_plan_is_shown_and_resumed() {
    let (cloud, run) = interrupted(&CLUSTER, "");
    cloud.execute(
        "UPDATE vm_instance SET deleted = 1 WHERE id =
            (SELECT min(id) FROM vm_instance WHERE host_id IN (SELECT id FROM host WHERE cluster_id = 'cluster-1'))",
    );
    let resumed = later(&cloud, &["resume", &run]);
    assert_eq!(resumed.code, 0, "{}", resumed.stderr);
    insta::assert_snapshot!(stderr_of(&resumed, &run));
    assert_eq!(cloud.count("cluster WHERE id = 'cluster-1'"), 0);
}

#[test]
fn a_resource_without_extension_is_named() {
    let (cloud, run) = interrupted(&ZONE, GPUS);
    let (rows, commands) = (cloud.rows(), agent_commands(&cloud));
    let resumed = later(&cloud, &["resume", &run]);
    assert_eq!(resumed.code, 1, "{}", resumed.stderr);
    insta::assert_snapshot!(stderr_of(&resumed, &run));
    assert_eq!((cloud.rows(), agent_commands(&cloud)), (rows, commands), "nothing was changed");
    // The original program can resume the run.
    assert_eq!(cloud.run(&["resume", &run, "--json"]).document()["not_started"], 0);
}
