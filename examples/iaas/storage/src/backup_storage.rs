//! Backup storages.

use cascade_core::prelude::*;
use iaas_model::storage::{BackupStorage, BackupStorageId};
use iaas_model::{Db, DbError};

#[derive(Extension)]
struct BackupStorageCascade {
    db: Db,
}

#[cascade(resource = "BackupStorage", edges = [])]
impl BackupStorageCascade {
    #[check(Delete)]
    async fn may_go(&self, storages: &[BackupStorageId]) -> Result<Vec<Veto<BackupStorageId>>, DbError> {
        self.db.protected::<BackupStorage>(storages).await
    }

    /// After this, no image is stored on it, and dependents of an image know that this copy does not count.
    #[begin(Delete)]
    async fn close(&self, storages: &[BackupStorageId]) -> Result<(), DbError> {
        self.db
            .change(storages, ["UPDATE backup_storage SET state = 'Deleting' WHERE id IN rarray(?1)"])
            .await
    }

    #[on(Delete)]
    async fn remove(&self, storages: &[BackupStorageId]) -> Result<(), DbError> {
        self.db
            .change(
                storages,
                [
                    "DELETE FROM backup_storage_zone_ref WHERE backup_storage_id IN rarray(?1)",
                    "UPDATE backup_storage SET deleted = 1 WHERE id IN rarray(?1)",
                ],
            )
            .await
    }

    #[cleanup(Delete)]
    async fn purge(&self, storages: &[BackupStorageId]) -> Result<(), DbError> {
        self.db.purge::<BackupStorage>(storages).await
    }

    #[verify(Delete)]
    async fn still_there(&self, storages: &[BackupStorageId]) -> Result<Vec<BackupStorageId>, DbError> {
        self.db.live::<BackupStorage>(storages).await
    }
}
