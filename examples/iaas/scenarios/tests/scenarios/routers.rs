//! Virtual routers are moved, or destroyed.

use cascade_core::{Delete, Resource};
use iaas_model::compute::{ApplianceVm, Cluster, Host};
use iaas_model::network::{IpRange, L3Network};
use iaas_model::write::NicRole;
use iaas_scenarios::{World, topology};

/// TestCascadeDeletion20.
#[tokio::test]
async fn a_router_moves_to_another_host() {
    let mut world = World::new(topology::vr2);
    world.run(Delete, Host::roots(["host-1"])).await;
    insta::assert_snapshot!(world.changes(), @r"
    - host: host-1
    ~ appliance_vm router-1: host_id host-1 -> host-2, last_host_id host-1 -> host-2
    ~ vm_instance vm-1: host_id host-1 -> NULL, last_host_id host-1 -> NULL, state Running -> Stopped
    ");
    // The router and the VM do not wait for each other.
    let mut commands = world.commands();
    commands.sort_unstable();
    assert_eq!(commands, ["migrate-vm router-1 host-2", "stop-vm vm-1"]);
}

/// TestCascadeDeletion21.
#[tokio::test]
async fn a_router_whose_migration_fails_is_destroyed() {
    let mut world = World::new(topology::vr2);
    world.agents.refuse("migrate-vm");
    world.run(Delete, Host::roots(["host-1"])).await;
    insta::assert_snapshot!(world.changes(), @r"
    - appliance_vm: router-1
    - host: host-1
    - nic: router-1-nic-1, router-1-nic-2, router-1-nic-3
    - used_ip: router-1-nic-1/router-1@1, router-1-nic-2/router-1@2, router-1-nic-3/router-1@3
    - volume: router-1-root
    ~ vm_instance vm-1: host_id host-1 -> NULL, last_host_id host-1 -> NULL, state Running -> Stopped
    ");
}

/// A router that does not run cannot be moved.
#[tokio::test]
async fn a_stopped_router_is_destroyed() {
    let world = World::new(topology::vr2);
    world.by_hand("UPDATE appliance_vm SET state = 'Stopped', host_id = NULL");
    world.run(Delete, Host::roots(["host-1"])).await;
    assert_eq!(world.count("appliance_vm"), 0);
    assert_eq!(world.count("volume WHERE owner_id = 'router-1'"), 0);
}

/// TestCascadeDeletion22.
#[tokio::test]
async fn a_router_moves_to_another_cluster() {
    let world = World::new(topology::vr3);
    world.run(Delete, Cluster::roots(["cluster-1"])).await;
    assert_eq!(world.value("SELECT host_id FROM appliance_vm WHERE state = 'Running'"), "host-2");
    assert_eq!(world.value("SELECT cluster_id FROM appliance_vm"), "cluster-2");
    assert_eq!(world.count("vm_instance WHERE state = 'Stopped'"), 1);
}

/// A router never moves to a host that is removed too.
#[tokio::test]
async fn a_router_without_a_target_host_is_destroyed() {
    let world = World::new(topology::vr2);
    world.run(Delete, Host::roots(["host-1", "host-2"])).await;
    assert_eq!(world.count("appliance_vm"), 0);
    assert_eq!(world.count("vm_instance WHERE state = 'Stopped'"), 1);
}

/// The router is itself the root.
#[tokio::test]
async fn a_router_can_be_deleted() {
    let mut world = World::new(topology::vr1);
    world.run(Delete, ApplianceVm::roots(["router-1"])).await;
    insta::assert_snapshot!(world.changes(), @r"
    - appliance_vm: router-1
    - nic: router-1-nic-1, router-1-nic-2, router-1-nic-3
    - used_ip: router-1-nic-1/router-1@1, router-1-nic-2/router-1@2, router-1-nic-3/router-1@3
    - volume: router-1-root
    ");
}

/// A router is removed with each network that it needs. With the public and the management network, the router
/// offerings on them are removed too.
#[tokio::test]
async fn a_router_is_removed_with_its_networks() {
    for (network, offerings) in [("l3-1", 0), ("l3-2", 0), ("l3-3", 1)] {
        let world = World::new(topology::vr1);
        world.run(Delete, L3Network::roots([network])).await;
        assert_eq!(world.count("appliance_vm"), 0, "{network}");
        assert_eq!(world.count("virtual_router_offering"), offerings, "{network}");
        assert_eq!(world.count("vm_instance WHERE state = 'Running'"), 1, "{network}");
    }
}

/// VirtualRouterDeletePublicNetworkIpRangeCase: the last range of an additional network, as the root.
#[tokio::test]
async fn a_router_does_not_need_an_additional_network() {
    let additional = |write: &iaas_model::write::Writer<'_>| {
        topology::vr1(write)?;
        topology::network(write, "4", "l2-1")?;
        topology::nic(write, "router-1", "4", Some(NicRole::Additional))
    };
    let mut world = World::new(additional);
    world.run(Delete, IpRange::roots(["range-4"])).await;
    insta::assert_snapshot!(world.changes(), @r"
    - ip_range: range-4
    - nic: router-1-nic-4
    - used_ip: router-1-nic-4/router-1@4
    ");
    assert_eq!(world.count("nic WHERE owner_id = 'router-1'"), 3);

    let world = World::new(additional);
    world.run(Delete, L3Network::roots(["l3-4"])).await;
    assert_eq!(world.count("nic WHERE owner_id = 'router-1'"), 3);
    assert_eq!(world.count("appliance_vm WHERE state = 'Running'"), 1);
}

/// A range of a network that the router needs.
#[tokio::test]
async fn a_router_is_removed_with_the_range_of_its_network() {
    let world = World::new(topology::vr1);
    world.run(Delete, IpRange::roots(["range-2"])).await;
    assert_eq!(world.count("appliance_vm"), 0);
    assert_eq!(world.count("l3_network"), 3);
}
