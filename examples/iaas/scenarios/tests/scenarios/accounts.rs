//! Deleting accounts.

use cascade_core::{Delete, Resource};
use iaas_model::identity::Account;
use iaas_model::write::{ADMIN, L2, Router, Writer};
use iaas_scenarios::World;
use iaas_scenarios::topology::{self, AccountVm};

/// AccountCase: the admin's account stays.
#[tokio::test]
async fn the_admin_stays() {
    let world = World::new(topology::t1);
    let vetoes = world.vetoes(Delete, Account::roots([ADMIN])).await;
    assert_eq!(vetoes, ["account-admin: it is the system's own account"]);
}

/// AccountCase: a normal account is deleted.
#[tokio::test]
async fn an_account_is_deleted() {
    let mut world = World::new(|write| {
        topology::t1(write)?;
        write.account("account-1")
    });
    world.run(Delete, Account::roots(["account-1"])).await;
    assert_eq!(world.changes(), "- account: account-1\n");
}

fn vm_of_account<'a>(account: &'a str, id: &'a str) -> AccountVm<'a> {
    AccountVm { account, id, storage: "storage-1", cluster: "cluster-1", host: "host-1", networks: &["1"] }
}

/// `vm-1` and its data volume belong to `account-1`.
fn owner_of_a_vm(write: &Writer<'_>) -> rusqlite::Result<()> {
    topology::site(write, &[("cluster-1", &["host-1"])])?;
    write.account("account-1")?;
    topology::vm_of(write, &vm_of_account("account-1", "vm-1"))?;
    topology::data_volume(write, "vm-1", "storage-1")
}

