//! Zones.

use cascade_core::prelude::*;
use iaas_model::compute::{Zone, ZoneId};
use iaas_model::{Db, DbError};

#[derive(Extension)]
struct ZoneCascade {
    db: Db,
}

#[cascade(resource = "Zone", edges = [])]
impl ZoneCascade {
    #[check(Delete)]
    async fn may_go(&self, zones: &[ZoneId]) -> Result<Vec<Veto<ZoneId>>, DbError> {
        self.db.protected::<Zone>(zones).await
    }

    #[begin(Delete)]
    async fn close(&self, zones: &[ZoneId]) -> Result<(), DbError> {
        self.db.change(zones, ["UPDATE zone SET state = 'Deleting' WHERE id IN rarray(?1)"]).await
    }

    #[on(Delete)]
    async fn remove(&self, zones: &[ZoneId]) -> Result<(), DbError> {
        self.db
            .change(
                zones,
                [
                    "DELETE FROM backup_storage_zone_ref WHERE zone_id IN rarray(?1)",
                    "UPDATE zone SET deleted = 1 WHERE id IN rarray(?1)",
                ],
            )
            .await
    }

    #[cleanup(Delete)]
    async fn purge(&self, zones: &[ZoneId]) -> Result<(), DbError> {
        self.db.purge::<Zone>(zones).await
    }

    #[verify(Delete)]
    async fn still_there(&self, zones: &[ZoneId]) -> Result<Vec<ZoneId>, DbError> {
        self.db.live::<Zone>(zones).await
    }
}
