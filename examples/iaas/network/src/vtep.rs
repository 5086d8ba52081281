//! Tunnel endpoints of hosts in VXLAN pools.

use cascade_core::prelude::*;
use iaas_model::agents::Command;
use iaas_model::network::{L2Network, L2NetworkId, Vtep, VtepId};
use iaas_model::{Agents, Db, DbError, DetachL2Network};

#[derive(Extension)]
struct VtepCascade {
    db: Db,
    agents: Agents,
}

#[cascade(resource = "Vtep", edges = [L2Network], timeout = "5m", retries = 3)]
impl VtepCascade {
    #[affected(by = L2Network)]
    async fn of_pools(&self, pools: &[L2NetworkId]) -> Result<Vec<(L2NetworkId, VtepId)>, DbError> {
        self.db.pairs(pools, "SELECT l2_network_id, id FROM vtep WHERE l2_network_id IN rarray(?1)").await
    }

    #[affected(by = L2Network, on = DetachL2Network)]
    async fn in_cluster(
        &self,
        pools: &[L2NetworkId],
        op: &DetachL2Network,
    ) -> Result<Vec<(L2NetworkId, VtepId)>, DbError> {
        let sql = "SELECT l2_network_id, id FROM vtep WHERE l2_network_id IN rarray(?1) AND cluster_id = ?2";
        self.db.pairs_in(pools, &op.cluster, sql).await
    }

    #[on(Delete, from = [L2Network])]
    #[on(DetachL2Network, from = [L2Network])]
    async fn remove(&self, vteps: &[VtepId]) -> Result<Outcome<VtepId>, DbError> {
        let sent = self.agents.each(vteps, Command::DeleteVtep).await;
        self.db.change(&sent.done, ["DELETE FROM vtep WHERE id IN rarray(?1)"]).await?;
        Ok(sent.outcome())
    }
}
