//! Tunnel endpoints outside of the cloud.

use cascade_core::prelude::*;
use iaas_model::network::{L2Network, L2NetworkId, RemoteVtep, RemoteVtepId};
use iaas_model::{Db, DbError, DetachL2Network};

#[derive(Extension)]
struct RemoteVtepCascade {
    db: Db,
}

#[cascade(resource = "RemoteVtep", edges = [L2Network])]
impl RemoteVtepCascade {
    #[affected(by = L2Network)]
    async fn of_pools(&self, pools: &[L2NetworkId]) -> Result<Vec<(L2NetworkId, RemoteVtepId)>, DbError> {
        self.db
            .pairs(pools, "SELECT l2_network_id, id FROM remote_vtep WHERE l2_network_id IN rarray(?1)")
            .await
    }

    #[affected(by = L2Network, on = DetachL2Network)]
    async fn in_cluster(
        &self,
        pools: &[L2NetworkId],
        op: &DetachL2Network,
    ) -> Result<Vec<(L2NetworkId, RemoteVtepId)>, DbError> {
        let sql =
            "SELECT l2_network_id, id FROM remote_vtep WHERE l2_network_id IN rarray(?1) AND cluster_id = ?2";
        self.db.pairs_in(pools, &op.cluster, sql).await
    }

    #[on(Delete, from = [L2Network])]
    #[on(DetachL2Network, from = [L2Network])]
    async fn remove(&self, vteps: &[RemoteVtepId]) -> Result<(), DbError> {
        self.db.change(vteps, ["DELETE FROM remote_vtep WHERE id IN rarray(?1)"]).await
    }
}
