//! What was begun can be asked about.

use crate::cloud::Cloud;

#[test]
fn a_run_is_listed_shown_verified_and_forgotten() {
    let cloud = Cloud::of(20);
    assert_eq!(cloud.run(&["runs"]).stdout, "");
    assert_eq!(cloud.run(&["delete", "Zone", "zone-1", "--yes", "--json"]).code, 0);
    let runs = cloud.run(&["runs", "--json"]).document();
    let run = &runs[0];
    assert_eq!((&run["operation"], &run["state"]), (&"delete".into(), &"complete".into()));
    assert_eq!((&run["root"], &run["roots"][0]), (&"Zone".into(), &"zone-1".into()));
    assert_eq!((&run["ended"], &run["failed"]), (&run["instances"], &0.into()));
    assert!(cloud.run(&["runs"]).stdout.contains("  complete  "));

    let id = run["id"].as_str().expect("an id");
    let shown = cloud.run(&["run", id, "--verify"]);
    assert_eq!(shown.code, 0, "{}", shown.stderr);
    for line in ["delete Zone zone-1", "by --yes", "VmInstance             destroy", "nothing survived"] {
        assert!(shown.stdout.contains(line), "{line}: {}", shown.stdout);
    }
    let document = cloud.run(&["run", id, "--verify", "--json"]).document();
    assert_eq!((&document["receipt"]["survivors"], &document["end"]["complete"]), (&0.into(), &true.into()));

    let forgotten = cloud.run(&["runs", "--forget", "0s"]);
    assert_eq!(forgotten.stdout, "");
    assert!(forgotten.stderr.contains("forgot 1 "), "{}", forgotten.stderr);
    let unknown = cloud.run(&["run", id]);
    assert_eq!(unknown.code, 2);
    assert!(unknown.stderr.contains(&format!("the journal has no run {id}")), "{}", unknown.stderr);
}

#[test]
fn what_survived_is_named() {
    let cloud = Cloud::of(20);
    cloud.by_hand("CREATE TABLE saved AS SELECT * FROM host_numa_node WHERE host_id = 'host-1' LIMIT 1");
    assert_eq!(cloud.run(&["delete", "Host", "host-1", "--yes", "--json"]).code, 0);
    let id = cloud.run(&["runs", "--json"]).document()[0]["id"].as_str().expect("an id").to_owned();
    assert_eq!(cloud.run(&["run", &id, "--verify"]).code, 0);
    cloud.by_hand("INSERT INTO host_numa_node SELECT * FROM saved");
    let verified = cloud.run(&["run", &id, "--verify"]);
    assert_eq!(verified.code, 1);
    assert!(verified.stdout.contains("1 survived"), "{}", verified.stdout);
    assert!(verified.stdout.contains("HostNumaNode"), "{}", verified.stdout);
}

/// A zone hangs off nothing: only it can say whether it is still there.
#[test]
fn a_root_that_survived_is_named() {
    let cloud = Cloud::of(20);
    cloud.by_hand("CREATE TABLE saved AS SELECT * FROM zone WHERE id = 'zone-1'");
    assert_eq!(cloud.run(&["delete", "Zone", "zone-1", "--yes", "--json"]).code, 0);
    let id = cloud.run(&["runs", "--json"]).document()[0]["id"].as_str().expect("an id").to_owned();
    assert_eq!(cloud.run(&["run", &id, "--verify"]).code, 0);
    cloud.by_hand("INSERT INTO zone SELECT * FROM saved");
    let verified = cloud.run(&["run", &id, "--verify"]);
    assert_eq!(verified.code, 1);
    assert!(
        verified.stdout.contains("1 survived") && verified.stdout.contains("  Zone zone-1\n"),
        "{}",
        verified.stdout
    );
}

/// What is meant to stay is no survivor: a VM that is put off, a storage that is only detached.
#[test]
fn what_was_to_stay_is_no_survivor() {
    let cloud = Cloud::of(20);
    cloud.by_hand("UPDATE vm_instance SET deletion_policy = 'Delay' WHERE id = 'vm-1'");
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
    // Somebody attaches it again.
    cloud.by_hand("INSERT INTO primary_storage_cluster_ref (primary_storage_id, cluster_id) VALUES ('storage-1', 'cluster-1')");
    let verified = cloud.run(&["run", ids[1], "--verify"]);
    assert_eq!(verified.code, 1, "{}", verified.stdout);
    assert!(verified.stdout.contains("  PrimaryStorage storage-1\n"), "{}", verified.stdout);
}

#[test]
fn the_journal_can_be_put_elsewhere() {
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
fn a_cloud_that_is_replaced_takes_its_runs_with_it() {
    let cloud = Cloud::of(10);
    assert_eq!(cloud.run(&["delete", "Zone", "zone-1", "--yes", "--json"]).code, 0);
    assert_eq!(cloud.run(&["seed", "--vms", "10", "--force"]).code, 0);
    assert_eq!(cloud.run(&["runs", "--json"]).document(), serde_json::json!([]));
}

/// The inventory is not touched when the run cannot be kept.
#[test]
fn without_a_journal_nothing_is_changed() {
    let cloud = Cloud::of(10);
    std::fs::write(cloud.path("iaas.db.runs"), "no journal, but a diary".repeat(100)).expect("a file");
    let run = cloud.run(&["delete", "Zone", "zone-1", "--yes"]);
    assert_eq!(run.code, 1);
    assert!(run.stderr.contains("is no journal: name another file"), "{}", run.stderr);
    assert_eq!(cloud.count("zone WHERE state = 'Deleting'"), 0);
}
