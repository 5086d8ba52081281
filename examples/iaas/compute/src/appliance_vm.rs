//! Virtual routers. If possible, the cloud moves them to another host.

use cascade_core::prelude::*;
use iaas_model::agents::Sent;
use iaas_model::compute::{ApplianceVm, ApplianceVmId, Host, HostId, Zone};
use iaas_model::identity::{Account, AccountId};
use iaas_model::network::{IpRange, IpRangeId, L2Network, L2NetworkId, L3Network, L3NetworkId};
use iaas_model::storage::{PrimaryStorage, PrimaryStorageId};
use iaas_model::{Agents, Db, DbError, DetachL2Network, DetachPrimaryStorage};

use crate::destroy::destroy;
use crate::migrate::migrate;
use crate::nics::{self, Removed};

#[derive(Extension)]
struct ApplianceVmCascade {
    db: Db,
    agents: Agents,
}

#[cascade(
    resource = "ApplianceVm",
    edges = [Host, L3Network, IpRange, PrimaryStorage, L2Network, Account],
    // Migrations are expensive, so few run at once.
    batch = 10,
    concurrency = 2,
    timeout = "5m",
    retries = 3,
    // A router depends on the layer-3 networks, which are removed with their layer-2 network.
    ignore(Delete, from = [L2Network]),
    ignore(DetachPrimaryStorage, from = others),
    ignore(DetachL2Network, from = others)
)]
impl ApplianceVmCascade {
    /// A stopped router cannot be moved, and is removed with its last host.
    #[affected(by = Host)]
    async fn on_hosts(&self, hosts: &[HostId]) -> Result<Vec<(HostId, ApplianceVmId)>, DbError> {
        let sql = "SELECT host_id, id FROM appliance_vm WHERE host_id IN rarray(?1) AND deleted = 0
            UNION ALL
            SELECT last_host_id, id FROM appliance_vm
                WHERE last_host_id IN rarray(?1) AND host_id IS NULL AND deleted = 0";
        self.db.pairs(hosts, sql).await
    }

    #[affected(by = L3Network)]
    async fn on_networks(
        &self,
        networks: &[L3NetworkId],
    ) -> Result<Vec<(L3NetworkId, ApplianceVmId)>, DbError> {
        let sql = "SELECT DISTINCT nic.l3_network_id, router.id
            FROM nic JOIN appliance_vm AS router ON router.id = nic.owner_id
            WHERE nic.l3_network_id IN rarray(?1) AND router.deleted = 0";
        self.db.pairs(networks, sql).await
    }

    #[affected(by = IpRange)]
    async fn with_addresses_of(
        &self,
        ranges: &[IpRangeId],
    ) -> Result<Vec<(IpRangeId, ApplianceVmId)>, DbError> {
        let sql = "SELECT DISTINCT used_ip.ip_range_id, router.id
            FROM used_ip JOIN nic ON nic.id = used_ip.user_id
            JOIN appliance_vm AS router ON router.id = nic.owner_id
            WHERE used_ip.ip_range_id IN rarray(?1) AND router.deleted = 0";
        self.db.pairs(ranges, sql).await
    }

    #[affected(by = PrimaryStorage)]
    async fn with_root_volume_on(
        &self,
        storages: &[PrimaryStorageId],
    ) -> Result<Vec<(PrimaryStorageId, ApplianceVmId)>, DbError> {
        let sql = "SELECT volume.primary_storage_id, router.id
            FROM volume JOIN appliance_vm AS router ON router.id = volume.owner_id
            WHERE volume.primary_storage_id IN rarray(?1) AND volume.kind = 'Root'
                AND volume.deleted = 0 AND router.deleted = 0";
        self.db.pairs(storages, sql).await
    }

    #[affected(by = PrimaryStorage, on = DetachPrimaryStorage)]
    async fn in_cluster_with_root_volume_on(
        &self,
        storages: &[PrimaryStorageId],
        op: &DetachPrimaryStorage,
    ) -> Result<Vec<(PrimaryStorageId, ApplianceVmId)>, DbError> {
        let sql = "SELECT volume.primary_storage_id, router.id
            FROM volume JOIN appliance_vm AS router ON router.id = volume.owner_id
            WHERE volume.primary_storage_id IN rarray(?1) AND volume.kind = 'Root' AND router.cluster_id = ?2
                AND volume.deleted = 0 AND router.deleted = 0";
        self.db.pairs_in(storages, &op.cluster, sql).await
    }

    #[affected(by = L2Network, on = DetachL2Network)]
    async fn in_cluster_on(
        &self,
        networks: &[L2NetworkId],
        op: &DetachL2Network,
    ) -> Result<Vec<(L2NetworkId, ApplianceVmId)>, DbError> {
        let sql = "SELECT DISTINCT asked.value, router.id
            FROM rarray(?1) AS asked
            JOIN l2_network AS l2 ON l2.id = asked.value OR l2.pool_id = asked.value
            JOIN l3_network AS l3 ON l3.l2_network_id = l2.id
            JOIN nic ON nic.l3_network_id = l3.id
            JOIN appliance_vm AS router ON router.id = nic.owner_id
            WHERE router.cluster_id = ?2 AND router.deleted = 0";
        self.db.pairs_in(networks, &op.cluster, sql).await
    }

