//! `seed` and `show`.

use crate::cloud::{Cloud, Run};

#[test]
fn seed_fills_a_cloud_of_a_size() {
    let cloud = Cloud::none();
    let run = cloud.run(&["seed", "--vms", "40", "--zones", "2"]);
    assert_eq!((run.code, run.stdout.as_str()), (0, "iaas.db: a cloud with 40 VMs in 2 zones\n"));
    let shown = cloud.shown();
    assert_eq!(shown["VmInstance"]["total"], 40);
    assert_eq!(shown["Zone"]["total"], 2);
}

#[test]
fn seed_overwrites_only_when_forced() {
    let cloud = Cloud::of(10);
    let again = cloud.run(&["seed", "--vms", "20"]);
    assert_eq!((again.code, again.stdout.as_str()), (3, ""));
    insta::assert_snapshot!(again.stderr, @r"iaas: iaas.db already exists: replace it with `seed --force`");
    assert_eq!(cloud.shown()["VmInstance"]["total"], 10);
    assert_eq!(cloud.run(&["seed", "--vms", "20", "--force"]).code, 0);
    assert_eq!(cloud.shown()["VmInstance"]["total"], 20);
}

/// Every resource is listed, with the number of running instances if there are such.
#[test]
fn show_counts_every_resource() {
    let cloud = Cloud::of(50);
    insta::assert_snapshot!(cloud.run(&["show"]).stdout, @r"
    AccessControlList             1
    Account                       4
    ApplianceVm                   4  4 running
    BackupStorage                 2
    Cluster                       1
    DiskOffering                  8
    Eip                           1
    Host                         10
    HostAllocatedCpu             40
    HostNumaNode                 20
    Image                         9
    InstanceOffering              8
    IpRange                       7
    L2Network                     6
    L3Network                     6
    LoadBalancer                  1
    PortForwardingRule            2
    PrimaryStorage                2
    RemoteVtep                    1
    SdnController                 1
    Vip                           3
    VirtualRouterOffering         1
    VmInstance                   50  48 running
    VmInstanceNumaNode           50
    VmNicSecurityGroupRef        50
    Volume                       79
    VolumeSnapshot               13
    Vtep                         10
    Zone                          1
    ");
    let shown = cloud.shown();
    assert_eq!(shown.as_object().expect("an object").len(), 29);
    assert_eq!(shown["VmInstance"], serde_json::json!({ "total": 50, "running": 48 }));
    assert_eq!(shown["Cluster"], serde_json::json!({ "total": 1 }));
}

/// A closed pipe, as with `head`, is not an error.
#[test]
fn a_closed_pipe_is_not_an_error() {
    let cloud = Cloud::of(10);
    for arguments in [&["show"] as &[&str], &["graph"], &["delete", "Zone", "zone-1", "--yes", "--json"]] {
        let mut child = cloud.start(arguments);
        drop(child.stdout.take());
        let run: Run = child.wait_with_output().expect("it ends").into();
        assert_eq!((run.code, run.stderr.as_str()), (0, ""));
    }
}

/// The first command that needs a cloud creates one.
#[test]
fn a_missing_cloud_is_created_on_first_use() {
    let cloud = Cloud::none();
    let run = cloud.run(&["show", "--json"]);
    assert_eq!(run.code, 0);
    insta::assert_snapshot!(run.stderr, @r"iaas: no cloud at iaas.db yet: creating one with 10,000 VMs in 1 zone");
    assert_eq!(
        run.document()["resources"]["VmInstance"],
        serde_json::json!({ "total": 10_000, "running": 9412 })
    );
}
