//! Primary storages.

use cascade_core::prelude::*;
use iaas_model::compute::{Zone, ZoneId};
use iaas_model::storage::{PrimaryStorage, PrimaryStorageId};
use iaas_model::{Db, DbError, DetachPrimaryStorage};

#[derive(Extension)]
struct PrimaryStorageCascade {
    db: Db,
}

#[cascade(resource = "PrimaryStorage", edges = [Zone], ignore(DetachPrimaryStorage, from = [Zone]))]
impl PrimaryStorageCascade {
    #[affected(by = Zone)]
    async fn in_zones(&self, zones: &[ZoneId]) -> Result<Vec<(ZoneId, PrimaryStorageId)>, DbError> {
        let sql = "SELECT zone_id, id FROM primary_storage WHERE zone_id IN rarray(?1) AND deleted = 0";
        self.db.pairs(zones, sql).await
    }

    /// As the root, a storage can be deleted only if no cluster uses it.
    #[check(Delete)]
    async fn may_go(
        &self,
        storages: &[PrimaryStorageId],
        cx: &StepContext,
    ) -> Result<Vec<Veto<PrimaryStorageId>>, DbError> {
        let mut vetoes = self.db.protected::<PrimaryStorage>(storages).await?;
        let sql = "SELECT primary_storage_id, min(cluster_id) FROM primary_storage_cluster_ref
            WHERE primary_storage_id IN rarray(?1) GROUP BY primary_storage_id";
        let attached: Vec<(PrimaryStorageId, String)> = self.db.pairs(storages, sql).await?;
        let roots = attached.into_iter().filter(|(id, _)| cx.is_root::<PrimaryStorage>(id));
        vetoes.extend(roots.map(|(id, cluster)| {
            Veto::new(id, format_args!("it is attached to {cluster}: detach it from all clusters first"))
        }));
        Ok(vetoes)
    }

    #[check(DetachPrimaryStorage)]
    async fn is_attached(
        &self,
        storages: &[PrimaryStorageId],
        op: &DetachPrimaryStorage,
    ) -> Result<Vec<Veto<PrimaryStorageId>>, DbError> {
        let sql = "SELECT primary_storage_id, cluster_id FROM primary_storage_cluster_ref
            WHERE primary_storage_id IN rarray(?1) AND cluster_id = ?2";
        let attached: Vec<(PrimaryStorageId, String)> = self.db.pairs_in(storages, &op.cluster, sql).await?;
        let detached = storages.iter().filter(|id| attached.iter().all(|(attached, _)| attached != *id));
        let veto = |id: &PrimaryStorageId| {
            Veto::new(id.clone(), format_args!("it is not attached to {}", op.cluster))
        };
        Ok(detached.map(veto).collect())
    }

    /// After this, no volume is created on it. The storage stays closed if the deletion fails, as in the original:
    /// another deletion continues.
    #[begin(Delete)]
    async fn close(&self, storages: &[PrimaryStorageId]) -> Result<(), DbError> {
        self.db
            .change(storages, ["UPDATE primary_storage SET state = 'Deleting' WHERE id IN rarray(?1)"])
            .await
    }

    #[on(Delete)]
    #[on(Delete, from = [Zone])]
    async fn remove(&self, storages: &[PrimaryStorageId]) -> Result<(), DbError> {
        self.db
            .change(
                storages,
                [
                    "DELETE FROM primary_storage_cluster_ref WHERE primary_storage_id IN rarray(?1)",
                    "UPDATE primary_storage SET deleted = 1 WHERE id IN rarray(?1)",
                ],
            )
            .await
    }

    #[on(DetachPrimaryStorage)]
    async fn detach(&self, storages: &[PrimaryStorageId], op: &DetachPrimaryStorage) -> Result<(), DbError> {
        let sql = "DELETE FROM primary_storage_cluster_ref
            WHERE primary_storage_id IN rarray(?1) AND cluster_id = ?2";
        self.db.change_in(storages, &op.cluster, [sql]).await
    }

    #[cleanup(Delete)]
    async fn purge(&self, storages: &[PrimaryStorageId]) -> Result<(), DbError> {
        self.db.purge::<PrimaryStorage>(storages).await
    }

    #[verify(Delete)]
    async fn still_there(&self, storages: &[PrimaryStorageId]) -> Result<Vec<PrimaryStorageId>, DbError> {
        self.db.live::<PrimaryStorage>(storages).await
    }

    #[verify(DetachPrimaryStorage)]
    async fn still_attached(
        &self,
        storages: &[PrimaryStorageId],
        op: &DetachPrimaryStorage,
    ) -> Result<Vec<PrimaryStorageId>, DbError> {
        let sql = "SELECT primary_storage_id, cluster_id FROM primary_storage_cluster_ref
            WHERE primary_storage_id IN rarray(?1) AND cluster_id = ?2";
        let attached: Vec<(PrimaryStorageId, String)> = self.db.pairs_in(storages, &op.cluster, sql).await?;
        Ok(attached.into_iter().map(|(id, _)| id).collect())
    }
}
