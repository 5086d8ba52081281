//! A zone's hardware and networks.

use super::Seed;
use super::shared::{Account, Shared};
use crate::write::{ADMIN, L2, NewVolume, Nic, NicRole, Router};

const VMS_PER_CLUSTER: usize = 1000;
const HOSTS_PER_CLUSTER: usize = 10;
const CPUS_PINNED_PER_HOST: usize = 4;
const NUMA_NODES_PER_HOST: usize = 2;
const CLUSTERS_PER_STORAGE: usize = 2;

/// A zone, with the instances that its VMs use.
pub(super) struct Zone {
    pub(super) id: String,
    pub(super) clusters: Vec<Cluster>,
    pub(super) storages: Vec<String>,
    pub(super) public: Network,
    management: Network,
    router_offering: String,
}

/// A cluster with the guest network of its VMs.
pub(super) struct Cluster {
    pub(super) id: String,
    pub(super) hosts: Vec<String>,
    pub(super) guest: Network,
}

/// A layer-3 network with the range of its addresses.
pub(super) struct Network {
    pub(super) id: String,
    pub(super) range: String,
}

impl Zone {
    pub(super) fn plant<'a>(
        seed: &mut Seed<'_>,
        id: String,
        vms: usize,
        shared: &Shared,
        accounts: impl Iterator<Item = &'a Account>,
    ) -> rusqlite::Result<Self> {
        seed.write.zone(&id)?;
        let clusters = seed.clusters(&id, vms.div_ceil(VMS_PER_CLUSTER).max(1))?;
        let attached: Vec<&str> = clusters.iter().map(|(cluster, _)| cluster.as_str()).collect();
        let storages = seed.primary_storages(&id, &attached)?;
        let backbone = seed.l2_network(&id, ADMIN, "NoVlan", None, &attached)?;
        let (public, management) = (seed.network(&backbone, ADMIN)?, seed.network(&backbone, ADMIN)?);
        let pool = seed.numbers.next("range");
        seed.write.address_pool(&pool, &public.id)?;
        let router_offering = seed.numbers.next("router-offering");
        seed.write.router_offering(&router_offering, &management.id, &public.id, &shared.router_image)?;
        let vxlan = seed.vxlan_pool(&id, &clusters)?;

        let mut zone = Self { id, clusters: Vec::new(), storages, public, management, router_offering };
        for (cluster, hosts) in &clusters {
            let l2 = seed.l2_network(&zone.id, ADMIN, "Vlan", None, &[cluster])?;
            let guest = seed.network(&l2, ADMIN)?;
            zone.router(seed, ADMIN, &guest, cluster, &hosts[0])?;
            zone.clusters.push(Cluster { id: cluster.clone(), hosts: hosts.clone(), guest });
        }
        for (index, account) in accounts.enumerate() {
            let (cluster, hosts) = &clusters[index % clusters.len()];
            let l2 = seed.l2_network(&zone.id, &account.id, "Vxlan", Some(&vxlan), &attached)?;
            let own = seed.network(&l2, &account.id)?;
            zone.router(seed, &account.id, &own, cluster, &hosts[1])?;
        }
        Ok(zone)
    }

    /// The virtual router of a guest network. A user's own network has a router of the same user.
    fn router(
        &self,
        seed: &mut Seed<'_>,
        account: &str,
        guest: &Network,
        cluster: &str,
        host: &str,
    ) -> rusqlite::Result<()> {
        let id = seed.numbers.next("router");
        let (zone, offering) = (self.id.as_str(), self.router_offering.as_str());
        let vpc = account != ADMIN;
        seed.write.router(&Router { id: &id, account, zone, cluster, host, offering, vpc })?;
        let volume = seed.numbers.next("volume");
        let storage = self.storages[0].as_str();
        let root = NewVolume { id: &volume, account, root: true, storage, owner: Some(&id), offering: None };
        seed.write.volume(&root)?;
        let nics = [
            (guest, NicRole::Guest),
            (&self.public, NicRole::Public),
            (&self.management, NicRole::Management),
        ];
        nics.into_iter().try_for_each(|(network, role)| {
            let (nic, address) = seed.next_address("nic");
            let addresses = [(network.range.as_str(), address.as_str())];
            seed.write.nic(&Nic {
                id: &nic,
                owner: &id,
                l3: &network.id,
                role: Some(role),
                addresses: &addresses,
            })
        })
    }
}

impl Seed<'_> {
    /// Clusters with their hosts.
    fn clusters(&mut self, zone: &str, count: usize) -> rusqlite::Result<Vec<(String, Vec<String>)>> {
        let mut clusters = Vec::new();
        for _ in 0..count {
            let cluster = self.numbers.next("cluster");
            self.write.cluster(&cluster, zone)?;
            let hosts = (0..HOSTS_PER_CLUSTER).map(|_| self.host(&cluster)).collect::<Result<_, _>>()?;
            clusters.push((cluster, hosts));
        }
        Ok(clusters)
    }

    fn host(&mut self, cluster: &str) -> rusqlite::Result<String> {
        let host = self.numbers.next("host");
        self.write.host(&host, cluster)?;
        for cpu in 0..CPUS_PINNED_PER_HOST {
            self.write.host_allocated_cpu(&self.numbers.next("host-cpu"), &host, cpu)?;
        }
        for node in 0..NUMA_NODES_PER_HOST {
            self.write.host_numa_node(&self.numbers.next("host-numa"), &host, node)?;
        }
        Ok(host)
    }

    fn primary_storages(&mut self, zone: &str, clusters: &[&str]) -> rusqlite::Result<Vec<String>> {
        let count = clusters.len().div_ceil(CLUSTERS_PER_STORAGE).max(2);
        let storages: Vec<String> = (0..count).map(|_| self.numbers.next("storage")).collect();
        for storage in &storages {
            self.write.primary_storage(storage, zone, clusters)?;
        }
        Ok(storages)
    }

    fn l2_network(
        &mut self,
        zone: &str,
        account: &str,
        kind: &str,
        pool: Option<&str>,
        clusters: &[&str],
    ) -> rusqlite::Result<String> {
        let id = self.numbers.next("l2");
        self.write.l2_network(&L2 { id: &id, account, zone, kind, pool, clusters })?;
        Ok(id)
    }

    /// A layer-3 network with one range.
    fn network(&mut self, l2: &str, account: &str) -> rusqlite::Result<Network> {
        let network = Network { id: self.numbers.next("l3"), range: self.numbers.next("range") };
        self.write.l3_network(&network.id, account, l2)?;
        self.write.ip_range(&network.range, &network.id, 4)?;
        Ok(network)
    }

    /// A pool of VXLAN networks, with a tunnel endpoint on each host.
    fn vxlan_pool(&mut self, zone: &str, clusters: &[(String, Vec<String>)]) -> rusqlite::Result<String> {
        let attached: Vec<&str> = clusters.iter().map(|(cluster, _)| cluster.as_str()).collect();
        let pool = self.l2_network(zone, ADMIN, "VxlanPool", None, &attached)?;
        for (cluster, hosts) in clusters {
            for host in hosts {
                self.write.vtep(&self.numbers.next("vtep"), &pool, cluster, host)?;
            }
            self.write.remote_vtep(&self.numbers.next("remote-vtep"), &pool, cluster)?;
        }
        Ok(pool)
    }

    /// An id, and a unique address.
    pub(super) fn next_address(&mut self, prefix: &'static str) -> (String, String) {
        let id = self.numbers.next(prefix);
        let address = self.numbers.address();
        (id, address)
    }
}