    /// Routers that a user owns. The cloud's routers on a user's networks are removed with the networks.
    #[affected(by = Account)]
    async fn owned_by(&self, accounts: &[AccountId]) -> Result<Vec<(AccountId, ApplianceVmId)>, DbError> {
        let sql = "SELECT account_id, id FROM appliance_vm
            WHERE account_id IN rarray(?1) AND kind = 'VpcRouter' AND deleted = 0";
        self.db.pairs(accounts, sql).await
    }

    /// Moves routers to another host. A router without a target host, or with a failed migration, is destroyed; the
    /// cloud creates another one on demand.
    #[on(Delete, from = [Host], leaf)]
    #[on(DetachPrimaryStorage, from = [PrimaryStorage], leaf)]
    async fn migrate(
        &self,
        routers: &[ApplianceVmId],
        cx: &StepContext,
    ) -> Result<Outcome<ApplianceVmId>, DbError> {
        let leaves = cx.operation::<DetachPrimaryStorage>().map(|op| &op.cluster);
        let stranded = migrate(&self.db, &self.agents, routers, leaves).await?;
        Ok(self.destroy_with_volume(&stranded).await?.outcome())
    }

    /// Like `migrate`, but a router that uses the network only as an additional one is disconnected from it.
    #[on(DetachL2Network, from = [L2Network], leaf)]
    async fn migrate_or_do_without(
        &self,
        routers: &[ApplianceVmId],
        cx: &StepContext,
        op: &DetachL2Network,
    ) -> Result<Outcome<ApplianceVmId>, DbError> {
        let (stay, move_on) = self.leave_networks(routers, cx).await?;
        let stranded = migrate(&self.db, &self.agents, &move_on, Some(&op.cluster)).await?;
        Ok(stay.and(self.destroy_with_volume(&stranded).await?).outcome())
    }

    /// Removes routers that serve or need a network. A router that uses the network only as an additional one is
    /// disconnected from it.
    ///
    /// The original asks about ranges only if one is the root, because the router is also found by the network. Here
    /// the router is found by both, and no range is removed before the routers with its addresses.
    #[on(Delete, from = [L3Network, IpRange], leaf)]
    async fn destroy_or_do_without(
        &self,
        routers: &[ApplianceVmId],
        cx: &StepContext,
    ) -> Result<Outcome<ApplianceVmId>, DbError> {
        let (stay, go) = self.leave_networks(routers, cx).await?;
        Ok(stay.and(self.destroy_with_volume(&go).await?).outcome())
    }

    #[on(Delete)]
    #[on(Delete, from = [PrimaryStorage, Account])]
    #[on(Delete, from = [Host], root = Zone)]
    #[supersedes(migrate, destroy_or_do_without)]
    async fn destroy(
        &self,
        routers: &[ApplianceVmId],
        cx: &StepContext,
    ) -> Result<Outcome<ApplianceVmId>, DbError> {
        // A root volume on a removed storage is removed with the storage.
        let keeps_volume = |router: &ApplianceVmId| !cx.parents_of::<PrimaryStorage>(router).is_empty();
        Ok(destroy::<ApplianceVm>(&self.db, &self.agents, routers, keeps_volume).await?.outcome())
    }

    /// The removed routers are known only now: their rows are marked.
    #[cleanup(Delete, effects = [migrate, destroy_or_do_without, destroy])]
    #[cleanup(DetachPrimaryStorage, effects = [migrate])]
    #[cleanup(DetachL2Network, effects = [migrate_or_do_without])]
    async fn purge(&self, routers: &[ApplianceVmId]) -> Result<(), DbError> {
        self.db.purge::<ApplianceVm>(routers).await
    }

    #[verify(Delete, effects = [destroy])]
    async fn still_there(&self, routers: &[ApplianceVmId]) -> Result<Vec<ApplianceVmId>, DbError> {
        self.db.live::<ApplianceVm>(routers).await
    }
}

impl ApplianceVmCascade {
    async fn destroy_with_volume(&self, routers: &[ApplianceVmId]) -> Result<Sent<ApplianceVmId>, DbError> {
        destroy::<ApplianceVm>(&self.db, &self.agents, routers, |_| false).await
    }

    /// Removes the NICs on removed networks from routers that do not need them. Returns the other routers.
    async fn leave_networks(
        &self,
        routers: &[ApplianceVmId],
        cx: &StepContext,
    ) -> Result<(Sent<ApplianceVmId>, Vec<ApplianceVmId>), DbError> {
        let removed = Removed::above(routers, cx);
        let lost = nics::lost(&self.db, routers, &removed).await?;
        let (stay, others): (Vec<_>, Vec<_>) = routers.iter().cloned().partition(|router| {
            lost.iter().filter(|nic| nic.owner == router.as_str()).all(|nic| nic.is_additional)
        });
        Ok((nics::take_out(&self.db, &self.agents, &stay, lost, &removed).await?, others))
    }
}
