//! Layer-2 networks. A VXLAN network belongs to a pool, and is removed with it.

use std::collections::BTreeMap;

use cascade_core::prelude::*;
use iaas_model::agents::{Command, Sent};
use iaas_model::compute::{ClusterId, Zone, ZoneId};
use iaas_model::identity::{Account, AccountId};
use iaas_model::network::{L2Network, L2NetworkId};
use iaas_model::{Agents, Db, DbError, DetachL2Network, array};
use rusqlite::ToSql;

#[derive(Extension)]
struct L2NetworkCascade {
    db: Db,
    agents: Agents,
}

#[cascade(
    resource = "L2Network",
    edges = [Zone, Account],
    timeout = "5m",
    retries = 3,
    ignore(DetachL2Network, from = others)
)]
impl L2NetworkCascade {
    /// VXLAN networks whose pool is affected are left out, because their pool handles them; otherwise agents would get
    /// each command twice. The original filters them after planning, when their dependents are planned already.
    #[affected(by = Zone)]
    async fn in_zones(&self, zones: &[ZoneId]) -> Result<Vec<(ZoneId, L2NetworkId)>, DbError> {
        let sql = "SELECT zone_id, id FROM l2_network
            WHERE zone_id IN rarray(?1) AND kind <> 'Vxlan' AND deleted = 0";
        self.db.pairs(zones, sql).await
    }

    /// A VXLAN network in another account's pool is removed on its own.
    #[affected(by = Account)]
    async fn owned_by(&self, accounts: &[AccountId]) -> Result<Vec<(AccountId, L2NetworkId)>, DbError> {
        let sql = "SELECT account_id, id FROM l2_network AS l2
            WHERE account_id IN rarray(?1) AND deleted = 0 AND NOT EXISTS (
                SELECT 1 FROM l2_network AS pool WHERE pool.id = l2.pool_id AND pool.account_id IN rarray(?1)
            )";
        self.db.pairs(accounts, sql).await
    }

    #[check(Delete)]
    async fn may_go(&self, networks: &[L2NetworkId]) -> Result<Vec<Veto<L2NetworkId>>, DbError> {
        self.db.protected::<L2Network>(networks).await
    }

    #[check(DetachL2Network)]
    async fn is_attached(
        &self,
        networks: &[L2NetworkId],
        op: &DetachL2Network,
    ) -> Result<Vec<Veto<L2NetworkId>>, DbError> {
        let sql = "SELECT l2_network_id, cluster_id FROM l2_network_cluster_ref
            WHERE l2_network_id IN rarray(?1) AND cluster_id = ?2";
        let attached: Vec<(L2NetworkId, String)> = self.db.pairs_in(networks, &op.cluster, sql).await?;
        let detached = networks.iter().filter(|id| attached.iter().all(|(attached, _)| attached != *id));
        let veto =
            |id: &L2NetworkId| Veto::new(id.clone(), format_args!("it is not attached to {}", op.cluster));
        Ok(detached.map(veto).collect())
    }

    #[on(Delete)]
    #[on(Delete, from = [Zone, Account])]
    async fn remove(&self, networks: &[L2NetworkId]) -> Result<Outcome<L2NetworkId>, DbError> {
        let sent = self.delete_bridges(networks, None).await?;
        self.db.change(&sent.done, REMOVE).await?;
        Ok(sent.outcome())
    }

    #[on(DetachL2Network)]
    async fn detach(
        &self,
        networks: &[L2NetworkId],
        op: &DetachL2Network,
    ) -> Result<Outcome<L2NetworkId>, DbError> {
        let sent = self.delete_bridges(networks, Some(&op.cluster)).await?;
        let sql = "DELETE FROM l2_network_cluster_ref WHERE cluster_id = ?2 AND l2_network_id IN (
            SELECT id FROM l2_network WHERE id IN rarray(?1) OR pool_id IN rarray(?1))";
        self.db.change_in(&sent.done, &op.cluster, [sql]).await?;
        Ok(sent.outcome())
    }

    #[cleanup(Delete)]
    async fn purge(&self, networks: &[L2NetworkId]) -> Result<(), DbError> {
        let sql = "DELETE FROM l2_network
            WHERE deleted = 1 AND (id IN rarray(?1) OR pool_id IN rarray(?1))";
        self.db.change(networks, [sql]).await
    }

    #[verify(Delete)]
    async fn still_there(&self, networks: &[L2NetworkId]) -> Result<Vec<L2NetworkId>, DbError> {
        self.db.live::<L2Network>(networks).await
    }

    #[verify(DetachL2Network)]
    async fn still_attached(
        &self,
        networks: &[L2NetworkId],
        op: &DetachL2Network,
    ) -> Result<Vec<L2NetworkId>, DbError> {
        let sql = "SELECT l2_network_id, cluster_id FROM l2_network_cluster_ref
            WHERE l2_network_id IN rarray(?1) AND cluster_id = ?2";
        let attached: Vec<(L2NetworkId, String)> = self.db.pairs_in(networks, &op.cluster, sql).await?;
        Ok(attached.into_iter().map(|(id, _)| id).collect())
    }
}

/// Networks are removed with their pool.
const REMOVE: [&str; 2] = [
    "DELETE FROM l2_network_cluster_ref WHERE l2_network_id IN (
        SELECT id FROM l2_network WHERE id IN rarray(?1) OR pool_id IN rarray(?1))",
    "UPDATE l2_network SET deleted = 1 WHERE id IN rarray(?1) OR pool_id IN rarray(?1)",
];

impl L2NetworkCascade {
    /// Deletes the bridges of networks from all hosts, or from those of a cluster. A pool has no bridges itself, but
    /// its networks have. A removed host removes its bridges itself.
    async fn delete_bridges(
        &self,
        networks: &[L2NetworkId],
        cluster: Option<&ClusterId>,
    ) -> Result<Sent<L2NetworkId>, DbError> {
        const SQL: &str = "SELECT asked.value, l2.id, host.id
            FROM rarray(?1) AS asked
            JOIN l2_network AS l2 ON l2.id = asked.value OR l2.pool_id = asked.value
            JOIN l2_network_cluster_ref AS attached ON attached.l2_network_id = l2.id
            JOIN host ON host.cluster_id = attached.cluster_id
            WHERE l2.kind <> 'VxlanPool' AND l2.deleted = 0 AND host.state = 'Enabled' AND host.deleted = 0
                AND attached.cluster_id = ifnull(?2, attached.cluster_id)";
        let (asked, cluster) = (networks.to_vec(), cluster.cloned());
        let mut bridges: BTreeMap<L2NetworkId, Vec<Command>> = self
            .db
            .read(move |connection| {
                let parameters: [&dyn ToSql; 2] = [&array(&asked), &cluster];
                let mut statement = connection.prepare_cached(SQL)?;
                let mut rows = statement.query(parameters)?;
                let mut bridges = BTreeMap::new();
                while let Some(row) = rows.next()? {
                    let bridge = Command::DeleteBridge(row.get(1)?, row.get(2)?);
                    bridges.entry(row.get(0)?).or_insert_with(Vec::new).push(bridge);
                }
                Ok(bridges)
            })
            .await?;
        let order = |network: &L2NetworkId| (network.clone(), bridges.remove(network).unwrap_or_default());
        Ok(self.agents.send_all(networks.iter().map(order).collect()).await)
    }
}
