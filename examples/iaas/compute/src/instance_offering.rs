//! Sizes of VMs.

use cascade_core::prelude::*;
use iaas_model::compute::{InstanceOffering, InstanceOfferingId};
use iaas_model::identity::{Account, AccountId};
use iaas_model::{Db, DbError};

#[derive(Extension)]
struct InstanceOfferingCascade {
    db: Db,
}

#[cascade(resource = "InstanceOffering", edges = [Account])]
impl InstanceOfferingCascade {
    #[affected(by = Account)]
    async fn owned_by(
        &self,
        accounts: &[AccountId],
    ) -> Result<Vec<(AccountId, InstanceOfferingId)>, DbError> {
        let sql =
            "SELECT account_id, id FROM instance_offering WHERE account_id IN rarray(?1) AND deleted = 0";
        self.db.pairs(accounts, sql).await
    }

    #[on(Delete)]
    #[on(Delete, from = [Account])]
    async fn remove(&self, offerings: &[InstanceOfferingId]) -> Result<(), DbError> {
        self.db.change(offerings, ["UPDATE instance_offering SET deleted = 1 WHERE id IN rarray(?1)"]).await
    }

    /// An offering that a VM still refers to, for example after a forced deletion, stays as a row marked as deleted.
    #[cleanup(Delete)]
    async fn purge(&self, offerings: &[InstanceOfferingId]) -> Result<(), DbError> {
        let sql = "DELETE FROM instance_offering AS offering WHERE id IN rarray(?1) AND deleted = 1
            AND NOT EXISTS (SELECT 1 FROM vm_instance WHERE instance_offering_id = offering.id)";
        self.db.change(offerings, [sql]).await
    }

    #[verify(Delete)]
    async fn still_there(
        &self,
        offerings: &[InstanceOfferingId],
    ) -> Result<Vec<InstanceOfferingId>, DbError> {
        self.db.live::<InstanceOffering>(offerings).await
    }
}
