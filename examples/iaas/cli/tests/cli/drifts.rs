//! The cloud changes while a person reads a plan.

use crate::cloud::{Cloud, Dialogue, Run};

const ASKS_FOR_HOST: &str = "Type host-1 to continue: ";
const ASKS_FOR_ZONE: &str = "Type zone-1 to continue: ";

/// A deletion with a log of the agents' commands.
fn delete(cloud: &Cloud, arguments: &[&str]) -> Dialogue {
    cloud.start_on_terminal(&[&["--agent-log", "agents.log", "delete"] as &[&str], arguments].concat())
}

/// The commands that agents have carried out on VMs.
fn commands(cloud: &Cloud) -> Vec<String> {
    let log = std::fs::read_to_string(cloud.path("agents.log")).unwrap_or_default();
    let mut commands: Vec<String> =
        log.lines().filter(|line| line.contains("-vm vm-")).map(ToOwned::to_owned).collect();
    commands.sort();
    commands
}

/// Changes the cloud after the first question, answers it, and returns what the binary writes up to the second one.
fn asked_again(dialogue: &mut Dialogue, question: &str, answer: &str, change: impl FnOnce()) -> String {
    dialogue.question(question);
    change();
    dialogue.answer(answer);
    dialogue.question(question)
}

fn refused(cloud: &Cloud, run: &Run, before: &[String]) {
    assert_eq!(run.code, 3, "{}", run.stderr);
    assert_eq!(cloud.rows(), before, "nothing was changed: {}", run.stderr);
    assert_eq!(commands(cloud), [""; 0]);
}

/// vm-11 is stopped and was on host-1, like vm-1, which runs there.
fn cloud_with_a_stopped_vm() -> Cloud {
    let cloud = Cloud::of(20);
    cloud.execute("UPDATE vm_instance SET state = 'Stopped', host_id = NULL WHERE id = 'vm-11'");
    cloud
}

const START: &str = "UPDATE vm_instance SET state = 'Running', host_id = 'host-1' WHERE id = 'vm-11'";

