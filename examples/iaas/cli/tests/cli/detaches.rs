//! `detach`.

use crate::cloud::Cloud;

#[test]
fn a_primary_storage_is_detached() {
    let cloud = Cloud::of(20);
    let arguments = ["detach", "primary-storage", "storage-1", "--cluster", "cluster-1", "--yes", "--json"];
    let run = cloud.run(&arguments);
    assert_eq!(run.code, 0, "{}", run.stderr);
    let report = run.document();
    assert_eq!(report["operation"], "primaryStorage.detach");
    assert_eq!(report["resources"]["PrimaryStorage"]["done"], 1);
    assert_eq!(cloud.count("primary_storage_cluster_ref WHERE primary_storage_id = 'storage-1'"), 0);
    assert_eq!(
        cloud.count(
            "vm_instance AS vm JOIN volume ON volume.owner_id = vm.id
                WHERE vm.state = 'Running' AND volume.primary_storage_id = 'storage-1'"
        ),
        0
    );
    let again = cloud.run(&arguments);
    assert_eq!(again.code, 3);
    assert_eq!(again.document()["vetoes"][0]["reason"], "it is not attached to cluster-1");
}

#[test]
fn an_l2_network_is_detached() {
    let cloud = Cloud::of(20);
    let run = cloud.run(&["detach", "l2-network", "l2-1", "--cluster", "cluster-1", "--plan-only"]);
    assert_eq!(run.code, 0, "{}", run.stderr);
    insta::assert_snapshot!(run.stdout, @r"
    DetachL2Network L2Network l2-1: 5 instances of 2 resources
    L2Network        1  detach
    └── ApplianceVm  4  migrate_or_do_without
    ");
    let run = cloud.run(&["detach", "l2-network", "l2-1", "l2-2", "--cluster", "cluster-1", "--yes"]);
    assert_eq!(run.code, 0, "{}{}", run.stdout, run.stderr);
    assert_eq!(cloud.count("l2_network_cluster_ref WHERE l2_network_id IN ('l2-1', 'l2-2')"), 0);
}

#[test]
fn an_unknown_cluster_is_wrong_usage() {
    let cloud = Cloud::of(20);
    let run = cloud.run(&["detach", "l2-network", "l2-1", "--cluster", "cluster-9", "--yes"]);
    assert_eq!(run.code, 2);
    assert_eq!(run.stderr, "iaas: there is no Cluster `cluster-9`: did you mean `cluster-1`?\n");
}
