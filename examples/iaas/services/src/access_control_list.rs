//! Lists of clients that listeners accept.

use cascade_core::prelude::*;
use iaas_model::identity::{Account, AccountId};
use iaas_model::services::{AccessControlList, AccessControlListId};
use iaas_model::{Db, DbError};

#[derive(Extension)]
struct AccessControlListCascade {
    db: Db,
}

#[cascade(resource = "AccessControlList", edges = [Account])]
impl AccessControlListCascade {
    #[affected(by = Account)]
    async fn owned_by(
        &self,
        accounts: &[AccountId],
    ) -> Result<Vec<(AccountId, AccessControlListId)>, DbError> {
        let sql = "SELECT account_id, id FROM access_control_list WHERE account_id IN rarray(?1)";
        self.db.pairs(accounts, sql).await
    }

    /// The original does nothing if the list itself is the root; its API removes the row afterwards.
    #[on(Delete)]
    #[on(Delete, from = [Account])]
    async fn remove(&self, lists: &[AccessControlListId]) -> Result<(), DbError> {
        self.db.change(lists, ["DELETE FROM access_control_list WHERE id IN rarray(?1)"]).await
    }

    #[verify(Delete)]
    async fn still_there(&self, lists: &[AccessControlListId]) -> Result<Vec<AccessControlListId>, DbError> {
        self.db.live::<AccessControlList>(lists).await
    }
}
