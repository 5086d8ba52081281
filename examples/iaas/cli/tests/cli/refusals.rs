//! Commands that are refused.

use crate::cloud::Cloud;
use crate::schemas::{PLAN, assert_text_conforms};

#[test]
fn an_unknown_resource_is_an_error_with_the_nearest_name() {
    let cloud = Cloud::of(20);
    let run = cloud.run(&["delete", "VmInstances", "vm-1", "--yes"]);
    assert_eq!((run.code, run.stdout.as_str()), (2, ""));
    insta::assert_snapshot!(run.stderr, @r"iaas: there is no resource `VmInstances`: did you mean `VmInstance`?");
}

#[test]
fn an_unknown_id_is_an_error_with_the_nearest_id() {
    let cloud = Cloud::of(20);
    let run = cloud.run(&["delete", "VmInstance", "vm-1", "vm-21", "vm-", "--yes"]);
    assert_eq!((run.code, run.stdout.as_str()), (2, ""));
    insta::assert_snapshot!(run.stderr, @r"
    iaas: there is no VmInstance `vm-21`: did you mean `vm-1`?
          there is no VmInstance `vm-`: did you mean `vm-1`?
    ");
    assert_eq!(cloud.count("vm_instance"), 20);
}

/// With `--json`, an error is a document too.
#[test]
fn invalid_arguments_give_a_json_document() {
    let cloud = Cloud::of(20);
    let run = cloud.run(&["delete", "Zone", "zone-2", "--yes", "--json"]);
    assert_eq!(run.code, 2);
    assert_eq!(run.document()["error"], "there is no Zone `zone-2`: did you mean `zone-1`?");
}

/// Unusual ids must not break a line.
#[test]
fn unusual_ids_are_unknown_ids() {
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

/// An instance with an unusual id can be deleted.
#[test]
fn instances_with_unusual_ids_can_be_deleted() {
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

/// Some resources are only deleted with others.
#[test]
fn a_resource_without_a_root_rule_is_an_error() {
    let cloud = Cloud::of(20);
    let run = cloud.run(&["delete", "HostNumaNode", "host-numa-1", "--yes"]);
    assert_eq!(run.code, 2);
    assert!(run.stderr.contains("HostNumaNode has no rule for Delete as the root"), "{}", run.stderr);
}

#[test]
fn a_deletion_without_a_terminal_is_refused() {
    let cloud = Cloud::of(20);
    let run = cloud.run(&["delete", "Zone", "zone-1"]);
    assert_eq!(run.code, 3);
    insta::assert_snapshot!(run.stderr, @r"
    20 VMs will be destroyed, 19 of them running.
    4 virtual routers will be destroyed, all of them running.
    188 other things will be removed or changed.
    iaas: stdin is not a terminal: pass --yes, or --plan-only
    ");
    assert_eq!(cloud.shown()["Zone"]["total"], 1);
}

#[test]
fn the_user_confirms_by_typing_the_id() {
    let cloud = Cloud::of(20);
    let run = cloud.run_on_terminal(&["delete", "Host", "host-1"], "host-2\n");
    assert_eq!(run.code, 3, "{}", run.stderr);
    assert!(run.stderr.ends_with("iaas: not confirmed: nothing was changed\n"), "{}", run.stderr);
    assert_eq!(cloud.count("host"), 10);
    let run = cloud.run_on_terminal(&["delete", "Host", "host-1"], "host-1\n");
    assert_eq!(run.code, 0, "{}", run.stderr);
    assert!(run.stderr.contains("Type host-1 to continue: "), "{}", run.stderr);
    assert_eq!(cloud.count("host"), 9);
}

#[test]
fn a_veto_stops_the_deletion() {
    let cloud = Cloud::of(20);
    cloud.execute("UPDATE cluster SET protected = 1");
    let before = cloud.shown();
    let run = cloud.run(&["delete", "Zone", "zone-1", "--yes"]);
    assert_eq!(run.code, 3);
    assert!(run.stdout.contains("cluster-1: it is protected"), "{}", run.stdout);
    insta::assert_snapshot!(run.stderr, @r"iaas: vetoed: nothing was changed; --force ignores vetoes");
    let json = cloud.run(&["delete", "Zone", "zone-1", "--yes", "--json"]);
    assert_eq!(json.code, 3);
    assert_text_conforms(&PLAN, &json.stdout);
    assert_eq!(json.document()["vetoes"][0]["id"], "cluster-1");
    assert_eq!(cloud.shown(), before);
    let forced = cloud.run(&["delete", "Zone", "zone-1", "--yes", "--force"]);
    assert_eq!(forced.code, 0, "{}", forced.stderr);
    assert_eq!(cloud.shown()["Zone"]["total"], 0);
}
