//! Runs that do not start.

use crate::cloud::Cloud;

#[test]
fn an_unknown_resource_is_named_with_the_nearest() {
    let cloud = Cloud::of(20);
    let run = cloud.run(&["delete", "VmInstances", "vm-1", "--yes"]);
    assert_eq!((run.code, run.stdout.as_str()), (2, ""));
    insta::assert_snapshot!(run.stderr, @r"iaas: there is no resource `VmInstances`: did you mean `VmInstance`?");
}

#[test]
fn an_unknown_id_is_named_with_the_nearest() {
    let cloud = Cloud::of(20);
    let run = cloud.run(&["delete", "VmInstance", "vm-1", "vm-21", "vm-", "--yes"]);
    assert_eq!((run.code, run.stdout.as_str()), (2, ""));
    insta::assert_snapshot!(run.stderr, @r"
    iaas: there is no VmInstance `vm-21`: did you mean `vm-1`?
          there is no VmInstance `vm-`: did you mean `vm-1`?
    ");
    assert_eq!(cloud.count("vm_instance"), 20);
}

/// With `--json` also what is wrong is a document.
#[test]
fn wrong_usage_is_a_document_too() {
    let cloud = Cloud::of(20);
    let run = cloud.run(&["delete", "Zone", "zone-2", "--yes", "--json"]);
    assert_eq!(run.code, 2);
    assert_eq!(run.document()["error"], "there is no Zone `zone-2`: did you mean `zone-1`?");
}

/// Ids that nobody would give, and that must not break a line.
#[test]
fn strange_ids_are_unknown_ids() {
    let cloud = Cloud::of(20);
    for (id, shown) in [
        ("vm-1\nvm-2", "`vm-1\\nvm-2`"),
        ("vm'; DROP TABLE vm_instance; --", "DROP TABLE"),
        ("🦀", "`🦀`"),
        ("", "``"),
    ] {
        let run = cloud.run(&["delete", "VmInstance", id, "--yes"]);
        assert_eq!(run.code, 2, "{id:?}");
        assert!(run.stderr.contains(shown), "{}", run.stderr);
        assert_eq!(run.stderr.lines().count(), 1, "{}", run.stderr);
    }
    assert_eq!(cloud.count("vm_instance"), 20);
}

/// And if there is such an instance, it goes.
#[test]
fn strange_ids_that_there_are_can_be_deleted() {
    let cloud = Cloud::of(20);
    for id in ["vm'; DROP TABLE vm_instance; --", "🦀 vm", "vm \"quoted\"\nand broken"] {
        cloud
            .connection()
            .execute(
                "INSERT INTO vm_instance (id, account_id, zone_id, state) VALUES (?1, 'account-admin', 'zone-1', 'Stopped')",
                [id],
            )
            .expect("any text is an id");
        let run = cloud.run(&["delete", "VmInstance", id, "--yes"]);
        assert_eq!(run.code, 0, "{}", run.stderr);
        assert_eq!(cloud.count("vm_instance"), 20);
    }
}

/// Some resources only ever go with others.
#[test]
fn a_resource_that_no_delete_starts_from_says_so() {
    let cloud = Cloud::of(20);
    let run = cloud.run(&["delete", "HostNumaNode", "host-numa-1", "--yes"]);
    assert_eq!(run.code, 2);
    assert!(run.stderr.contains("HostNumaNode has no rule for Delete as the root"), "{}", run.stderr);
}

#[test]
fn nobody_to_ask_is_a_no() {
    let cloud = Cloud::of(20);
    let run = cloud.run(&["delete", "Zone", "zone-1"]);
    assert_eq!(run.code, 3);
    insta::assert_snapshot!(run.stderr, @r"
    20 VMs will be destroyed, 19 of them running.
    4 virtual routers will be destroyed, all of them running.
    188 other things will be removed or changed.
    iaas: nobody to ask for confirmation: give --yes to go on, or --plan-only to see the plan
    ");
    assert_eq!(cloud.shown()["Zone"]["total"], 1);
}

#[test]
fn a_person_confirms_by_typing_the_id() {
    let cloud = Cloud::of(20);
    let run = cloud.run_on_terminal(&["delete", "Host", "host-1"], "host-2\n");
    assert_eq!(run.code, 3, "{}", run.stderr);
    assert!(run.stderr.ends_with("iaas: not confirmed: nothing was changed\n"), "{}", run.stderr);
    assert_eq!(cloud.count("host"), 10);
    let run = cloud.run_on_terminal(&["delete", "Host", "host-1"], "host-1\n");
    assert_eq!(run.code, 0, "{}", run.stderr);
    assert!(run.stderr.contains("Type host-1 to go on: "), "{}", run.stderr);
    assert_eq!(cloud.count("host"), 9);
}

#[test]
fn a_veto_stops_it() {
    let cloud = Cloud::of(20);
    cloud.by_hand("UPDATE cluster SET protected = 1");
    let before = cloud.shown();
    let run = cloud.run(&["delete", "Zone", "zone-1", "--yes"]);
    assert_eq!(run.code, 3);
    assert!(run.stdout.contains("cluster-1: it is protected"), "{}", run.stdout);
    insta::assert_snapshot!(run.stderr, @r"iaas: vetoed: nothing was changed; --force goes on in spite of it");
    let json = cloud.run(&["delete", "Zone", "zone-1", "--yes", "--json"]);
    assert_eq!(json.code, 3);
    assert_eq!(json.document()["vetoes"][0]["id"], "cluster-1");
    assert_eq!(cloud.shown(), before);
    let forced = cloud.run(&["delete", "Zone", "zone-1", "--yes", "--force"]);
    assert_eq!(forced.code, 0, "{}", forced.stderr);
    assert_eq!(cloud.shown()["Zone"]["total"], 0);
}
