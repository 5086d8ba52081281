//! Images. A VM does not need its image after its creation.

use cascade_core::prelude::*;
use iaas_model::agents::Command;
use iaas_model::identity::{Account, AccountId};
use iaas_model::storage::{BackupStorage, BackupStorageId, Image, ImageId};
use iaas_model::{Agents, Db, DbError, array};

#[derive(Extension)]
struct ImageCascade {
    db: Db,
    agents: Agents,
}

#[cascade(resource = "Image", edges = [BackupStorage, Account], timeout = "5m", retries = 3)]
impl ImageCascade {
    #[affected(by = BackupStorage)]
    async fn with_copy_on(
        &self,
        storages: &[BackupStorageId],
    ) -> Result<Vec<(BackupStorageId, ImageId)>, DbError> {
        let sql = "SELECT copy.backup_storage_id, image.id
            FROM image_backup_storage_ref AS copy JOIN image ON image.id = copy.image_id
            WHERE copy.backup_storage_id IN rarray(?1) AND image.deleted = 0";
        self.db.pairs(storages, sql).await
    }

    #[affected(by = Account)]
    async fn owned_by(&self, accounts: &[AccountId]) -> Result<Vec<(AccountId, ImageId)>, DbError> {
        let sql = "SELECT account_id, id FROM image WHERE account_id IN rarray(?1) AND deleted = 0";
        self.db.pairs(accounts, sql).await
    }

    /// Dependents of an image read this mark to see whether the image is removed.
    #[begin(Delete, effects = [remove])]
    async fn close(&self, images: &[ImageId]) -> Result<(), DbError> {
        self.db.change(images, ["UPDATE image SET state = 'Deleting' WHERE id IN rarray(?1)"]).await
    }

    /// An image loses the copies on removed storages, and is removed with its last copy.
    #[on(Delete, from = [BackupStorage])]
    async fn drop_copies(&self, images: &[ImageId], cx: &StepContext) -> Result<(), DbError> {
        let storages: Vec<BackupStorageId> =
            images.iter().flat_map(|image| cx.parents_of::<BackupStorage>(image)).collect();
        let images = images.to_vec();
        self.db
            .write(move |transaction| {
                let (images, storages) = (array(&images), array(&storages));
                let drop = "DELETE FROM image_backup_storage_ref
                    WHERE image_id IN rarray(?1) AND backup_storage_id IN rarray(?2)";
                transaction.prepare_cached(drop)?.execute([&images, &storages])?;
                let mark = "UPDATE image SET deleted = 1 WHERE id IN rarray(?1)
                    AND NOT EXISTS (SELECT 1 FROM image_backup_storage_ref WHERE image_id = image.id)";
                transaction.prepare_cached(mark)?.execute([&images])
            })
            .await?;
        Ok(())
    }

    #[on(Delete)]
    #[on(Delete, from = [Account])]
    #[supersedes(drop_copies)]
    async fn remove(&self, images: &[ImageId]) -> Result<Outcome<ImageId>, DbError> {
        let sql =
            "SELECT image_id, backup_storage_id FROM image_backup_storage_ref WHERE image_id IN rarray(?1)";
        let copies: Vec<(ImageId, BackupStorageId)> = self.db.pairs(images, sql).await?;
        let order = |image: &ImageId| {
            let copies = copies.iter().filter(|(of, _)| of == image);
            let commands =
                copies.map(|(of, storage)| Command::DeleteImage(of.to_string(), storage.to_string()));
            (image.clone(), commands.collect())
        };
        let sent = self.agents.send_all(images.iter().map(order).collect()).await;
        self.db
            .change(
                &sent.done,
                [
                    "DELETE FROM image_backup_storage_ref WHERE image_id IN rarray(?1)",
                    "UPDATE image SET deleted = 1 WHERE id IN rarray(?1)",
                ],
            )
            .await?;
        Ok(sent.outcome())
    }

    /// An image that a VM refers to stays as a row marked as deleted.
    #[cleanup(Delete)]
    async fn purge(&self, images: &[ImageId]) -> Result<(), DbError> {
        let sql = "DELETE FROM image WHERE id IN rarray(?1) AND deleted = 1
            AND NOT EXISTS (SELECT 1 FROM vm_instance WHERE image_id = image.id AND deleted = 0)";
        self.db.change(images, [sql]).await
    }

    #[verify(Delete, effects = [remove])]
    async fn still_there(&self, images: &[ImageId]) -> Result<Vec<ImageId>, DbError> {
        self.db.live::<Image>(images).await
    }
}