/// With the policy `Direct`, the account's instances are removed.
#[tokio::test]
async fn an_account_is_deleted_with_its_vms_and_volumes() {
    let mut world = World::new(owner_of_a_vm);
    world.by_hand("UPDATE volume SET account_id = 'account-1'");
    world.changes();
    world.run(Delete, Account::roots(["account-1"])).await;
    insta::assert_snapshot!(world.changes(), @r"
    - account: account-1
    - nic: vm-1-nic-1
    - used_ip: vm-1-nic-1/vm-1@1
    - vm_instance: vm-1
    - vm_instance_numa_node: vm-1-numa
    - volume: vm-1-data, vm-1-root
    ");
}

/// DelayDeleteResourceCase.
#[tokio::test]
async fn the_admin_adopts_instances_with_delayed_deletion() {
    let mut world = World::new(owner_of_a_vm);
    world.by_hand("UPDATE vm_instance SET deletion_policy = 'Delay'");
    world.by_hand("UPDATE volume SET account_id = 'account-1', deletion_policy = 'Delay'");
    world.changes();
    world.run(Delete, Account::roots(["account-1"])).await;
    insta::assert_snapshot!(world.changes(), @r"
    - account: account-1
    ~ vm_instance vm-1: account_id account-1 -> account-admin, host_id host-1 -> NULL, state Running -> Destroyed
    ~ volume vm-1-data: account_id account-1 -> account-admin, owner_id vm-1 -> NULL, status Ready -> Destroyed
    ~ volume vm-1-root: account_id account-1 -> account-admin
    ");
    let owned = "SELECT id, account_id FROM vm_instance UNION ALL SELECT id, account_id FROM volume";
    assert_eq!(world.count(format!("({owned}) WHERE account_id = 'account-admin'")), 3);
}

/// DeleteNormalAccountCase, except that owners cannot be lost here: two accounts at once.
#[tokio::test]
async fn two_accounts_can_be_deleted_at_once() {
    let world = World::new(|write| {
        topology::site(write, &[("cluster-1", &["host-1"])])?;
        for n in ["1", "2"] {
            let (account, vm) = (format!("account-{n}"), format!("vm-{n}"));
            write.account(&account)?;
            topology::vm_of(write, &vm_of_account(&account, &vm))?;
        }
        Ok(())
    });
    world.by_hand("UPDATE vm_instance SET deletion_policy = 'Delay'");
    futures::join!(
        world.run(Delete, Account::roots(["account-1"])),
        world.run(Delete, Account::roots(["account-2"])),
    );
    assert_eq!(world.count("account"), 1);
    assert_eq!(world.count("vm_instance WHERE account_id = 'account-admin'"), 2);
    assert_eq!(world.count("volume WHERE account_id = 'account-admin'"), 2);
}

/// A case that the original handles wrongly (its demo F and G): an account owns an L2 network, and an L3 network and a
/// VIP on another account's network. All dependents of both are removed, children first.
#[tokio::test]
async fn an_account_is_deleted_with_the_dependents_of_its_networks_by_every_path() {
    let mut world = World::new(|write| {
        topology::t1(write)?;
        write.account("account-1")?;
        let (account, zone) = ("account-1", "zone-1");
        let clusters = &["cluster-1"];
        write.l2_network(&L2 { id: "l2-own", account, zone, kind: "Vlan", pool: None, clusters })?;
        write.l3_network("l3-own", "account-1", "l2-own")?;
        write.ip_range("range-own", "l3-own", 4)?;
        write.vip("vip-own", ADMIN, "l3-own", "range-own", "192.0.2.1")?;
        write.eip("eip-own", "vip-own", None)?;
        write.l3_network("l3-guest", "account-1", "l2-1")?;
        write.ip_range("range-guest", "l3-guest", 4)?;
        write.vip("vip-guest", ADMIN, "l3-guest", "range-guest", "192.0.2.2")?;
        write.eip("eip-guest", "vip-guest", None)?;
        topology::vip(write, "2", "account-1")?;
        write.eip("eip-2", "vip-2", Some("vm-1-nic-1"))
    });
    world.run(Delete, Account::roots(["account-1"])).await;
    insta::assert_snapshot!(world.changes(), @r"
    - account: account-1
    - eip: eip-2, eip-own, eip-guest
    - ip_range: range-own, range-guest
    - l2_network: l2-own
    - l2_network_cluster_ref: l2-own/cluster-1
    - l3_network: l3-own, l3-guest
    - l3_network_service_ref: l3-own/DHCP, l3-guest/DHCP
    - used_ip: vip-2/vip@2, vip-own/192.0.2.1, vip-guest/192.0.2.2
    - vip: vip-2, vip-own, vip-guest
    ");
}

/// Every other kind of instance that an account can own, once each.
#[tokio::test]
async fn an_account_is_deleted_with_everything_it_owns() {
    let mut world = World::new(|write| {
        topology::vr1(write)?;
        write.account("account-1")?;
        write.image("image-own", "account-1", &["backup-1"])?;
        write.instance_offering("offering-own", "account-1")?;
        write.disk_offering("disk-offering-own", "account-1")?;
        write.sdn_controller("sdn-1", "account-1")?;
        write.certificate("certificate-1", "account-1")?;
        write.access_control_list("acl-1", "account-1")?;
        topology::vip(write, "2", ADMIN)?;
        write.load_balancer("lb-own", "account-1", &["vip-2"])?;
        write.load_balancer("lb-1", ADMIN, &["vip-2"])?;
        write.listener("listener-1", "lb-1", &["acl-1"])?;
        write.security_group("group-own", "account-1")?;
        write.join_security_group("member-1", "vm-1-nic-3", "vm-1", "group-own")?;
        write.router(&Router {
            id: "router-own",
            account: "account-1",
            zone: "zone-1",
            cluster: "cluster-1",
            host: "host-1",
            offering: "router-offering-1",
            vpc: true,
        })
    });
    world.by_hand("UPDATE vm_instance SET instance_offering_id = 'offering-own'");
    world.by_hand("UPDATE volume SET disk_offering_id = 'disk-offering-own'");
    world.by_hand("UPDATE appliance_vm SET account_id = 'account-1' WHERE id = 'router-1'");
    world.changes();
    world.run(Delete, Account::roots(["account-1"])).await;
    insta::assert_snapshot!(world.changes(), @r"
    - access_control_list: acl-1
    - account: account-1
    - appliance_vm: router-own
    - certificate: certificate-1
    - disk_offering: disk-offering-own
    - image: image-own
    - image_backup_storage_ref: image-own/backup-1
    - instance_offering: offering-own
    - listener_acl_ref: listener-1/acl-1
    - load_balancer: lb-own
    - load_balancer_vip_ref: lb-own/vip-2
    - sdn_controller: sdn-1
    - security_group: group-own
    - vm_nic_security_group_ref: member-1
    ~ appliance_vm router-1: account_id account-1 -> account-admin
    ~ vm_instance vm-1: instance_offering_id offering-own -> NULL
    ~ volume router-1-root: disk_offering_id disk-offering-own -> NULL
    ~ volume vm-1-root: disk_offering_id disk-offering-own -> NULL
    ");
}

/// A VXLAN network in another account's pool is removed on its own; with its pool, the pool handles it.
#[tokio::test]
async fn an_account_is_deleted_with_its_networks_in_a_pool() {
    let pool = |write: &Writer<'_>, owner| {
        topology::t2(write)?;
        write.account("account-1")?;
        let network = |id, account, kind, pool| {
            write.l2_network(&L2 { id, account, zone: "zone-1", kind, pool, clusters: &["cluster-1"] })
        };
        network("pool-1", owner, "VxlanPool", None)?;
        network("vxlan-1", "account-1", "Vxlan", Some("pool-1"))
    };
    let world = World::new(|write| pool(write, ADMIN));
    world.run(Delete, Account::roots(["account-1"])).await;
    assert_eq!(world.commands(), ["delete-bridge vxlan-1 host-1"]);
    assert_eq!(world.count("l2_network WHERE id = 'pool-1'"), 1);
    let world = World::new(|write| pool(write, "account-1"));
    world.run(Delete, Account::roots(["account-1"])).await;
    assert_eq!(world.commands(), ["delete-bridge vxlan-1 host-1"]);
    assert_eq!(world.count("l2_network"), 1);
}
