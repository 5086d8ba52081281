//! Ranges of addresses.

use cascade_core::prelude::*;
use iaas_model::network::{IpRange, IpRangeId, L3Network, L3NetworkId};
use iaas_model::{Db, DbError};

#[derive(Extension)]
struct IpRangeCascade {
    db: Db,
}

#[cascade(resource = "IpRange", edges = [L3Network])]
impl IpRangeCascade {
    #[affected(by = L3Network)]
    async fn of_networks(&self, networks: &[L3NetworkId]) -> Result<Vec<(L3NetworkId, IpRangeId)>, DbError> {
        let sql = "SELECT l3_network_id, id FROM ip_range WHERE l3_network_id IN rarray(?1) AND deleted = 0";
        self.db.pairs(networks, sql).await
    }

    #[on(Delete)]
    #[on(Delete, from = [L3Network])]
    async fn remove(&self, ranges: &[IpRangeId]) -> Result<(), DbError> {
        self.db.change(ranges, ["UPDATE ip_range SET deleted = 1 WHERE id IN rarray(?1)"]).await
    }

    #[cleanup(Delete)]
    async fn purge(&self, ranges: &[IpRangeId]) -> Result<(), DbError> {
        self.db.purge::<IpRange>(ranges).await
    }

    #[verify(Delete)]
    async fn still_there(&self, ranges: &[IpRangeId]) -> Result<Vec<IpRangeId>, DbError> {
        self.db.live::<IpRange>(ranges).await
    }
}
