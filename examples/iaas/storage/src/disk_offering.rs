//! Sizes of volumes.

use cascade_core::prelude::*;
use iaas_model::identity::{Account, AccountId};
use iaas_model::storage::{DiskOffering, DiskOfferingId};
use iaas_model::{Db, DbError};

#[derive(Extension)]
struct DiskOfferingCascade {
    db: Db,
}

#[cascade(resource = "DiskOffering", edges = [Account])]
impl DiskOfferingCascade {
    #[affected(by = Account)]
    async fn owned_by(&self, accounts: &[AccountId]) -> Result<Vec<(AccountId, DiskOfferingId)>, DbError> {
        let sql = "SELECT account_id, id FROM disk_offering WHERE account_id IN rarray(?1) AND deleted = 0";
        self.db.pairs(accounts, sql).await
    }

    #[on(Delete)]
    #[on(Delete, from = [Account])]
    async fn remove(&self, offerings: &[DiskOfferingId]) -> Result<(), DbError> {
        self.db.change(offerings, ["UPDATE disk_offering SET deleted = 1 WHERE id IN rarray(?1)"]).await
    }

    /// An offering that a volume still refers to, for example after a forced deletion, stays as a row marked as
    /// deleted.
    #[cleanup(Delete)]
    async fn purge(&self, offerings: &[DiskOfferingId]) -> Result<(), DbError> {
        let sql = "DELETE FROM disk_offering AS offering WHERE id IN rarray(?1) AND deleted = 1
            AND NOT EXISTS (SELECT 1 FROM volume WHERE disk_offering_id = offering.id)";
        self.db.change(offerings, [sql]).await
    }

    #[verify(Delete)]
    async fn still_there(&self, offerings: &[DiskOfferingId]) -> Result<Vec<DiskOfferingId>, DbError> {
        self.db.live::<DiskOffering>(offerings).await
    }
}
