//! Hosts.

use cascade_core::prelude::*;
use iaas_model::agents::Command;
use iaas_model::compute::{Cluster, ClusterId, Host, HostId};
use iaas_model::storage::VolumeId;
use iaas_model::{Agents, Db, DbError};

#[derive(Extension)]
struct HostCascade {
    db: Db,
    agents: Agents,
}

#[cascade(resource = "Host", edges = [Cluster], batch = 10, concurrency = 10, timeout = "5m", retries = 3)]
impl HostCascade {
    #[affected(by = Cluster)]
    async fn in_clusters(&self, clusters: &[ClusterId]) -> Result<Vec<(ClusterId, HostId)>, DbError> {
        let sql = "SELECT cluster_id, id FROM host WHERE cluster_id IN rarray(?1) AND deleted = 0";
        self.db.pairs(clusters, sql).await
    }

    #[check(Delete)]
    async fn may_go(&self, hosts: &[HostId]) -> Result<Vec<Veto<HostId>>, DbError> {
        self.db.protected::<Host>(hosts).await
    }

    /// After this, no VM starts on the host or moves to it. If the deletion fails, the host stays closed, as in the
    /// original: it is partly empty, and another deletion continues.
    #[begin(Delete)]
    async fn close(&self, hosts: &[HostId]) -> Result<(), DbError> {
        self.db.change(hosts, ["UPDATE host SET state = 'Deleting' WHERE id IN rarray(?1)"]).await
    }

    #[on(Delete)]
    #[on(Delete, from = [Cluster])]
    async fn remove(&self, hosts: &[HostId]) -> Result<Outcome<HostId>, DbError> {
        let sql = "SELECT host_id, id FROM volume WHERE host_id IN rarray(?1) AND deleted = 0";
        let mounted: Vec<(HostId, VolumeId)> = self.db.pairs(hosts, sql).await?;
        let unmount = |host: &HostId| {
            let volumes = mounted.iter().filter(|(on, _)| on == host);
            volumes.map(|(on, volume)| Command::UnmountVolume(volume.to_string(), on.to_string())).collect()
        };
        let sent =
            self.agents.send_all(hosts.iter().map(|host| (host.clone(), unmount(host))).collect()).await;
        self.db.change(&sent.done, REMOVE).await?;
        Ok(sent.outcome())
    }

    #[cleanup(Delete)]
    async fn purge(&self, hosts: &[HostId]) -> Result<(), DbError> {
        self.db.purge::<Host>(hosts).await
    }

    #[verify(Delete)]
    async fn still_there(&self, hosts: &[HostId]) -> Result<Vec<HostId>, DbError> {
        self.db.live::<Host>(hosts).await
    }
}

/// A forced deletion may run this while some VMs could not be stopped: they lose their host too.
const REMOVE: [&str; 7] = [
    "UPDATE volume SET host_id = NULL WHERE host_id IN rarray(?1)",
    "DELETE FROM vtep WHERE host_id IN rarray(?1)",
    "UPDATE vm_instance SET host_id = NULL, state = 'Stopped' WHERE host_id IN rarray(?1)",
    "UPDATE vm_instance SET last_host_id = NULL WHERE last_host_id IN rarray(?1)",
    "UPDATE appliance_vm SET host_id = NULL, state = 'Stopped' WHERE host_id IN rarray(?1)",
    "UPDATE appliance_vm SET last_host_id = NULL WHERE last_host_id IN rarray(?1)",
    "UPDATE host SET deleted = 1 WHERE id IN rarray(?1)",
];
