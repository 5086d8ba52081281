//! Deleting a zone.

use cascade_core::{Delete, Resource};
use iaas_model::compute::{Cluster, Zone};
use iaas_scenarios::{World, topology};

/// TestCascadeDeletion1, including TestDeleteZoneCascadeToCluster and TestDeleteZoneCascadeToHost.
#[tokio::test]
async fn is_deleted_with_all_its_dependents() {
    let mut world = World::new(topology::t1);
    world.run(Delete, Zone::roots(["zone-1"])).await;
    insta::assert_snapshot!(world.changes(), @r"
    - backup_storage_zone_ref: backup-1/zone-1
    - cluster: cluster-1
    - host: host-1, host-2
    - ip_range: range-1, range-2, range-3
    - l2_network: l2-1
    - l2_network_cluster_ref: l2-1/cluster-1
    - l3_network: l3-1, l3-2, l3-3
    - l3_network_service_ref: l3-1/DHCP, l3-2/DHCP, l3-3/DHCP
    - nic: vm-1-nic-1, vm-1-nic-2, vm-1-nic-3
    - primary_storage: storage-1
    - primary_storage_cluster_ref: storage-1/cluster-1
    - used_ip: vm-1-nic-1/vm-1@1, vm-1-nic-2/vm-1@2, vm-1-nic-3/vm-1@3
    - vm_instance: vm-1
    - vm_instance_numa_node: vm-1-numa
    - volume: vm-1-data, vm-1-root
    - zone: zone-1
    ");
    assert_eq!(world.commands(), ["destroy-vm vm-1"]);
}

/// A zone with a router, a VIP and a VXLAN pool: every kind of dependent, once each.
#[tokio::test]
async fn is_deleted_with_routers_and_services() {
    let mut world = World::new(|write| {
        topology::vr1(write)?;
        topology::vip(write, "2", "account-admin")?;
        write.eip("eip-1", "vip-2", Some("vm-1-nic-3"))?;
        write.l2_network(&iaas_model::write::L2 {
            id: "pool-1",
            account: "account-admin",
            zone: "zone-1",
            kind: "VxlanPool",
            pool: None,
            clusters: &["cluster-1"],
        })?;
        write.vtep("vtep-1", "pool-1", "cluster-1", "host-1")?;
        write.remote_vtep("remote-vtep-1", "pool-1", "cluster-1")
    });
    world.run(Delete, Zone::roots(["zone-1"])).await;
    insta::assert_snapshot!(world.changes(), @r"
    - appliance_vm: router-1
    - backup_storage_zone_ref: backup-1/zone-1
    - cluster: cluster-1
    - eip: eip-1
    - host: host-1
    - ip_range: range-1, range-2, range-3
    - l2_network: l2-1, pool-1
    - l2_network_cluster_ref: l2-1/cluster-1, pool-1/cluster-1
    - l3_network: l3-1, l3-2, l3-3
    - l3_network_service_ref: l3-1/DHCP, l3-2/DHCP, l3-3/DHCP
    - nic: vm-1-nic-3, router-1-nic-1, router-1-nic-2, router-1-nic-3
    - primary_storage: storage-1
    - primary_storage_cluster_ref: storage-1/cluster-1
    - remote_vtep: remote-vtep-1
    - used_ip: vip-2/vip@2, vm-1-nic-3/vm-1@3, router-1-nic-1/router-1@1, router-1-nic-2/router-1@2, router-1-nic-3/router-1@3
    - vip: vip-2
    - virtual_router_offering: router-offering-1
    - vm_instance: vm-1
    - vm_instance_numa_node: vm-1-numa
    - volume: vm-1-root, router-1-root
    - vtep: vtep-1
    - zone: zone-1
    ");
}

/// TestDeleteZoneCascadeToHostExtension: a veto of a grandchild changes nothing.
#[tokio::test]
async fn is_kept_if_a_host_is_protected() {
    let mut world = World::new(topology::t1);
    world.by_hand("UPDATE host SET protected = 1 WHERE id = 'host-2'");
    world.changes();
    let vetoes = world.vetoes(Delete, Zone::roots(["zone-1"])).await;
    assert_eq!(vetoes, ["host-2: it is protected"]);
    let plan = world.plan(Delete, Zone::roots(["zone-1"])).await;
    world.cascade.apply(plan).await.expect_err("a veto stops the run");
    assert_eq!(world.changes(), "");

    world.by_hand("UPDATE host SET protected = 0");
    world.run(Delete, Zone::roots(["zone-1"])).await;
    assert_eq!(world.count("host"), 0);
}

/// All vetoes are reported.
#[tokio::test]
async fn reports_all_vetoes() {
    let world = World::new(topology::t1);
    for table in ["zone", "cluster", "host", "vm_instance", "l2_network", "l3_network", "primary_storage"] {
        world.by_hand(&format!("UPDATE {table} SET protected = 1"));
    }
    let vetoes = world.vetoes(Delete, Zone::roots(["zone-1"])).await;
    insta::assert_snapshot!(vetoes.join("\n"), @r"
    cluster-1: it is protected
    host-1: it is protected
    host-2: it is protected
    l2-1: it is protected
    l3-1: it is protected
    l3-2: it is protected
    l3-3: it is protected
    storage-1: it is protected
    vm-1: it is protected
    zone-1: it is protected
    ");
}

/// A forced deletion ignores the vetoes.
#[tokio::test]
async fn is_deleted_in_spite_of_vetoes_if_forced() {
    let world = World::new(topology::t1);
    world.by_hand("UPDATE vm_instance SET protected = 1");
    let plan = world.plan(Delete, Zone::roots(["zone-1"])).await;
    let report = world.cascade.apply(plan).forced(true).await.expect("a forced run starts");
    assert!(report.is_complete(), "{report}");
    assert_eq!(world.count("vm_instance"), 0);
    assert_eq!(report.summary().overridden.len(), 1);
}

/// DeleteZoneWhenPSDisabledCase.
#[tokio::test]
async fn is_deleted_with_a_disabled_storage() {
    let world = World::new(topology::vr2);
    world.by_hand("UPDATE primary_storage SET state = 'Disabled'");
    world
        .by_hand("DELETE FROM used_ip WHERE user_id = 'vm-1-nic-3'; DELETE FROM nic WHERE id = 'vm-1-nic-3'");
    world.by_hand("UPDATE vm_instance SET default_l3_id = NULL");
    world.run(Delete, Zone::roots(["zone-1"])).await;
    for table in ["primary_storage", "cluster", "l3_network", "host", "appliance_vm", "vm_instance"] {
        assert_eq!(world.count(table), 0, "{table}");
    }
}

/// The second of two zones is not changed.
#[tokio::test]
async fn does_not_change_another_zone() {
    let mut world = World::new(|write| {
        topology::t1(write)?;
        write.zone("zone-2")?;
        write.cluster("cluster-9", "zone-2")?;
        write.host("host-9", "cluster-9")
    });
    world.run(Delete, Zone::roots(["zone-2"])).await;
    insta::assert_snapshot!(world.changes(), @r"
    - cluster: cluster-9
    - host: host-9
    - zone: zone-2
    ");
    world.run(Delete, Cluster::roots(["cluster-1"])).await;
    assert_eq!(world.count("cluster"), 0);
}
