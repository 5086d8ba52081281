//! Layer-3 networks.

use cascade_core::prelude::*;
use iaas_model::identity::{Account, AccountId};
use iaas_model::network::{L2Network, L2NetworkId, L3Network, L3NetworkId};
use iaas_model::{Db, DbError};

#[derive(Extension)]
struct L3NetworkCascade {
    db: Db,
}

#[cascade(resource = "L3Network", edges = [L2Network, Account])]
impl L3NetworkCascade {
    /// The layer-3 networks of a pool are those of its networks.
    #[affected(by = L2Network)]
    async fn on_networks(
        &self,
        networks: &[L2NetworkId],
    ) -> Result<Vec<(L2NetworkId, L3NetworkId)>, DbError> {
        let sql = "SELECT l2_network_id, id FROM l3_network
                WHERE l2_network_id IN rarray(?1) AND deleted = 0
            UNION ALL
            SELECT l2.pool_id, l3.id
                FROM l2_network AS l2 JOIN l3_network AS l3 ON l3.l2_network_id = l2.id
                WHERE l2.pool_id IN rarray(?1) AND l3.deleted = 0";
        self.db.pairs(networks, sql).await
    }

    #[affected(by = Account)]
    async fn owned_by(&self, accounts: &[AccountId]) -> Result<Vec<(AccountId, L3NetworkId)>, DbError> {
        let sql = "SELECT account_id, id FROM l3_network WHERE account_id IN rarray(?1) AND deleted = 0";
        self.db.pairs(accounts, sql).await
    }

    #[check(Delete)]
    async fn may_go(&self, networks: &[L3NetworkId]) -> Result<Vec<Veto<L3NetworkId>>, DbError> {
        self.db.protected::<L3Network>(networks).await
    }

    #[on(Delete)]
    #[on(Delete, from = [L2Network, Account])]
    async fn remove(&self, networks: &[L3NetworkId]) -> Result<(), DbError> {
        self.db
            .change(
                networks,
                [
                    "DELETE FROM l3_network_service_ref WHERE l3_network_id IN rarray(?1)",
                    "UPDATE l3_network SET deleted = 1 WHERE id IN rarray(?1)",
                ],
            )
            .await
    }

    #[cleanup(Delete)]
    async fn purge(&self, networks: &[L3NetworkId]) -> Result<(), DbError> {
        self.db.purge::<L3Network>(networks).await
    }

    #[verify(Delete)]
    async fn still_there(&self, networks: &[L3NetworkId]) -> Result<Vec<L3NetworkId>, DbError> {
        self.db.live::<L3Network>(networks).await
    }
}