#[test]
fn a_vm_that_was_started_on_a_host_is_shown_before_the_person_confirms_again() {
    let cloud = cloud_with_a_stopped_vm();
    let mut dialogue = delete(&cloud, &["Host", "host-1"]);
    let told = asked_again(&mut dialogue, ASKS_FOR_HOST, "host-1\n", || cloud.execute(START));
    insta::assert_snapshot!(told, @r"
    iaas: the cloud has changed since the plan was made: 1 added, 0 gone, 0 with other effects
      + VmInstance vm-11: stop (leaf)
      VmInstance vm-11 runs now
    2 VMs will be stopped, all of them running.
    1 virtual router will be moved, or destroyed where no host can take them, and it is running.
    7 other things will be removed or changed.
    Type host-1 to continue:
    ");
    dialogue.answer("host-1\n");
    let run = dialogue.end();
    assert_eq!(run.code, 0, "{}", run.stderr);
    assert_eq!(commands(&cloud), ["stop-vm vm-1", "stop-vm vm-11"]);
    assert_eq!(cloud.count("vm_instance WHERE id IN ('vm-1', 'vm-11') AND state = 'Stopped'"), 2);
}

#[test]
fn nothing_is_changed_if_the_person_does_not_confirm_again() {
    let cloud = cloud_with_a_stopped_vm();
    let mut dialogue = delete(&cloud, &["Host", "host-1"]);
    asked_again(&mut dialogue, ASKS_FOR_HOST, "host-1\n", || cloud.execute(START));
    let before = cloud.rows();
    dialogue.answer("no\n");
    refused(&cloud, &dialogue.end(), &before);
}

/// The plan destroys the VM in both cases, but the person has read that it does not run.
#[test]
fn a_vm_that_was_started_in_a_zone_is_shown_before_the_person_confirms_again() {
    let cloud = cloud_with_a_stopped_vm();
    let mut dialogue = delete(&cloud, &["Zone", "zone-1"]);
    let told = asked_again(&mut dialogue, ASKS_FOR_ZONE, "zone-1\n", || cloud.execute(START));
    insta::assert_snapshot!(told, @r"
    iaas: the cloud has changed since the plan was made:
      VmInstance vm-11 runs now
    20 VMs will be destroyed, 19 of them running.
    4 virtual routers will be destroyed, all of them running.
    188 other things will be removed or changed.
    Type zone-1 to continue:
    ");
    let before = cloud.rows();
    dialogue.answer("zone\n");
    refused(&cloud, &dialogue.end(), &before);
}

#[test]
fn a_vm_that_was_protected_refuses_the_deletion() {
    for how in [&["--json"] as &[&str], &[]] {
        let cloud = Cloud::of(20);
        let mut dialogue = delete(&cloud, &[&["Zone", "zone-1"], how].concat());
        dialogue.question(ASKS_FOR_ZONE);
        cloud.execute("UPDATE vm_instance SET protected = 1 WHERE id = 'vm-1'");
        let before = cloud.rows();
        dialogue.answer("zone-1\n");
        let run = dialogue.end();
        let told = "iaas: the cloud has changed since the plan was made:\n  VmInstance vm-1: it is protected";
        assert!(run.stderr.contains(told), "{}", run.stderr);
        assert!(
            run.stderr.ends_with("iaas: vetoed: nothing was changed; --force ignores vetoes\n"),
            "{}",
            run.stderr
        );
        if how == ["--json"] {
            assert_eq!(run.document()["vetoes"][0]["id"], "vm-1");
        }
        refused(&cloud, &run, &before);
    }
}

/// `--force` ignores vetoes, but only those that the person has read.
#[test]
fn a_vm_that_was_protected_is_shown_before_the_person_forces_the_deletion() {
    let cloud = Cloud::of(20);
    let mut dialogue = delete(&cloud, &["Zone", "zone-1", "--force"]);
    let told = asked_again(&mut dialogue, ASKS_FOR_ZONE, "zone-1\n", || {
        cloud.execute("UPDATE vm_instance SET protected = 1 WHERE id = 'vm-1'");
    });
    assert!(told.contains("\n  VmInstance vm-1: it is protected"), "{told}");
    let before = cloud.rows();
    dialogue.answer("no\n");
    refused(&cloud, &dialogue.end(), &before);
}

#[test]
fn a_vm_that_was_migrated_away_is_told_and_stays() {
    let cloud = Cloud::of(20);
    let mut dialogue = delete(&cloud, &["Host", "host-1"]);
    dialogue.question(ASKS_FOR_HOST);
    cloud.execute("UPDATE vm_instance SET host_id = 'host-2', last_host_id = 'host-2' WHERE id = 'vm-1'");
    dialogue.answer("host-1\n");
    let run = dialogue.end();
    assert_eq!(run.code, 0, "{}", run.stderr);
    let told = "iaas: the cloud has changed since the plan was made: 0 added, 1 gone, 0 with other effects\n  \
                - VmInstance vm-1: stop (leaf)\n";
    assert!(run.stderr.contains(told), "{}", run.stderr);
    assert_eq!(commands(&cloud), ["stop-vm vm-11"]);
    assert_eq!(cloud.count("vm_instance WHERE id = 'vm-1' AND state = 'Running' AND host_id = 'host-2'"), 1);
}

#[test]
fn a_vm_that_was_migrated_away_needs_a_confirmation_under_exact() {
    let cloud = Cloud::of(20);
    let mut dialogue = delete(&cloud, &["Host", "host-1", "--drift", "exact"]);
    let told = asked_again(&mut dialogue, ASKS_FOR_HOST, "host-1\n", || {
        cloud.execute("UPDATE vm_instance SET host_id = 'host-2', last_host_id = 'host-2' WHERE id = 'vm-1'");
    });
    assert!(told.contains("\n  - VmInstance vm-1: stop (leaf)\n"), "{told}");
    dialogue.answer("host-1\n");
    assert_eq!(dialogue.end().code, 0);
    assert_eq!(commands(&cloud), ["stop-vm vm-11"]);
}

#[test]
fn a_vm_that_was_migrated_here_is_shown_before_the_person_confirms_again() {
    let cloud = Cloud::of(20);
    let mut dialogue = delete(&cloud, &["Host", "host-1"]);
    let told = asked_again(&mut dialogue, ASKS_FOR_HOST, "host-1\n", || {
        cloud.execute("UPDATE vm_instance SET host_id = 'host-1', last_host_id = 'host-1' WHERE id = 'vm-2'");
    });
    assert!(
        told.contains("1 added, 0 gone, 0 with other effects\n  + VmInstance vm-2: stop (leaf)\n"),
        "{told}"
    );
    let before = cloud.rows();
    dialogue.answer("\n");
    refused(&cloud, &dialogue.end(), &before);
}

/// Under `follow`, the run takes along what is new, and the person is told.
#[test]
fn what_was_added_is_told_and_removed_under_follow() {
    let cloud = Cloud::of(20);
    let mut dialogue = delete(&cloud, &["Host", "host-1", "--drift", "follow"]);
    dialogue.question(ASKS_FOR_HOST);
    cloud.execute("INSERT INTO host_numa_node (id, host_id, node) VALUES ('numa-late', 'host-1', 7)");
    dialogue.answer("host-1\n");
    let run = dialogue.end();
    assert_eq!(run.code, 0, "{}", run.stderr);
    assert!(run.stderr.contains("\n  + HostNumaNode numa-late: remove\n"), "{}", run.stderr);
    assert_eq!(cloud.count("host_numa_node WHERE id = 'numa-late'"), 0);
}

/// Under `ignore`, nobody looks. A VM that no agent was told to stop keeps its host, which is reported.
#[test]
fn a_vm_that_was_started_keeps_its_host_under_ignore() {
    let cloud = cloud_with_a_stopped_vm();
    let mut dialogue = delete(&cloud, &["Host", "host-1", "--drift", "ignore"]);
    dialogue.question(ASKS_FOR_HOST);
    cloud.execute(START);
    dialogue.answer("host-1\n");
    let run = dialogue.end();
    assert_eq!(run.code, 1, "{}", run.stderr);
    assert!(run.stdout.contains("vm-11 is on it"), "{}", run.stdout);
    assert_eq!(commands(&cloud), ["stop-vm vm-1"]);
    assert_eq!(cloud.count("vm_instance WHERE id = 'vm-11' AND state = 'Running' AND host_id = 'host-1'"), 1);
    assert_eq!(cloud.count("host WHERE id = 'host-1' AND deleted = 0"), 1);
}
