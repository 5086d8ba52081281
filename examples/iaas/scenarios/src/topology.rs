//! The topologies of the original's tests, described in our own words, and their parts.
//!
//! Names are always the same: `zone-1`; `storage-1`; `backup-1` with `image-1`; `l2-1` with `l3-1`, `l3-2`, `l3-3`,
//! which have `range-1`, `range-2`, `range-3`; `offering-1`; `disk-offering-1` for root volumes and `disk-offering-2`
//! for data. Parts of a VM are named after it: `vm-1-root`, `vm-1-data`, `vm-1-nic-2`.

use iaas_model::write::{ADMIN, L2, NewVolume, Nic, NicRole, Router, Vm, Writer};

type Result = rusqlite::Result<()>;

/// One zone, a cluster with two hosts, and `vm-1` on the first with a NIC on each network and a data volume.
pub fn t1(write: &Writer<'_>) -> Result {
    site(write, &[("cluster-1", &["host-1", "host-2"])])?;
    vm(write, "vm-1", "cluster-1", "host-1", &["1", "2", "3"])?;
    data_volume(write, "vm-1", "storage-1")
}

/// [`t1`] with a second cluster of one host.
pub fn t1b(write: &Writer<'_>) -> Result {
    site(write, &[("cluster-1", &["host-1", "host-2"]), ("cluster-2", &["host-3"])])?;
    vm(write, "vm-1", "cluster-1", "host-1", &["1", "2", "3"])?;
    data_volume(write, "vm-1", "storage-1")
}

/// One host, a second backup storage, and `vm-1` without a data volume.
pub fn t2(write: &Writer<'_>) -> Result {
    site(write, &[("cluster-1", &["host-1"])])?;
    write.backup_storage("backup-2", &["zone-1"])?;
    vm(write, "vm-1", "cluster-1", "host-1", &["1", "2", "3"])
}

/// `vm-1` on `l3-3`, which `router-1` serves: `l3-1` is for management, `l3-2` is public.
pub fn vr1(write: &Writer<'_>) -> Result {
    routed(write, &[("cluster-1", &["host-1"])])
}

/// [`vr1`] with two hosts.
pub fn vr2(write: &Writer<'_>) -> Result {
    routed(write, &[("cluster-1", &["host-1", "host-2"])])
}

/// [`vr1`] with two clusters of one host each.
pub fn vr3(write: &Writer<'_>) -> Result {
    routed(write, &[("cluster-1", &["host-1"]), ("cluster-2", &["host-2"])])
}

/// A site with `vm-1` on its first host, on `l3-3`, and the router of that network beside it.
fn routed(write: &Writer<'_>, clusters: &[(&str, &[&str])]) -> Result {
    site(write, clusters)?;
    vm(write, "vm-1", "cluster-1", "host-1", &["3"])?;
    router(write, "router-1", "cluster-1", "host-1")
}

/// A zone with these clusters of hosts; one primary storage and one layer-2 network on all of them; three networks
/// with a range each; a backup storage with an image; offerings.
pub fn site(write: &Writer<'_>, clusters: &[(&str, &[&str])]) -> Result {
    write.admin()?;
    write.zone("zone-1")?;
    for (cluster, hosts) in clusters {
        write.cluster(cluster, "zone-1")?;
        hosts.iter().try_for_each(|host| write.host(host, cluster))?;
    }
    let attached: Vec<&str> = clusters.iter().map(|(cluster, _)| *cluster).collect();
    write.primary_storage("storage-1", "zone-1", &attached)?;
    write.backup_storage("backup-1", &["zone-1"])?;
    write.image("image-1", ADMIN, &["backup-1"])?;
    write.instance_offering("offering-1", ADMIN)?;
    write.disk_offering("disk-offering-1", ADMIN)?;
    write.disk_offering("disk-offering-2", ADMIN)?;
    l2_network(write, "l2-1", &attached)?;
    for n in ["1", "2", "3"] {
        network(write, n, "l2-1")?;
    }
    Ok(())
}

