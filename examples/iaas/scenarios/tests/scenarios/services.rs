//! Deleting VIPs and their services.

use cascade_core::{Delete, Resource};
use iaas_model::network::IpRange;
use iaas_model::services::{AccessControlList, Eip, LoadBalancer, PortForwardingRule, Vip};
use iaas_model::write::{ADMIN, Writer};
use iaas_scenarios::{World, topology};

/// DeleteEipAndVipCase: both deletions are planned before either runs.
#[tokio::test]
async fn an_eip_and_its_vip_can_be_deleted_at_once() {
    let world = World::new(|write| {
        topology::t1(write)?;
        topology::vip(write, "1", ADMIN)?;
        write.eip("eip-1", "vip-1", Some("vm-1-nic-1"))
    });
    let eip = world.plan(Delete, Eip::roots(["eip-1"])).await;
    let vip = world.plan(Delete, Vip::roots(["vip-1"])).await;
    let (eip, vip) = futures::join!(async { world.cascade.apply(eip).await.expect("it runs") }, async {
        world.cascade.apply(vip).await.expect("it runs")
    },);
    assert!(eip.is_complete() && vip.is_complete(), "{eip}{vip}");
    assert_eq!(world.count("eip"), 0);
    assert_eq!(world.count("vip"), 0);
}

/// The end of UpdateLoadBalancerListenerCase.
#[tokio::test]
async fn a_vip_is_deleted_with_its_other_load_balancer() {
    let mut world = World::new(|write| {
        topology::t1(write)?;
        topology::vip(write, "1", ADMIN)?;
        for n in ["1", "2"] {
            let balancer = format!("lb-{n}");
            write.load_balancer(&balancer, ADMIN, &["vip-1"])?;
            write.listener(&format!("listener-{n}"), &balancer, &[])?;
        }
        Ok(())
    });
    world.run(Delete, LoadBalancer::roots(["lb-2"])).await;
    insta::assert_snapshot!(world.changes(), @r"
    - load_balancer: lb-2
    - load_balancer_listener: listener-2
    - load_balancer_vip_ref: lb-2/vip-1
    ");
    assert_eq!(world.count("load_balancer_vip_ref"), 1);
    world.run(Delete, Vip::roots(["vip-1"])).await;
    insta::assert_snapshot!(world.changes(), @r"
    - load_balancer: lb-1
    - load_balancer_listener: listener-1
    - load_balancer_vip_ref: lb-1/vip-1
    - used_ip: vip-1/vip@1
    - vip: vip-1
    ");
}

/// DeletePortForwardingsNotAttachedVmCase.
#[tokio::test]
async fn a_vip_is_deleted_with_rules_without_a_target() {
    let mut world = World::new(|write| {
        topology::t1(write)?;
        topology::vip(write, "1", ADMIN)?;
        ["port-1", "port-2", "port-3"]
            .iter()
            .try_for_each(|rule| write.port_forwarding_rule(rule, "vip-1", None))
    });
    world.run(Delete, Vip::roots(["vip-1"])).await;
    insta::assert_snapshot!(world.changes(), @r"
    - port_forwarding_rule: port-1, port-2, port-3
    - used_ip: vip-1/vip@1
    - vip: vip-1
    ");
}

#[tokio::test]
async fn a_rule_can_be_deleted() {
    let mut world = World::new(|write| {
        topology::t1(write)?;
        topology::vip(write, "1", ADMIN)?;
        write.port_forwarding_rule("port-1", "vip-1", Some("vm-1-nic-1"))
    });
    world.run(Delete, PortForwardingRule::roots(["port-1"])).await;
    insta::assert_snapshot!(world.changes(), @r"- port_forwarding_rule: port-1");
    assert_eq!(world.commands(), ["release-service port-1"]);
}

/// A range is deleted with its VIPs and their services, and no VM loses a NIC: the range is an address pool.
#[tokio::test]
async fn an_address_pool_is_deleted_with_its_vips() {
    let mut world = World::new(|write| {
        topology::t1(write)?;
        write.address_pool("range-pool", "l3-1")?;
        write.vip("vip-1", ADMIN, "l3-1", "range-pool", "192.0.2.1")?;
        write.eip("eip-1", "vip-1", Some("vm-1-nic-1"))
    });
    world.run(Delete, IpRange::roots(["range-pool"])).await;
    insta::assert_snapshot!(world.changes(), @r"
    - eip: eip-1
    - ip_range: range-pool
    - used_ip: vip-1/192.0.2.1
    - vip: vip-1
    ");
}

/// A load balancer on two VIPs, with two lists on two listeners.
fn balanced(write: &Writer<'_>) -> rusqlite::Result<()> {
    topology::t1(write)?;
    topology::vip(write, "1", ADMIN)?;
    topology::vip(write, "2", ADMIN)?;
    write.access_control_list("acl-1", ADMIN)?;
    write.access_control_list("acl-2", ADMIN)?;
    write.load_balancer("lb-1", ADMIN, &["vip-1", "vip-2"])?;
    write.listener("listener-1", "lb-1", &["acl-1", "acl-2"])?;
    write.listener("listener-2", "lb-1", &["acl-1"])
}

/// The first of two VIPs is deleted, then the second.
#[tokio::test]
async fn a_load_balancer_keeps_its_last_vip() {
    let mut world = World::new(balanced);
    world.run(Delete, Vip::roots(["vip-1"])).await;
    insta::assert_snapshot!(world.changes(), @r"
    - load_balancer_vip_ref: lb-1/vip-1
    - used_ip: vip-1/vip@1
    - vip: vip-1
    ");
    world.run(Delete, Vip::roots(["vip-2"])).await;
    assert_eq!(world.count("load_balancer"), 0);
    assert_eq!(world.count("load_balancer_listener"), 0);
    assert_eq!(world.count("access_control_list"), 2);
}

/// Every listener with the list stops using it.
#[tokio::test]
async fn a_list_is_removed_from_all_listeners() {
    let mut world = World::new(balanced);
    world.run(Delete, AccessControlList::roots(["acl-1"])).await;
    insta::assert_snapshot!(world.changes(), @r"
    - access_control_list: acl-1
    - listener_acl_ref: listener-1/acl-1, listener-2/acl-1
    ");
}
