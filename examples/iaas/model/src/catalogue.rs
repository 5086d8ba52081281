//! The content of the inventory, for programs that know resources only by name.

use std::collections::BTreeMap;

use rusqlite::Connection;
use serde::Serialize;

use crate::db::{Db, DbError};
use crate::rows::column;
use crate::table::Stored;
use crate::{compute, identity, network, services, storage};

/// The table of a resource, and its display names.
#[derive(Clone, Copy, Debug)]
pub struct Entry {
    /// The resource's name.
    pub resource: &'static str,
    /// Its display name, singular and plural.
    pub words: (&'static str, &'static str),
    /// Whether an instance may be running.
    pub runs: bool,
    table: &'static str,
    live: &'static str,
}

impl Entry {
    const fn of<R: Stored>(one: &'static str, several: &'static str) -> Self {
        Self { resource: R::NAME, words: (one, several), runs: false, table: R::TABLE, live: R::LIVE }
    }

    const fn that_runs(self) -> Self {
        Self { runs: true, ..self }
    }
}

/// Every resource of the inventory.
pub const CATALOGUE: [Entry; 29] = [
    Entry::of::<compute::Zone>("zone", "zones"),
    Entry::of::<compute::Cluster>("cluster", "clusters"),
    Entry::of::<compute::Host>("host", "hosts"),
    Entry::of::<compute::HostAllocatedCpu>("pinned CPU", "pinned CPUs"),
    Entry::of::<compute::HostNumaNode>("host NUMA node", "host NUMA nodes"),
    Entry::of::<storage::PrimaryStorage>("primary storage", "primary storages"),
    Entry::of::<storage::Volume>("volume", "volumes"),
    Entry::of::<storage::VolumeSnapshot>("snapshot", "snapshots"),
    Entry::of::<storage::BackupStorage>("backup storage", "backup storages"),
    Entry::of::<storage::Image>("image", "images"),
    Entry::of::<network::L2Network>("layer-2 network", "layer-2 networks"),
    Entry::of::<network::L3Network>("layer-3 network", "layer-3 networks"),
    Entry::of::<network::IpRange>("IP range", "IP ranges"),
    Entry::of::<services::Vip>("VIP", "VIPs"),
    Entry::of::<services::Eip>("EIP", "EIPs"),
    Entry::of::<services::PortForwardingRule>("port forwarding rule", "port forwarding rules"),
    Entry::of::<services::AccessControlList>("access control list", "access control lists"),
    Entry::of::<services::LoadBalancer>("load balancer", "load balancers"),
    Entry::of::<network::SdnController>("SDN controller", "SDN controllers"),
    Entry::of::<network::Vtep>("VTEP", "VTEPs"),
    Entry::of::<network::RemoteVtep>("remote VTEP", "remote VTEPs"),
    Entry::of::<compute::VmInstance>("VM", "VMs").that_runs(),
    Entry::of::<compute::VmInstanceNumaNode>("VM NUMA node", "VM NUMA nodes"),
    Entry::of::<services::VmNicSecurityGroupRef>("NIC in a security group", "NICs in security groups"),
    Entry::of::<compute::ApplianceVm>("virtual router", "virtual routers").that_runs(),
    Entry::of::<compute::VirtualRouterOffering>("virtual router offering", "virtual router offerings"),
    Entry::of::<compute::InstanceOffering>("instance offering", "instance offerings"),
    Entry::of::<storage::DiskOffering>("disk offering", "disk offerings"),
    Entry::of::<identity::Account>("account", "accounts"),
];

/// What happens to an instance with an effect: "it will be …".
pub fn effect_words(effect: &str) -> &str {
    match effect {
        "destroy" => "destroyed",
        "stop" => "stopped",
        "migrate" => "moved, or destroyed where no host can take them",
        "migrate_or_do_without" => "moved, taken off the network, or destroyed",
        "detach_nics" => "taken off the network",
        "destroy_or_do_without" => "destroyed, or taken off a network they can do without",
        "clear_offering" => "left without an offering",
        other => other,
    }
}

/// The entry of a resource.
pub fn entry(resource: &str) -> Option<&'static Entry> {
    CATALOGUE.iter().find(|entry| entry.resource == resource)
}

/// The number of instances of a resource.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Count {
    /// All instances.
    pub total: u64,
    /// Running instances; absent for resources that do not run.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub running: Option<u64>,
}

impl Db {
    /// The number of instances of each resource.
    pub async fn counts(&self) -> Result<BTreeMap<&'static str, Count>, DbError> {
        self.read(|connection| {
            CATALOGUE.iter().map(|entry| Ok((entry.resource, count(connection, entry)?))).collect()
        })
        .await
    }

    /// Those ids that no live instance of the resource has, each with the nearest existing id.
    pub async fn unknown(
        &self,
        entry: &'static Entry,
        ids: &[String],
    ) -> Result<Vec<(String, Option<String>)>, DbError> {
        let ids = ids.to_vec();
        self.read(move |connection| {
            let sql = format!("SELECT id FROM {} WHERE {}", entry.table, entry.live);
            let known: Vec<String> = column(connection, &sql, &[])?;
            Ok(unknown(ids, &known))
        })
        .await
    }

    /// The running instances among these.
    pub async fn running(&self, entry: &'static Entry, ids: Vec<String>) -> Result<Vec<String>, DbError> {
        self.read(move |connection| {
            let sql = format!(
                "SELECT id FROM {} WHERE id IN rarray(?1) AND state = 'Running' AND {} ORDER BY id",
                entry.table, entry.live
            );
            column(connection, &sql, &[&crate::array(&ids)])
        })
        .await
    }
}

fn unknown(ids: Vec<String>, known: &[String]) -> Vec<(String, Option<String>)> {
    let live: std::collections::HashSet<&str> = known.iter().map(String::as_str).collect();
    ids.into_iter()
        .filter(|id| !live.contains(id.as_str()))
        .map(|id| {
            let nearest = known.iter().min_by_key(|known| strsim::levenshtein(&id, known)).cloned();
            (id, nearest)
        })
        .collect()
}

fn count(connection: &Connection, entry: &Entry) -> rusqlite::Result<Count> {
    let Entry { table, live, .. } = entry;
    let total =
        connection.query_row(&format!("SELECT count(*) FROM {table} WHERE {live}"), [], |row| row.get(0))?;
    let running = if entry.runs {
        let sql = format!("SELECT count(*) FROM {table} WHERE {live} AND state = 'Running'");
        Some(connection.query_row(&sql, [], |row| row.get(0))?)
    } else {
        None
    };
    Ok(Count { total, running })
}
