//! Detaching and deleting primary storages.

use cascade_core::{Delete, Resource};
use iaas_model::DetachPrimaryStorage;
use iaas_model::compute::VmInstance;
use iaas_model::storage::PrimaryStorage;
use iaas_model::write::{ADMIN, NewVolume, Writer};
use iaas_scenarios::World;
use iaas_scenarios::topology::{self, AccountVm};

fn detach(cluster: &str) -> DetachPrimaryStorage {
    DetachPrimaryStorage { cluster: cluster.into() }
}

/// TestCascadeDeletion17, including DBOnlyCase: all rows are removed, also those marked as deleted, and no storage or
/// host gets a command.
#[tokio::test]
async fn a_detached_storage_is_deleted_without_agent_commands() {
    let mut world = World::new(|write| {
        topology::t2(write)?;
        topology::data_volume(write, "vm-1", "storage-1")
    });
    world.run(detach("cluster-1"), PrimaryStorage::roots(["storage-1"])).await;
    insta::assert_snapshot!(world.changes(), @r"
    - primary_storage_cluster_ref: storage-1/cluster-1
    ~ vm_instance vm-1: host_id host-1 -> NULL, state Running -> Stopped
    ");
    assert_eq!(world.commands(), ["stop-vm vm-1"]);
    world.run(Delete, PrimaryStorage::roots(["storage-1"])).await;
    insta::assert_snapshot!(world.changes(), @r"
    - nic: vm-1-nic-1, vm-1-nic-2, vm-1-nic-3
    - primary_storage: storage-1
    - used_ip: vm-1-nic-1/vm-1@1, vm-1-nic-2/vm-1@2, vm-1-nic-3/vm-1@3
    - vm_instance: vm-1
    - vm_instance_numa_node: vm-1-numa
    - volume: vm-1-data, vm-1-root
    ");
    assert_eq!(world.commands(), [""; 0]);
}

/// VolumeSnapshotDeletionCase.
#[tokio::test]
async fn a_storage_is_deleted_with_snapshots_of_root_volumes() {
    let world = World::new(|write| {
        topology::t2(write)?;
        write.snapshot("snapshot-1", "vm-1-root")
    });
    world.run(detach("cluster-1"), PrimaryStorage::roots(["storage-1"])).await;
    world.run(Delete, PrimaryStorage::roots(["storage-1"])).await;
    assert_eq!(world.count("volume_snapshot"), 0);
    assert_eq!(world.commands(), ["stop-vm vm-1"]);
}

#[tokio::test]
async fn an_attached_storage_cannot_be_deleted() {
    let world = World::new(topology::t1);
    let vetoes = world.vetoes(Delete, PrimaryStorage::roots(["storage-1"])).await;
    assert_eq!(vetoes, ["storage-1: it is attached to cluster-1: detach it from all clusters first"]);
}

#[tokio::test]
async fn a_storage_can_be_detached_only_if_it_is_attached() {
    let world = World::new(|write| {
        topology::t1(write)?;
        write.cluster("cluster-2", "zone-1")
    });
    let vetoes = world.vetoes(detach("cluster-2"), PrimaryStorage::roots(["storage-1"])).await;
    assert_eq!(vetoes, ["storage-1: it is not attached to cluster-2"]);
}

/// PrimaryStorageDeleteCascadeCase: three clusters, each with a storage and a VM of its own. The VMs of all three
/// share a network, which gets its addresses back.
#[tokio::test]
async fn each_storage_is_deleted_with_its_own_vms() {
    let world = World::new(|write| {
        let clusters: [(&str, &[&str]); 3] =
            [("cluster-1", &["host-1"]), ("cluster-2", &["host-2"]), ("cluster-3", &["host-3"])];
        topology::site(write, &clusters)?;
        for n in ["1", "2", "3"] {
            let (storage, vm) = (format!("own-{n}"), format!("vm-{n}"));
            let (cluster, host) = (format!("cluster-{n}"), format!("host-{n}"));
            write.primary_storage(&storage, "zone-1", &[&cluster])?;
            let networks = &["3"];
            let vm = AccountVm {
                account: ADMIN,
                id: &vm,
                storage: &storage,
                cluster: &cluster,
                host: &host,
                networks,
            };
            topology::vm_of(write, &vm)?;
            topology::data_volume(write, vm.id, vm.storage)?;
        }
        topology::router(write, "router-1", "cluster-1", "host-1")
    });
    world.by_hand("UPDATE volume SET primary_storage_id = 'own-1' WHERE owner_id = 'router-1'");
    for n in ["1", "2", "3"] {
        let storage = format!("own-{n}");
        world.run(detach(&format!("cluster-{n}")), PrimaryStorage::roots([storage.as_str()])).await;
        assert_eq!(world.value(&format!("SELECT state FROM vm_instance WHERE id = 'vm-{n}'")), "Stopped");
        world.commands();
        world.run(Delete, PrimaryStorage::roots([storage.as_str()])).await;
        assert_eq!(world.count(format!("vm_instance WHERE id = 'vm-{n}'")), 0);
        assert_eq!(world.count(format!("volume WHERE primary_storage_id = '{storage}'")), 0);
        assert_eq!(world.commands(), [""; 0]);
    }
    assert_eq!(world.count("used_ip WHERE ip_range_id = 'range-3'"), 0, "3 VMs' and the router's");
}

/// The topology of TestCascadeDeletion24: a second storage on one of two clusters, with the data volume.
fn c24(write: &Writer<'_>) -> rusqlite::Result<()> {
    topology::site(write, &[("cluster-1", &["host-1", "host-2"]), ("cluster-2", &["host-3"])])?;
    write.primary_storage("storage-2", "zone-1", &["cluster-1"])?;
    topology::vm(write, "vm-1", "cluster-1", "host-1", &["1", "2", "3"])?;
    topology::data_volume(write, "vm-1", "storage-2")
}

/// TestCascadeDeletion24.
#[tokio::test]
async fn a_vm_stops_when_any_of_its_volumes_is_detached() {
    let mut world = World::new(c24);
    world.run(detach("cluster-1"), PrimaryStorage::roots(["storage-2"])).await;
    insta::assert_snapshot!(world.changes(), @r"
    - primary_storage_cluster_ref: storage-2/cluster-1
    ~ vm_instance vm-1: host_id host-1 -> NULL, state Running -> Stopped
    ");
}

/// TestCascadeDeletion25.
#[tokio::test]
async fn a_vm_does_not_start_without_its_storage() {
    let world = World::new(c24);
    world.run(detach("cluster-1"), PrimaryStorage::roots(["storage-2"])).await;
    assert_eq!(world.start("vm-1"), None);
}

/// TestCascadeDeletion32, and then NfsStorageVirtualRouterDoubleClusterCase, the successor of TestCascadeDeletion33.
#[tokio::test]
async fn a_router_moves_once_and_is_destroyed_the_second_time() {
    let mut world = World::new(topology::vr3);
    world.run(detach("cluster-1"), PrimaryStorage::roots(["storage-1"])).await;
    insta::assert_snapshot!(world.changes(), @r"
    - primary_storage_cluster_ref: storage-1/cluster-1
    ~ appliance_vm router-1: cluster_id cluster-1 -> cluster-2, host_id host-1 -> host-2, last_host_id host-1 -> host-2
    ~ vm_instance vm-1: host_id host-1 -> NULL, state Running -> Stopped
    ");
    world.run(detach("cluster-2"), PrimaryStorage::roots(["storage-1"])).await;
    insta::assert_snapshot!(world.changes(), @r"
    - appliance_vm: router-1
    - nic: router-1-nic-1, router-1-nic-2, router-1-nic-3
    - primary_storage_cluster_ref: storage-1/cluster-2
    - used_ip: router-1-nic-1/router-1@1, router-1-nic-2/router-1@2, router-1-nic-3/router-1@3
    - volume: router-1-root
    ");
    assert_eq!(world.count("vm_instance WHERE state = 'Stopped'"), 1);
}

/// A volume that a host of the cluster mounts.
#[tokio::test]
async fn volumes_that_hosts_mount_are_unmounted() {
    let mut world = World::new(|write| {
        topology::t1(write)?;
        let (account, storage) = (ADMIN, "storage-1");
        write.volume(&NewVolume { id: "shared", account, root: false, storage, owner: None, offering: None })
    });
    world.by_hand("UPDATE volume SET host_id = 'host-2' WHERE id = 'shared'");
    world.stop("vm-1");
    world.changes();
    world.run(detach("cluster-1"), PrimaryStorage::roots(["storage-1"])).await;
    insta::assert_snapshot!(world.changes(), @r"
    - primary_storage_cluster_ref: storage-1/cluster-1
    ~ volume shared: host_id host-2 -> NULL
    ");
    assert_eq!(world.commands(), ["unmount-volume shared host-2"]);
}

/// A VM that is destroyed while its storage is attached leaves no volume.
#[tokio::test]
async fn a_vm_with_data_on_another_storage_leaves_only_that() {
    let mut world = World::new(c24);
    world.run(Delete, VmInstance::roots(["vm-1"])).await;
    insta::assert_snapshot!(world.changes(), @r"
    - nic: vm-1-nic-1, vm-1-nic-2, vm-1-nic-3
    - used_ip: vm-1-nic-1/vm-1@1, vm-1-nic-2/vm-1@2, vm-1-nic-3/vm-1@3
    - vm_instance: vm-1
    - vm_instance_numa_node: vm-1-numa
    - volume: vm-1-root
    ~ volume vm-1-data: owner_id vm-1 -> NULL
    ");
}
