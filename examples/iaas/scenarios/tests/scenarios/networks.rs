//! Deleting layer-2 and layer-3 networks and IP ranges, and detaching layer-2 networks.

use cascade_core::{Delete, Resource};
use iaas_model::DetachL2Network;
use iaas_model::network::{IpRange, L2Network, L3Network};
use iaas_model::write::{ADMIN, L2, Nic, Writer};
use iaas_scenarios::{World, topology};

fn detach(cluster: &str) -> DetachL2Network {
    DetachL2Network { cluster: cluster.into() }
}

/// TestCascadeDeletion8 and TestCascadeDeletion9.
#[tokio::test]
async fn a_network_is_deleted_with_a_nic_while_the_vm_runs() {
    let mut world = World::new(topology::t1);
    world.run(Delete, L3Network::roots(["l3-1"])).await;
    insta::assert_snapshot!(world.changes(), @r"
    - ip_range: range-1
    - l3_network: l3-1
    - l3_network_service_ref: l3-1/DHCP
    - nic: vm-1-nic-1
    - used_ip: vm-1-nic-1/vm-1@1
    ~ vm_instance vm-1: default_l3_id l3-1 -> l3-2
    ");
    assert_eq!(world.commands(), ["detach-nic vm-1-nic-1"]);
    assert_eq!(world.count("nic WHERE owner_id = 'vm-1'"), 2);
}

/// The successor of TestCascadeDeletion10: the VM is not stopped.
#[tokio::test]
async fn a_range_is_deleted_with_a_nic_while_the_vm_runs() {
    let mut world = World::new(topology::t1);
    world.run(Delete, IpRange::roots(["range-1"])).await;
    insta::assert_snapshot!(world.changes(), @r"
    - ip_range: range-1
    - nic: vm-1-nic-1
    - used_ip: vm-1-nic-1/vm-1@1
    ~ vm_instance vm-1: default_l3_id l3-1 -> l3-2
    ");
}

/// A NIC with an IPv4 and an IPv6 address loses one and keeps the other.
#[tokio::test]
async fn a_nic_with_two_addresses_loses_one() {
    let mut world = World::new(dual_stack);
    world.run(Delete, IpRange::roots(["range-1"])).await;
    insta::assert_snapshot!(world.changes(), @r"
    - ip_range: range-1
    - used_ip: vm-1-nic/10.0.0.1
    ~ nic vm-1-nic: address 10.0.0.1 -> fd00::1
    ");
    assert_eq!(world.commands(), [""; 0]);
    world.run(Delete, IpRange::roots(["range-6"])).await;
    assert_eq!(world.commands(), ["detach-nic vm-1-nic"]);
    assert_eq!(world.count("nic"), 0);
}

/// Both ranges at once.
#[tokio::test]
async fn a_nic_is_removed_with_its_last_address() {
    let world = World::new(dual_stack);
    world.run(Delete, IpRange::roots(["range-1", "range-6"])).await;
    assert_eq!(world.commands(), ["detach-nic vm-1-nic"]);
    assert_eq!(world.count("used_ip"), 0);
}

/// `vm-1` with one NIC on `l3-1`, which has an IPv4 and an IPv6 address.
fn dual_stack(write: &Writer<'_>) -> rusqlite::Result<()> {
    topology::site(write, &[("cluster-1", &["host-1"])])?;
    write.ip_range("range-6", "l3-1", 6)?;
    topology::vm(write, "vm-1", "cluster-1", "host-1", &[])?;
    write.nic(&Nic {
        id: "vm-1-nic",
        owner: "vm-1",
        l3: "l3-1",
        role: None,
        addresses: &[("range-1", "10.0.0.1"), ("range-6", "fd00::1")],
    })
}

/// DeleteL2NeworkCascadeCase: the VM's only network.
#[tokio::test]
async fn an_l2_network_takes_the_last_nic() {
    let mut world = World::new(|write| {
        topology::site(write, &[("cluster-1", &["host-1", "host-2"])])?;
        topology::l2_network(write, "vlan-200", &["cluster-1"])?;
        topology::network(write, "4", "vlan-200")?;
        write.ip_range("range-6", "l3-4", 6)?;
        topology::vm(write, "vm-1", "cluster-1", "host-1", &["4"])
    });
    world.run(Delete, L2Network::roots(["vlan-200"])).await;
    insta::assert_snapshot!(world.changes(), @r"
    - ip_range: range-4, range-6
    - l2_network: vlan-200
    - l2_network_cluster_ref: vlan-200/cluster-1
    - l3_network: l3-4
    - l3_network_service_ref: l3-4/DHCP
    - nic: vm-1-nic-4
    - used_ip: vm-1-nic-4/vm-1@4
    ~ vm_instance vm-1: default_l3_id l3-4 -> NULL
    ");
}

/// IPv6DeleteL3WithOutEipCase: NICs on one network with addresses of another; then two networks at once, each in a run
/// of its own.
#[tokio::test]
async fn networks_can_be_deleted_at_once() {
    let world = World::new(|write| {
        topology::site(write, &[("cluster-1", &["host-1"])])?;
        for n in 1..=5 {
            let vm = format!("vm-{n}");
            topology::vm(write, &vm, "cluster-1", "host-1", &["3"])?;
            let address = format!("{vm}@1");
            let nic = Nic {
                id: &format!("{vm}-nic"),
                owner: &vm,
                l3: "l3-1",
                role: None,
                addresses: &[("range-1", &address), ("range-2", "fd00::1")],
            };
            write.nic(&nic)?;
        }
        Ok(())
    });
    world.run(Delete, L3Network::roots(["l3-2"])).await;
    assert_eq!(world.count("nic WHERE l3_network_id = 'l3-1'"), 5);
    assert_eq!(world.count("used_ip WHERE ip_range_id = 'range-2'"), 0);
    futures::join!(
        world.run(Delete, L3Network::roots(["l3-1"])),
        world.run(Delete, L3Network::roots(["l3-3"])),
    );
    assert_eq!(world.count("nic"), 0);
    assert_eq!(world.count("used_ip"), 0);
    assert_eq!(world.count("vm_instance WHERE state = 'Running'"), 5);
}

/// IPv6DeleteL3WithEipCase.
#[tokio::test]
async fn networks_are_deleted_with_their_eips() {
    let mut world = World::new(|write| {
        dual_stack(write)?;
        topology::vip(write, "2", ADMIN)?;
        topology::vip(write, "3", ADMIN)?;
        write.eip("eip-2", "vip-2", Some("vm-1-nic"))?;
        write.eip("eip-3", "vip-3", Some("vm-1-nic"))
    });
    world.run(Delete, L3Network::roots(["l3-1"])).await;
    insta::assert_snapshot!(world.changes(), @r"
    - ip_range: range-1, range-6
    - l3_network: l3-1
    - l3_network_service_ref: l3-1/DHCP
    - nic: vm-1-nic
    - used_ip: vm-1-nic/fd00::1, vm-1-nic/10.0.0.1
    ~ eip eip-2: nic_id vm-1-nic -> NULL
    ~ eip eip-3: nic_id vm-1-nic -> NULL
    ~ vm_instance vm-1: default_l3_id l3-1 -> NULL
    ");
    world.run(Delete, L3Network::roots(["l3-2"])).await;
    insta::assert_snapshot!(world.changes(), @r"
    - eip: eip-2
    - ip_range: range-2
    - l3_network: l3-2
    - l3_network_service_ref: l3-2/DHCP
    - used_ip: vip-2/vip@2
    - vip: vip-2
    ");
}

/// DoubleL2NetworksLocalStorageCase, also the successor of TestCascadeDeletion27.
#[tokio::test]
async fn a_vm_keeps_running_when_a_network_is_detached() {
    let mut world = World::new(|write| {
        let clusters: [(&str, &[&str]); 2] =
            [("cluster-1", &["host-1", "host-2"]), ("cluster-2", &["host-3", "host-4"])];
        topology::site(write, &clusters)?;
        topology::l2_network(write, "l2-a", &["cluster-1"])?;
        topology::l2_network(write, "l2-b", &["cluster-1"])?;
        topology::network(write, "4", "l2-a")?;
        topology::network(write, "5", "l2-b")?;
        topology::vm(write, "vm-1", "cluster-1", "host-1", &["4", "5"])
    });
    world.run(detach("cluster-1"), L2Network::roots(["l2-a"])).await;
    insta::assert_snapshot!(world.changes(), @r"
    - l2_network_cluster_ref: l2-a/cluster-1
    - nic: vm-1-nic-4
    - used_ip: vm-1-nic-4/vm-1@4
    ~ vm_instance vm-1: default_l3_id l3-4 -> l3-5
    ");
    world.by_hand("INSERT INTO l2_network_cluster_ref VALUES ('l2-a', 'cluster-2')");
    world.stop("vm-1");
    assert_eq!(world.start("vm-1").as_deref(), Some("host-1"));
}

/// TestCascadeDeletion30.
#[tokio::test]
async fn a_router_moves_to_a_cluster_with_the_network() {
    let mut world = World::new(topology::vr3);
    world.run(detach("cluster-1"), L2Network::roots(["l2-1"])).await;
    insta::assert_snapshot!(world.changes(), @r"
    - l2_network_cluster_ref: l2-1/cluster-1
    - nic: vm-1-nic-3
    - used_ip: vm-1-nic-3/vm-1@3
    ~ appliance_vm router-1: cluster_id cluster-1 -> cluster-2, host_id host-1 -> host-2, last_host_id host-1 -> host-2
    ~ vm_instance vm-1: default_l3_id l3-3 -> NULL
    ");
    assert_eq!(world.count("vm_instance"), 1);
}

/// The successor of TestCascadeDeletion31: a router without a target host is destroyed.
#[tokio::test]
async fn a_router_without_a_cluster_with_the_network_is_destroyed() {
    let world = World::new(topology::vr1);
    world.run(detach("cluster-1"), L2Network::roots(["l2-1"])).await;
    assert_eq!(world.count("appliance_vm"), 0);
    assert_eq!(world.count("vm_instance WHERE state = 'Running'"), 1);
}

/// A router that uses the network as an additional one stays in place.
#[tokio::test]
async fn a_router_does_not_need_an_additional_network() {
    let mut world = World::new(|write| {
        topology::vr3(write)?;
        topology::l2_network(write, "l2-2", &["cluster-1"])?;
        topology::network(write, "4", "l2-2")?;
        topology::nic(write, "router-1", "4", Some(iaas_model::write::NicRole::Additional))
    });
    world.run(detach("cluster-1"), L2Network::roots(["l2-2"])).await;
    insta::assert_snapshot!(world.changes(), @r"
    - l2_network_cluster_ref: l2-2/cluster-1
    - nic: router-1-nic-4
    - used_ip: router-1-nic-4/router-1@4
    ");
}

#[tokio::test]
async fn a_network_can_be_detached_only_if_it_is_attached() {
    let world = World::new(|write| {
        topology::t1(write)?;
        write.cluster("cluster-2", "zone-1")
    });
    let vetoes = world.vetoes(detach("cluster-2"), L2Network::roots(["l2-1"])).await;
    assert_eq!(vetoes, ["l2-1: it is not attached to cluster-2"]);
}

/// A VXLAN pool on two clusters of two hosts and one, with two networks; the first has a layer-3 network.
fn pool(write: &Writer<'_>) -> rusqlite::Result<()> {
    let clusters = ["cluster-1", "cluster-2"];
    topology::site(write, &[("cluster-1", &["host-1", "host-2"]), ("cluster-2", &["host-3"])])?;
    let network = |id, kind, pool| {
        let (account, zone) = (ADMIN, "zone-1");
        write.l2_network(&L2 { id, account, zone, kind, pool, clusters: &clusters })
    };
    network("pool-1", "VxlanPool", None)?;
    network("vxlan-1", "Vxlan", Some("pool-1"))?;
    network("vxlan-2", "Vxlan", Some("pool-1"))?;
    topology::network(write, "4", "vxlan-1")?;
    write.vtep("vtep-1", "pool-1", "cluster-1", "host-1")?;
    write.vtep("vtep-2", "pool-1", "cluster-2", "host-3")?;
    write.remote_vtep("remote-vtep-1", "pool-1", "cluster-1")?;
    write.remote_vtep("remote-vtep-2", "pool-1", "cluster-2")
}

/// OneVxlanNetworkLifeCycleCase.
#[tokio::test]
async fn a_pool_is_detached_and_deleted_with_its_networks() {
    let mut world = World::new(pool);
    world.run(detach("cluster-2"), L2Network::roots(["pool-1"])).await;
    insta::assert_snapshot!(world.changes(), @r"
    - l2_network_cluster_ref: pool-1/cluster-2, vxlan-1/cluster-2, vxlan-2/cluster-2
    - remote_vtep: remote-vtep-2
    - vtep: vtep-2
    ");
    world.run(Delete, L2Network::roots(["pool-1"])).await;
    insta::assert_snapshot!(world.changes(), @r"
    - ip_range: range-4
    - l2_network: pool-1, vxlan-1, vxlan-2
    - l2_network_cluster_ref: pool-1/cluster-1, vxlan-1/cluster-1, vxlan-2/cluster-1
    - l3_network: l3-4
    - l3_network_service_ref: l3-4/DHCP
    - remote_vtep: remote-vtep-1
    - vtep: vtep-1
    ");
    assert_eq!(world.count("l2_network"), 1);
}

/// DeleteL2NetworkBridgeCase: each host gets one command per bridge.
#[tokio::test]
async fn each_bridge_is_deleted_once() {
    let of = async |root: &str| {
        let world = World::new(pool);
        world.run(Delete, L2Network::roots([root])).await;
        let deleted = bridges(&world);
        let world = World::new(pool);
        world.run(detach("cluster-1"), L2Network::roots([root])).await;
        (deleted, bridges(&world))
    };
    let plain = ["delete-bridge l2-1 host-1", "delete-bridge l2-1 host-2", "delete-bridge l2-1 host-3"];
    assert_eq!(of("l2-1").await, (owned(&plain), owned(&plain[..2])));
    let vxlan =
        ["delete-bridge vxlan-1 host-1", "delete-bridge vxlan-1 host-2", "delete-bridge vxlan-1 host-3"];
    assert_eq!(of("vxlan-1").await, (owned(&vxlan), owned(&vxlan[..2])));
    let (deleted, detached) = of("pool-1").await;
    assert_eq!((deleted.len(), detached.len()), (6, 4));
}

fn bridges(world: &World) -> Vec<String> {
    let mut bridges = world.commands();
    bridges.retain(|command| command.starts_with("delete-bridge"));
    bridges.sort_unstable();
    bridges
}

fn owned(commands: &[&str]) -> Vec<String> {
    commands.iter().map(ToString::to_string).collect()
}