/// A VLAN on these clusters.
pub fn l2_network(write: &Writer<'_>, id: &str, clusters: &[&str]) -> Result {
    write.l2_network(&L2 { id, account: ADMIN, zone: "zone-1", kind: "Vlan", pool: None, clusters })
}

/// The network `l3-n` with the range `range-n`.
pub fn network(write: &Writer<'_>, n: &str, l2: &str) -> Result {
    let l3 = format!("l3-{n}");
    write.l3_network(&l3, ADMIN, l2)?;
    write.ip_range(&format!("range-{n}"), &l3, 4)
}

/// A running VM with its root volume on `storage-1` and a NIC on each of the networks `l3-n`.
pub fn vm(write: &Writer<'_>, id: &str, cluster: &str, host: &str, networks: &[&str]) -> Result {
    vm_of(write, &AccountVm { account: ADMIN, id, storage: "storage-1", cluster, host, networks })
}

/// A running VM of an account.
#[derive(Clone, Copy, Debug)]
pub struct AccountVm<'a> {
    /// Its owner.
    pub account: &'a str,
    /// Its id.
    pub id: &'a str,
    /// The storage of its root volume.
    pub storage: &'a str,
    /// Its cluster.
    pub cluster: &'a str,
    /// Its host.
    pub host: &'a str,
    /// It has a NIC on each of the networks `l3-n`.
    pub networks: &'a [&'a str],
}

/// Creates a running VM of an account.
pub fn vm_of(write: &Writer<'_>, vm: &AccountVm<'_>) -> Result {
    let &AccountVm { account, id, storage, cluster, host, networks } = vm;
    write.vm(&Vm {
        id,
        account,
        zone: "zone-1",
        cluster,
        host,
        running: true,
        offering: "offering-1",
        image: "image-1",
        default_l3: &format!("l3-{}", networks.first().unwrap_or(&"1")),
    })?;
    write.vm_numa_node(&format!("{id}-numa"), id)?;
    write.volume(&NewVolume {
        id: &format!("{id}-root"),
        account,
        root: true,
        storage,
        owner: Some(id),
        offering: Some("disk-offering-1"),
    })?;
    networks.iter().try_for_each(|n| nic(write, id, n, None))
}

/// A data volume attached to the VM.
pub fn data_volume(write: &Writer<'_>, vm: &str, storage: &str) -> Result {
    write.volume(&NewVolume {
        id: &format!("{vm}-data"),
        account: ADMIN,
        root: false,
        storage,
        owner: Some(vm),
        offering: Some("disk-offering-2"),
    })
}

/// A running virtual router that serves `l3-3` and leads to `l3-2`. Creates its offering if it is the first router.
pub fn router(write: &Writer<'_>, id: &str, cluster: &str, host: &str) -> Result {
    write.router_offering("router-offering-1", "l3-1", "l3-2", "image-1")?;
    let offering = "router-offering-1";
    write.router(&Router { id, account: ADMIN, zone: "zone-1", cluster, host, offering, vpc: false })?;
    write.volume(&NewVolume {
        id: &format!("{id}-root"),
        account: ADMIN,
        root: true,
        storage: "storage-1",
        owner: Some(id),
        offering: None,
    })?;
    nic(write, id, "3", Some(NicRole::Guest))?;
    nic(write, id, "2", Some(NicRole::Public))?;
    nic(write, id, "1", Some(NicRole::Management))
}

/// A NIC on `l3-n`, with an address of `range-n`.
pub fn nic(write: &Writer<'_>, owner: &str, n: &str, role: Option<NicRole>) -> Result {
    let (range, address) = (format!("range-{n}"), format!("{owner}@{n}"));
    let addresses = [(range.as_str(), address.as_str())];
    write.nic(&Nic {
        id: &format!("{owner}-nic-{n}"),
        owner,
        l3: &format!("l3-{n}"),
        role,
        addresses: &addresses,
    })
}

/// `vip-n` on `l3-n`, from `range-n`.
pub fn vip(write: &Writer<'_>, n: &str, account: &str) -> Result {
    let (range, address) = (format!("range-{n}"), format!("vip@{n}"));
    write.vip(&format!("vip-{n}"), account, &format!("l3-{n}"), &range, &address)
}
