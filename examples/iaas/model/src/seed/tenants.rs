//! User VMs, each with its dependents.

use super::Seed;
use super::shared::{Account, Shared};
use super::zone::Zone;
use crate::write::{NewVolume, Nic, Vm};

/// Running VMs of 10,000.
const RUNNING: usize = 9_412;
const OF_VMS: usize = 10_000;
/// Has no common factor with `OF_VMS`, so that stopped VMs are evenly distributed.
const SPREAD: usize = 7_919;

/// Creates VM number `index` of the whole cloud, from 0.
pub(super) fn plant(seed: &mut Seed<'_>, shared: &Shared, zone: &Zone, index: usize) -> rusqlite::Result<()> {
    let account = &shared.accounts[index % shared.accounts.len()];
    let cluster = &zone.clusters[index % zone.clusters.len()];
    let id = seed.numbers.next("vm");
    seed.write.vm(&Vm {
        id: &id,
        account: &account.id,
        zone: &zone.id,
        cluster: &cluster.id,
        host: pick(&cluster.hosts, index / zone.clusters.len()),
        running: index * SPREAD % OF_VMS < RUNNING,
        offering: pick(&shared.offerings, index),
        image: pick(&shared.images, index),
        default_l3: &cluster.guest.id,
    })?;
    seed.write.vm_numa_node(&seed.numbers.next("vm-numa"), &id)?;
    volumes(seed, shared, zone, account, &id, index)?;

    let (nic, address) = seed.next_address("nic");
    let addresses = [(cluster.guest.range.as_str(), address.as_str())];
    seed.write.nic(&Nic {
        id: &nic,
        owner: &id,
        l3: &cluster.guest.id,
        role: None,
        addresses: &addresses,
    })?;
    let member = seed.numbers.next("sg-ref");
    seed.write.join_security_group(&member, &nic, &id, &account.security_group)?;
    services(seed, zone, account, &nic, index)
}

/// A root disk; a data disk for every second VM, and snapshots for every fourth.
fn volumes(
    seed: &mut Seed<'_>,
    shared: &Shared,
    zone: &Zone,
    account: &Account,
    vm: &str,
    index: usize,
) -> rusqlite::Result<()> {
    for disk in 0..=(index % 2) {
        let id = seed.numbers.next("volume");
        seed.write.volume(&NewVolume {
            id: &id,
            account: &account.id,
            root: disk == 0,
            storage: pick(&zone.storages, index + disk),
            owner: Some(vm),
            offering: Some(pick(&shared.disk_offerings, index)),
        })?;
        if index.is_multiple_of(4) {
            seed.write.snapshot(&seed.numbers.next("snapshot"), &id)?;
        }
    }
    Ok(())
}

/// Every fiftieth VM has an external address, some of them ports or a load balancer.
fn services(
    seed: &mut Seed<'_>,
    zone: &Zone,
    account: &Account,
    nic: &str,
    index: usize,
) -> rusqlite::Result<()> {
    if index.is_multiple_of(50) {
        let vip = seed.vip(zone, account)?;
        seed.write.eip(&seed.numbers.next("eip"), &vip, Some(nic))?;
    }
    if index.is_multiple_of(100) {
        let vip = seed.vip(zone, account)?;
        for _ in 0..2 {
            seed.write.port_forwarding_rule(&seed.numbers.next("port"), &vip, Some(nic))?;
        }
    }
    if index.is_multiple_of(250) {
        let vip = seed.vip(zone, account)?;
        let list = seed.numbers.next("acl");
        seed.write.access_control_list(&list, &account.id)?;
        let balancer = seed.numbers.next("lb");
        seed.write.load_balancer(&balancer, &account.id, &[&vip])?;
        seed.write.listener(&seed.numbers.next("listener"), &balancer, &[&list])?;
    }
    Ok(())
}

impl Seed<'_> {
    fn vip(&mut self, zone: &Zone, account: &Account) -> rusqlite::Result<String> {
        let (vip, address) = self.next_address("vip");
        self.write.vip(&vip, &account.id, &zone.public.id, &zone.public.range, &address)?;
        Ok(vip)
    }
}

fn pick(from: &[String], index: usize) -> &str {
    &from[index % from.len()]
}
