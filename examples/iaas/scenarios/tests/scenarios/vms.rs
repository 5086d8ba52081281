//! Deleting VMs, volumes and snapshots.

use cascade_core::{Delete, Resource};
use iaas_model::compute::VmInstance;
use iaas_model::storage::{Volume, VolumeSnapshot};
use iaas_scenarios::{World, topology};

/// TestCascadeDeletion4. The root volume is part of the VM; the data volume stays detached.
#[tokio::test]
async fn a_vm_is_deleted_with_its_root_volume() {
    let mut world = World::new(|write| {
        topology::t1(write)?;
        write.snapshot("snapshot-1", "vm-1-root")?;
        write.snapshot("snapshot-2", "vm-1-data")
    });
    world.run(Delete, VmInstance::roots(["vm-1"])).await;
    insta::assert_snapshot!(world.changes(), @r"
    - nic: vm-1-nic-1, vm-1-nic-2, vm-1-nic-3
    - used_ip: vm-1-nic-1/vm-1@1, vm-1-nic-2/vm-1@2, vm-1-nic-3/vm-1@3
    - vm_instance: vm-1
    - vm_instance_numa_node: vm-1-numa
    - volume: vm-1-root
    - volume_snapshot: snapshot-1
    ~ volume vm-1-data: owner_id vm-1 -> NULL
    ");
    assert_eq!(world.commands(), ["destroy-vm vm-1", "delete-volume vm-1-root"]);
}

/// The memberships of the VM are removed, and its external addresses lose their target.
#[tokio::test]
async fn a_vm_leaves_its_security_groups() {
    let mut world = World::new(|write| {
        topology::t1(write)?;
        write.security_group("group-1", "account-admin")?;
        write.join_security_group("member-1", "vm-1-nic-1", "vm-1", "group-1")?;
        topology::vip(write, "2", "account-admin")?;
        write.eip("eip-1", "vip-2", Some("vm-1-nic-1"))?;
        write.port_forwarding_rule("port-1", "vip-2", Some("vm-1-nic-2"))
    });
    world.run(Delete, VmInstance::roots(["vm-1"])).await;
    insta::assert_snapshot!(world.changes(), @r"
    - nic: vm-1-nic-1, vm-1-nic-2, vm-1-nic-3
    - used_ip: vm-1-nic-1/vm-1@1, vm-1-nic-2/vm-1@2, vm-1-nic-3/vm-1@3
    - vm_instance: vm-1
    - vm_instance_numa_node: vm-1-numa
    - vm_nic_security_group_ref: member-1
    - volume: vm-1-root
    ~ eip eip-1: nic_id vm-1-nic-1 -> NULL
    ~ port_forwarding_rule port-1: nic_id vm-1-nic-2 -> NULL
    ~ volume vm-1-data: owner_id vm-1 -> NULL
    ");
}

/// A stopped VM has no host, so no agent gets a command.
#[tokio::test]
async fn a_stopped_vm_needs_no_agent_command() {
    let world = World::new(topology::t2);
    world.stop("vm-1");
    world.run(Delete, VmInstance::roots(["vm-1"])).await;
    assert_eq!(world.commands(), ["delete-volume vm-1-root"]);
    assert_eq!(world.count("vm_instance"), 0);
}

/// The policy of DelayDeleteResourceCase, with the VM as the root: the VM is stopped and kept with its disks and NICs.
#[tokio::test]
async fn a_vm_whose_deletion_is_delayed_is_kept() {
    let mut world = World::new(topology::t2);
    world.by_hand("UPDATE vm_instance SET deletion_policy = 'Delay'");
    world.changes();
    world.run(Delete, VmInstance::roots(["vm-1"])).await;
    insta::assert_snapshot!(world.changes(), @r"~ vm_instance vm-1: host_id host-1 -> NULL, state Running -> Destroyed");
    assert_eq!(world.commands(), ["stop-vm vm-1"]);
}

#[tokio::test]
async fn a_protected_vm_stays() {
    let world = World::new(topology::t1);
    world.by_hand("UPDATE vm_instance SET protected = 1");
    let vetoes = world.vetoes(Delete, VmInstance::roots(["vm-1"])).await;
    assert_eq!(vetoes, ["vm-1: it is protected"]);
}

#[tokio::test]
async fn a_data_volume_is_deleted_with_its_snapshots() {
    let mut world = World::new(|write| {
        topology::t1(write)?;
        write.snapshot("snapshot-1", "vm-1-data")?;
        write.snapshot("snapshot-2", "vm-1-root")
    });
    world.run(Delete, Volume::roots(["vm-1-data"])).await;
    insta::assert_snapshot!(world.changes(), @r"
    - volume: vm-1-data
    - volume_snapshot: snapshot-1
    ");
    assert_eq!(world.commands(), ["delete-volume vm-1-data"]);
}

#[tokio::test]
async fn a_volume_whose_deletion_is_delayed_keeps_its_snapshots() {
    let mut world = World::new(|write| {
        topology::t1(write)?;
        write.snapshot("snapshot-1", "vm-1-data")
    });
    world.by_hand("UPDATE volume SET deletion_policy = 'Delay' WHERE id = 'vm-1-data'");
    world.changes();
    world.run(Delete, Volume::roots(["vm-1-data"])).await;
    insta::assert_snapshot!(world.changes(), @r"~ volume vm-1-data: owner_id vm-1 -> NULL, status Ready -> Destroyed");
}

#[tokio::test]
async fn a_root_volume_is_only_deleted_with_its_vm() {
    let world = World::new(topology::t1);
    let vetoes = world.vetoes(Delete, Volume::roots(["vm-1-root"])).await;
    assert_eq!(vetoes, ["vm-1-root: it is the root volume of vm-1: delete that instead"]);
}

#[tokio::test]
async fn a_snapshot_can_be_deleted() {
    let mut world = World::new(|write| {
        topology::t1(write)?;
        write.snapshot("snapshot-1", "vm-1-data")
    });
    world.run(Delete, VolumeSnapshot::roots(["snapshot-1"])).await;
    insta::assert_snapshot!(world.changes(), @r"- volume_snapshot: snapshot-1");
    assert_eq!(world.commands(), ["delete-snapshot snapshot-1"]);
}
