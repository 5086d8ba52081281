//! Pinned CPUs of hosts.

use cascade_core::prelude::*;
use iaas_model::compute::{Host, HostAllocatedCpu, HostAllocatedCpuId, HostId};
use iaas_model::{Db, DbError};

#[derive(Extension)]
struct HostAllocatedCpuCascade {
    db: Db,
}

#[cascade(resource = "HostAllocatedCpu", edges = [Host], batch = 500)]
impl HostAllocatedCpuCascade {
    #[affected(by = Host)]
    async fn of_hosts(&self, hosts: &[HostId]) -> Result<Vec<(HostId, HostAllocatedCpuId)>, DbError> {
        self.db.pairs(hosts, "SELECT host_id, id FROM host_allocated_cpu WHERE host_id IN rarray(?1)").await
    }

    #[on(Delete, from = [Host])]
    async fn remove(&self, cpus: &[HostAllocatedCpuId]) -> Result<(), DbError> {
        self.db.change(cpus, ["DELETE FROM host_allocated_cpu WHERE id IN rarray(?1)"]).await
    }
}
