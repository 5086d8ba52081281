//! External ports that lead to a NIC.

use cascade_core::prelude::*;
use iaas_model::agents::Command;
use iaas_model::services::{PortForwardingRule, PortForwardingRuleId, Vip, VipId};
use iaas_model::{Agents, Db, DbError};

#[derive(Extension)]
struct PortForwardingRuleCascade {
    db: Db,
    agents: Agents,
}

#[cascade(resource = "PortForwardingRule", edges = [Vip], timeout = "5m", retries = 3)]
impl PortForwardingRuleCascade {
    #[affected(by = Vip)]
    async fn on_vips(&self, vips: &[VipId]) -> Result<Vec<(VipId, PortForwardingRuleId)>, DbError> {
        self.db.pairs(vips, "SELECT vip_id, id FROM port_forwarding_rule WHERE vip_id IN rarray(?1)").await
    }

    #[on(Delete)]
    #[on(Delete, from = [Vip])]
    async fn remove(&self, rules: &[PortForwardingRuleId]) -> Result<Outcome<PortForwardingRuleId>, DbError> {
        let sent = self.agents.each(rules, Command::ReleaseService).await;
        self.db.change(&sent.done, ["DELETE FROM port_forwarding_rule WHERE id IN rarray(?1)"]).await?;
        Ok(sent.outcome())
    }

    #[verify(Delete)]
    async fn still_there(
        &self,
        rules: &[PortForwardingRuleId],
    ) -> Result<Vec<PortForwardingRuleId>, DbError> {
        self.db.live::<PortForwardingRule>(rules).await
    }
}
