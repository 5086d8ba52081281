//! Load balancers.

use cascade_core::prelude::*;
use iaas_model::agents::Command;
use iaas_model::identity::{Account, AccountId};
use iaas_model::services::{
    AccessControlList, AccessControlListId, LoadBalancer, LoadBalancerId, Vip, VipId,
};
use iaas_model::{Agents, Db, DbError, array};

#[derive(Extension)]
struct LoadBalancerCascade {
    db: Db,
    agents: Agents,
}

#[cascade(
    resource = "LoadBalancer",
    edges = [Account, Vip, AccessControlList],
    timeout = "5m",
    retries = 3
)]
impl LoadBalancerCascade {
    #[affected(by = Account)]
    async fn owned_by(&self, accounts: &[AccountId]) -> Result<Vec<(AccountId, LoadBalancerId)>, DbError> {
        self.db
            .pairs(accounts, "SELECT account_id, id FROM load_balancer WHERE account_id IN rarray(?1)")
            .await
    }

    #[affected(by = Vip)]
    async fn on_vips(&self, vips: &[VipId]) -> Result<Vec<(VipId, LoadBalancerId)>, DbError> {
        let sql = "SELECT vip_id, load_balancer_id FROM load_balancer_vip_ref WHERE vip_id IN rarray(?1)";
        self.db.pairs(vips, sql).await
    }

    #[affected(by = AccessControlList)]
    async fn that_use(
        &self,
        lists: &[AccessControlListId],
    ) -> Result<Vec<(AccessControlListId, LoadBalancerId)>, DbError> {
        let sql = "SELECT DISTINCT used.access_control_list_id, listener.load_balancer_id
            FROM listener_acl_ref AS used JOIN load_balancer_listener AS listener ON listener.id = used.listener_id
            WHERE used.access_control_list_id IN rarray(?1)";
        self.db.pairs(lists, sql).await
    }

    /// The original removes only the first list from the first listener that uses it. Here every removed list is
    /// removed from every listener.
    #[on(Delete, from = [AccessControlList], leaf)]
    async fn take_lists_off(&self, balancers: &[LoadBalancerId], cx: &StepContext) -> Result<(), DbError> {
        let lists: Vec<AccessControlListId> =
            balancers.iter().flat_map(|id| cx.parents_of::<AccessControlList>(id)).collect();
        self.db
            .change(&lists, ["DELETE FROM listener_acl_ref WHERE access_control_list_id IN rarray(?1)"])
            .await
    }

    /// A load balancer with an IPv4 and an IPv6 VIP keeps the remaining one. It is removed with its last VIP.
    #[on(Delete, from = [Vip])]
    async fn leave_vips(
        &self,
        balancers: &[LoadBalancerId],
        cx: &StepContext,
    ) -> Result<Outcome<LoadBalancerId>, DbError> {
        let vips: Vec<VipId> = balancers.iter().flat_map(|id| cx.parents_of::<Vip>(id)).collect();
        let ids = balancers.to_vec();
        let without_vip: Vec<LoadBalancerId> = self
            .db
            .write(move |transaction| {
                let (balancers, vips) = (array(&ids), array(&vips));
                let leave = "DELETE FROM load_balancer_vip_ref
                    WHERE load_balancer_id IN rarray(?1) AND vip_id IN rarray(?2)";
                transaction.prepare_cached(leave)?.execute([&balancers, &vips])?;
                let without = "SELECT id FROM load_balancer WHERE id IN rarray(?1)
                    AND NOT EXISTS (SELECT 1 FROM load_balancer_vip_ref WHERE load_balancer_id = load_balancer.id)";
                iaas_model::column(transaction, without, &[&balancers])
            })
            .await?;
        self.take_away(&without_vip).await
    }

    #[on(Delete)]
    #[on(Delete, from = [Account])]
    #[supersedes(take_lists_off, leave_vips)]
    async fn remove(&self, balancers: &[LoadBalancerId]) -> Result<Outcome<LoadBalancerId>, DbError> {
        self.take_away(balancers).await
    }

    #[verify(Delete, effects = [remove])]
    async fn still_there(&self, balancers: &[LoadBalancerId]) -> Result<Vec<LoadBalancerId>, DbError> {
        self.db.live::<LoadBalancer>(balancers).await
    }
}

impl LoadBalancerCascade {
    async fn take_away(&self, balancers: &[LoadBalancerId]) -> Result<Outcome<LoadBalancerId>, DbError> {
        let sent = self.agents.each(balancers, Command::ReleaseService).await;
        self.db.change(&sent.done, TAKE_AWAY).await?;
        Ok(sent.outcome())
    }
}

const TAKE_AWAY: [&str; 4] = [
    "DELETE FROM listener_acl_ref WHERE listener_id IN (
        SELECT id FROM load_balancer_listener WHERE load_balancer_id IN rarray(?1))",
    "DELETE FROM load_balancer_listener WHERE load_balancer_id IN rarray(?1)",
    "DELETE FROM load_balancer_vip_ref WHERE load_balancer_id IN rarray(?1)",
    "DELETE FROM load_balancer WHERE id IN rarray(?1)",
];
