//! Listing, showing, verifying and forgetting runs.

use crate::cloud::Cloud;
use crate::schemas::{RECEIPT, RUN, assert_value_conforms};

#[test]
fn a_run_is_listed_shown_verified_and_forgotten() {
    let cloud = Cloud::of(20);
    assert_eq!(cloud.run(&["runs"]).stdout, "");
    assert_eq!(cloud.run(&["delete", "Zone", "zone-1", "--yes", "--json"]).code, 0);
    let runs = cloud.run(&["runs", "--json"]).document();
    let run = &runs[0];
    assert_eq!((&run["operation"], &run["state"]), (&"delete".into(), &"complete".into()));
    assert_eq!(run["roots"], serde_json::json!([{ "resource": "Zone", "id": "zone-1", "text": "zone-1" }]));
    assert_value_conforms(&RUN, run);
    assert_eq!((&run["ended"], &run["failed"]), (&run["instances"], &0.into()));
    assert!(cloud.run(&["runs"]).stdout.contains("  complete  "));

    let id = run["id"].as_str().expect("an id");
    let shown = cloud.run(&["run", id, "--verify"]);
    assert_eq!(shown.code, 0, "{}", shown.stderr);
    for line in ["delete Zone zone-1", "by --yes", "VmInstance             destroy", "nothing survived"] {
        assert!(shown.stdout.contains(line), "{line}: {}", shown.stdout);
    }
    let mut document = cloud.run(&["run", id, "--verify", "--json"]).document();
    assert_eq!((&document["receipt"]["survivors"], &document["end"]["complete"]), (&0.into(), &true.into()));
    let receipt = document.as_object_mut().and_then(|document| document.remove("receipt"));
    assert_value_conforms(&RECEIPT, &receipt.expect("a receipt"));
    assert_value_conforms(&RUN, &document);

    let forgotten = cloud.run(&["runs", "--forget", "0s"]);
    assert_eq!(forgotten.stdout, "");
    assert!(forgotten.stderr.contains("forgot 1 "), "{}", forgotten.stderr);
    let unknown = cloud.run(&["run", id]);
    assert_eq!(unknown.code, 2);
    assert!(unknown.stderr.contains(&format!("the journal has no run {id}")), "{}", unknown.stderr);
}

#[test]
fn survivors_are_named() {
    let cloud = Cloud::of(20);
    cloud.execute("CREATE TABLE saved AS SELECT * FROM host_numa_node WHERE host_id = 'host-1' LIMIT 1");
    assert_eq!(cloud.run(&["delete", "Host", "host-1", "--yes", "--json"]).code, 0);
    let id = cloud.run(&["runs", "--json"]).document()[0]["id"].as_str().expect("an id").to_owned();
    assert_eq!(cloud.run(&["run", &id, "--verify"]).code, 0);
    cloud.execute("INSERT INTO host_numa_node SELECT * FROM saved");
    let verified = cloud.run(&["run", &id, "--verify"]);
    assert_eq!(verified.code, 1);
    assert!(verified.stdout.contains("1 survived"), "{}", verified.stdout);
    assert!(verified.stdout.contains("HostNumaNode"), "{}", verified.stdout);
    let receipt = cloud.run(&["run", &id, "--verify", "--json"]).document()["receipt"].clone();
    assert_eq!(receipt["named"][0]["resource"], "HostNumaNode");
    assert_value_conforms(&RECEIPT, &receipt);
}

/// A zone depends on nothing, so only its verify method can find that it survived.
#[test]
fn a_root_that_survived_is_named() {
    let cloud = Cloud::of(20);
    cloud.execute("CREATE TABLE saved AS SELECT * FROM zone WHERE id = 'zone-1'");
    assert_eq!(cloud.run(&["delete", "Zone", "zone-1", "--yes", "--json"]).code, 0);
    let id = cloud.run(&["runs", "--json"]).document()[0]["id"].as_str().expect("an id").to_owned();
    assert_eq!(cloud.run(&["run", &id, "--verify"]).code, 0);
    cloud.execute("INSERT INTO zone SELECT * FROM saved");
    let verified = cloud.run(&["run", &id, "--verify"]);
    assert_eq!(verified.code, 1);
    assert!(
        verified.stdout.contains("1 survived") && verified.stdout.contains("  Zone zone-1\n"),
        "{}",
        verified.stdout
    );
}

/// Instances that the plan keeps are no survivors: a VM with delayed deletion, a storage that is only detached.
#[test]
fn retained_instances_are_no_survivors() {
    let cloud = Cloud::of(20);
    cloud.execute("UPDATE vm_instance SET deletion_policy = 'Delay' WHERE id = 'vm-1'");
    assert_eq!(cloud.run(&["delete", "VmInstance", "vm-1", "--yes", "--json"]).code, 0);
    assert_eq!(cloud.count("vm_instance WHERE id = 'vm-1' AND deleted = 0"), 1);
    let detach = ["detach", "primary-storage", "storage-1", "--cluster", "cluster-1", "--yes", "--json"];
    let detached = cloud.run(&detach);
    assert_eq!(detached.code, 0, "{}", detached.stderr);
    let runs = cloud.run(&["runs", "--json"]).document();
    let ids: Vec<&str> = [&runs[0], &runs[1]].map(|run| run["id"].as_str().expect("an id")).into();
    for id in &ids {
        let verified = cloud.run(&["run", id, "--verify"]);
        assert_eq!(verified.code, 0, "{}", verified.stdout);
        assert!(verified.stdout.contains("verify methods about 1\n"), "{}", verified.stdout);
    }
    // The storage is attached again.
    cloud.execute("INSERT INTO primary_storage_cluster_ref (primary_storage_id, cluster_id) VALUES ('storage-1', 'cluster-1')");
    let verified = cloud.run(&["run", ids[1], "--verify"]);
    assert_eq!(verified.code, 1, "{}", verified.stdout);
    assert!(verified.stdout.contains("  PrimaryStorage storage-1\n"), "{}", verified.stdout);
}

#[test]
fn the_journal_can_have_another_path() {
    let cloud = Cloud::of(10);
    let elsewhere = ["--journal", "elsewhere.db"];
    let delete =
        cloud.run(&[&elsewhere as &[&str], &["delete", "Zone", "zone-1", "--yes", "--json"]].concat());
    assert_eq!(delete.code, 0, "{}", delete.stderr);
    assert!(cloud.path("elsewhere.db").exists() && !cloud.path("iaas.db.runs").exists());
    assert_eq!(
        cloud.run(&[&elsewhere as &[&str], &["runs", "--json"]].concat()).document()[0]["state"],
        "complete"
    );
}

#[test]
fn replacing_a_cloud_deletes_its_runs() {
    let cloud = Cloud::of(10);
    assert_eq!(cloud.run(&["delete", "Zone", "zone-1", "--yes", "--json"]).code, 0);
    assert_eq!(cloud.run(&["seed", "--vms", "10", "--force"]).code, 0);
    assert_eq!(cloud.run(&["runs", "--json"]).document(), serde_json::json!([]));
}

/// The inventory is not changed if the run cannot be recorded.
#[test]
fn an_unusable_journal_stops_the_command() {
    let cloud = Cloud::of(10);
    std::fs::write(cloud.path("iaas.db.runs"), "no journal, but a diary".repeat(100)).expect("a file");
    let run = cloud.run(&["delete", "Zone", "zone-1", "--yes"]);
    assert_eq!(run.code, 1);
    assert!(run.stderr.contains("is no journal: name another file"), "{}", run.stderr);
    assert_eq!(cloud.count("zone WHERE state = 'Deleting'"), 0);
}
