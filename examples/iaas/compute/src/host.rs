//! Hosts.

use std::collections::BTreeMap;

use cascade_core::prelude::*;
use iaas_model::agents::{Command, Sent};
use iaas_model::compute::{Cluster, ClusterId, Host, HostId};
use iaas_model::storage::VolumeId;
use iaas_model::{Agents, Db, DbError, array};
use rusqlite::Transaction;

use crate::residents::{Known, lose_their_host};

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

    /// A VM or a router that is still on a host although its own step has failed loses the host. One that the run does not know
    /// keeps it, and fails the host.
    #[on(Delete)]
    #[on(Delete, from = [Cluster])]
    async fn remove(&self, hosts: &[HostId], cx: &StepContext) -> Result<Outcome<HostId>, DbError> {
        let known = Known::on(hosts, &self.db, cx).await?;
        let mut occupied = self.occupied(hosts, &known).await?;
        let free: Vec<HostId> = hosts.iter().filter(|host| !occupied.contains_key(host)).cloned().collect();
        let sent = self.unmount(&free).await?;
        let unmounted = sent.done.clone();
        occupied.extend(self.db.write(move |transaction| take_away(transaction, unmounted, &known)).await?);
        Ok(occupied.into_iter().fold(sent.outcome(), |outcome, (host, resident)| {
            let what = format!(
                "{resident} is on it, and this run was not to stop or move it: delete the host again"
            );
            outcome.fail(host, StepError::terminal(what))
        }))
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

impl HostCascade {
    async fn occupied(&self, hosts: &[HostId], known: &Known) -> Result<BTreeMap<HostId, String>, DbError> {
        let (hosts, known) = (hosts.to_vec(), known.clone());
        self.db.read(move |connection| known.occupied(connection, &hosts)).await
    }

    /// Unmounts every volume that the hosts mount.
    async fn unmount(&self, hosts: &[HostId]) -> Result<Sent<HostId>, DbError> {
        let sql = "SELECT host_id, id FROM volume WHERE host_id IN rarray(?1) AND deleted = 0";
        let mounted: Vec<(HostId, VolumeId)> = self.db.pairs(hosts, sql).await?;
        let commands = |host: &HostId| {
            let volumes = mounted.iter().filter(|(on, _)| on == host);
            volumes.map(|(on, volume)| Command::UnmountVolume(volume.to_string(), on.to_string())).collect()
        };
        let orders = hosts.iter().map(|host| (host.clone(), commands(host))).collect();
        Ok(self.agents.send_all(orders).await)
    }
}

/// Removes those of the hosts that nothing unknown is on. Returns the others.
fn take_away(
    transaction: &Transaction<'_>,
    mut hosts: Vec<HostId>,
    known: &Known,
) -> rusqlite::Result<BTreeMap<HostId, String>> {
    let occupied = known.occupied(transaction, &hosts)?;
    hosts.retain(|host| !occupied.contains_key(host));
    lose_their_host(transaction, &hosts)?;
    let hosts = array(&hosts);
    for sql in REMOVE {
        transaction.prepare_cached(sql)?.execute([&hosts])?;
    }
    Ok(occupied)
}

const REMOVE: [&str; 5] = [
    "UPDATE volume SET host_id = NULL WHERE host_id IN rarray(?1)",
    "DELETE FROM vtep WHERE host_id IN rarray(?1)",
    "UPDATE vm_instance SET last_host_id = NULL WHERE last_host_id IN rarray(?1)",
    "UPDATE appliance_vm SET last_host_id = NULL WHERE last_host_id IN rarray(?1)",
    "UPDATE host SET deleted = 1 WHERE id IN rarray(?1)",
];
