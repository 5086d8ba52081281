//! Accounts.

use cascade_core::prelude::*;
use iaas_model::identity::{Account, AccountId};
use iaas_model::{Db, DbError};

#[derive(Extension)]
struct AccountCascade {
    db: Db,
}

#[cascade(resource = "Account", edges = [], batch = 10)]
impl AccountCascade {
    #[check(Delete)]
    async fn may_go(&self, accounts: &[AccountId]) -> Result<Vec<Veto<AccountId>>, DbError> {
        let system = "SELECT id FROM account WHERE id IN rarray(?1) AND kind = 'System'";
        let system: Vec<AccountId> = self.db.select(accounts, system).await?;
        Ok(system.into_iter().map(|account| Veto::new(account, "it is the system's own account")).collect())
    }

    /// Instances of an account are removed with it. The admin adopts the others: the cloud's routers on the account's
    /// networks, and VMs and volumes with delayed deletion.
    #[on(Delete)]
    async fn remove(&self, accounts: &[AccountId]) -> Result<(), DbError> {
        self.db
            .change(
                accounts,
                [
                    // The original attaches these to the nodes of load balancers and of security group members, but an
                    // account may have neither.
                    "DELETE FROM certificate WHERE account_id IN rarray(?1)",
                    "DELETE FROM security_group WHERE account_id IN rarray(?1)",
                    "UPDATE vm_instance SET account_id = 'account-admin' WHERE account_id IN rarray(?1)",
                    "UPDATE appliance_vm SET account_id = 'account-admin' WHERE account_id IN rarray(?1)",
                    "UPDATE volume SET account_id = 'account-admin' WHERE account_id IN rarray(?1)",
                    "DELETE FROM account WHERE id IN rarray(?1)",
                ],
            )
            .await
    }

    #[verify(Delete)]
    async fn still_there(&self, accounts: &[AccountId]) -> Result<Vec<AccountId>, DbError> {
        self.db.live::<Account>(accounts).await
    }
}
