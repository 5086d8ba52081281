//! Controllers of software-defined networks.

use cascade_core::prelude::*;
use iaas_model::agents::Command;
use iaas_model::identity::{Account, AccountId};
use iaas_model::network::{SdnController, SdnControllerId};
use iaas_model::{Agents, Db, DbError};

#[derive(Extension)]
struct SdnControllerCascade {
    db: Db,
    agents: Agents,
}

#[cascade(resource = "SdnController", edges = [Account], timeout = "5m", retries = 3)]
impl SdnControllerCascade {
    #[affected(by = Account)]
    async fn owned_by(&self, accounts: &[AccountId]) -> Result<Vec<(AccountId, SdnControllerId)>, DbError> {
        let sql = "SELECT account_id, id FROM sdn_controller WHERE account_id IN rarray(?1)";
        self.db.pairs(accounts, sql).await
    }

    #[on(Delete)]
    #[on(Delete, from = [Account])]
    async fn remove(&self, controllers: &[SdnControllerId]) -> Result<Outcome<SdnControllerId>, DbError> {
        let sent = self.agents.each(controllers, Command::Disconnect).await;
        self.db.change(&sent.done, ["DELETE FROM sdn_controller WHERE id IN rarray(?1)"]).await?;
        Ok(sent.outcome())
    }

    #[verify(Delete)]
    async fn still_there(&self, controllers: &[SdnControllerId]) -> Result<Vec<SdnControllerId>, DbError> {
        self.db.live::<SdnController>(controllers).await
    }
}
