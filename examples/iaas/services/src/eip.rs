//! External addresses that lead to a NIC.

use cascade_core::prelude::*;
use iaas_model::agents::Command;
use iaas_model::services::{Eip, EipId, Vip, VipId};
use iaas_model::{Agents, Db, DbError};

#[derive(Extension)]
struct EipCascade {
    db: Db,
    agents: Agents,
}

#[cascade(resource = "Eip", edges = [Vip], timeout = "5m", retries = 3)]
impl EipCascade {
    #[affected(by = Vip)]
    async fn on_vips(&self, vips: &[VipId]) -> Result<Vec<(VipId, EipId)>, DbError> {
        self.db.pairs(vips, "SELECT vip_id, id FROM eip WHERE vip_id IN rarray(?1)").await
    }

    #[on(Delete)]
    #[on(Delete, from = [Vip])]
    async fn remove(&self, eips: &[EipId]) -> Result<Outcome<EipId>, DbError> {
        let sent = self.agents.each(eips, Command::ReleaseService).await;
        self.db.change(&sent.done, ["DELETE FROM eip WHERE id IN rarray(?1)"]).await?;
        Ok(sent.outcome())
    }

    #[verify(Delete)]
    async fn still_there(&self, eips: &[EipId]) -> Result<Vec<EipId>, DbError> {
        self.db.live::<Eip>(eips).await
    }
}
