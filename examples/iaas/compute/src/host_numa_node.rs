//! NUMA nodes of hosts.

use cascade_core::prelude::*;
use iaas_model::compute::{Host, HostId, HostNumaNode, HostNumaNodeId};
use iaas_model::{Db, DbError};

#[derive(Extension)]
struct HostNumaNodeCascade {
    db: Db,
}

#[cascade(resource = "HostNumaNode", edges = [Host], batch = 500)]
impl HostNumaNodeCascade {
    #[affected(by = Host)]
    async fn of_hosts(&self, hosts: &[HostId]) -> Result<Vec<(HostId, HostNumaNodeId)>, DbError> {
        self.db.pairs(hosts, "SELECT host_id, id FROM host_numa_node WHERE host_id IN rarray(?1)").await
    }

    #[on(Delete, from = [Host])]
    async fn remove(&self, nodes: &[HostNumaNodeId]) -> Result<(), DbError> {
        self.db.change(nodes, ["DELETE FROM host_numa_node WHERE id IN rarray(?1)"]).await
    }
}
