//! Addresses of services.

use cascade_core::prelude::*;
use iaas_model::identity::{Account, AccountId};
use iaas_model::network::{IpRange, IpRangeId, L3Network, L3NetworkId};
use iaas_model::services::{Vip, VipId};
use iaas_model::{Db, DbError};

#[derive(Extension)]
struct VipCascade {
    db: Db,
}

#[cascade(resource = "Vip", edges = [L3Network, IpRange, Account], batch = 100)]
impl VipCascade {
    #[affected(by = L3Network)]
    async fn on_networks(&self, networks: &[L3NetworkId]) -> Result<Vec<(L3NetworkId, VipId)>, DbError> {
        self.db.pairs(networks, "SELECT l3_network_id, id FROM vip WHERE l3_network_id IN rarray(?1)").await
    }

    #[affected(by = IpRange)]
    async fn of_ranges(&self, ranges: &[IpRangeId]) -> Result<Vec<(IpRangeId, VipId)>, DbError> {
        self.db.pairs(ranges, "SELECT ip_range_id, id FROM vip WHERE ip_range_id IN rarray(?1)").await
    }

    #[affected(by = Account)]
    async fn owned_by(&self, accounts: &[AccountId]) -> Result<Vec<(AccountId, VipId)>, DbError> {
        self.db.pairs(accounts, "SELECT account_id, id FROM vip WHERE account_id IN rarray(?1)").await
    }

    #[on(Delete)]
    #[on(Delete, from = [L3Network, IpRange, Account])]
    async fn remove(&self, vips: &[VipId]) -> Result<(), DbError> {
        self.db
            .change(
                vips,
                ["DELETE FROM used_ip WHERE user_id IN rarray(?1)", "DELETE FROM vip WHERE id IN rarray(?1)"],
            )
            .await
    }

    #[verify(Delete)]
    async fn still_there(&self, vips: &[VipId]) -> Result<Vec<VipId>, DbError> {
        self.db.live::<Vip>(vips).await
    }
}
