//! New zones, clusters, hosts, VMs and routers.

use super::Writer;

/// A new VM. With a host it is running, without one it is stopped.
#[derive(Clone, Copy, Debug)]
pub struct Vm<'a> {
    /// Its id.
    pub id: &'a str,
    /// Its owner.
    pub account: &'a str,
    /// Its zone.
    pub zone: &'a str,
    /// Its cluster.
    pub cluster: &'a str,
    /// Its host, or its last host.
    pub host: &'a str,
    /// Whether it is running.
    pub running: bool,
    /// Its size.
    pub offering: &'a str,
    /// Its image.
    pub image: &'a str,
    /// The network of its default route.
    pub default_l3: &'a str,
}

/// A new virtual router.
#[derive(Clone, Copy, Debug)]
pub struct Router<'a> {
    /// Its id.
    pub id: &'a str,
    /// Its owner.
    pub account: &'a str,
    /// Its zone.
    pub zone: &'a str,
    /// Its cluster.
    pub cluster: &'a str,
    /// The host it runs on.
    pub host: &'a str,
    /// Its template.
    pub offering: &'a str,
    /// Whether a user owns it (a VPC router).
    pub vpc: bool,
}

impl Writer<'_> {
    /// A zone.
    pub fn zone(&self, id: &str) -> rusqlite::Result<()> {
        self.insert("INSERT INTO zone (id) VALUES (?1)", [id])
    }

    /// A cluster.
    pub fn cluster(&self, id: &str, zone: &str) -> rusqlite::Result<()> {
        self.insert("INSERT INTO cluster (id, zone_id) VALUES (?1, ?2)", [id, zone])
    }

    /// A host.
    pub fn host(&self, id: &str, cluster: &str) -> rusqlite::Result<()> {
        self.insert("INSERT INTO host (id, cluster_id) VALUES (?1, ?2)", [id, cluster])
    }

    /// A pinned CPU of a host.
    pub fn host_allocated_cpu(&self, id: &str, host: &str, cpu: usize) -> rusqlite::Result<()> {
        self.insert("INSERT INTO host_allocated_cpu (id, host_id, cpu) VALUES (?1, ?2, ?3)", (id, host, cpu))
    }

    /// A NUMA node of a host.
    pub fn host_numa_node(&self, id: &str, host: &str, node: usize) -> rusqlite::Result<()> {
        self.insert("INSERT INTO host_numa_node (id, host_id, node) VALUES (?1, ?2, ?3)", (id, host, node))
    }

    /// A size of VMs.
    pub fn instance_offering(&self, id: &str, account: &str) -> rusqlite::Result<()> {
        self.insert("INSERT INTO instance_offering (id, account_id) VALUES (?1, ?2)", [id, account])
    }

    /// A VM.
    pub fn vm(&self, vm: &Vm<'_>) -> rusqlite::Result<()> {
        let (state, host) = if vm.running { ("Running", Some(vm.host)) } else { ("Stopped", None) };
        self.insert(
            "INSERT INTO vm_instance (id, account_id, zone_id, cluster_id, host_id, last_host_id, state,
                instance_offering_id, image_id, default_l3_id)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)",
            (
                vm.id,
                vm.account,
                vm.zone,
                vm.cluster,
                host,
                vm.host,
                state,
                vm.offering,
                vm.image,
                vm.default_l3,
            ),
        )
    }

    /// A NUMA node of a VM.
    pub fn vm_numa_node(&self, id: &str, vm: &str) -> rusqlite::Result<()> {
        self.insert(
            "INSERT INTO vm_instance_numa_node (id, vm_instance_id, node) VALUES (?1, ?2, 0)",
            [id, vm],
        )
    }

    /// A running virtual router.
    pub fn router(&self, router: &Router<'_>) -> rusqlite::Result<()> {
        let kind = if router.vpc { "VpcRouter" } else { "VirtualRouter" };
        self.insert(
            "INSERT INTO appliance_vm (id, account_id, zone_id, cluster_id, host_id, last_host_id,
                virtual_router_offering_id, kind, state)
             VALUES (?1, ?2, ?3, ?4, ?5, ?5, ?6, ?7, 'Running')",
            [router.id, router.account, router.zone, router.cluster, router.host, router.offering, kind],
        )
    }

    /// A template of routers.
    pub fn router_offering(
        &self,
        id: &str,
        management: &str,
        public: &str,
        image: &str,
    ) -> rusqlite::Result<()> {
        self.insert(
            "INSERT INTO virtual_router_offering (id, management_l3_id, public_l3_id, image_id)
             VALUES (?1, ?2, ?3, ?4)",
            [id, management, public, image],
        )
    }
}
