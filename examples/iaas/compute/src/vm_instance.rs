//! Users' VMs.

use std::collections::BTreeSet;

use cascade_core::prelude::*;
use iaas_model::agents::{Command, Sent};
use iaas_model::compute::{Host, HostId, InstanceOffering, InstanceOfferingId, VmId, VmInstance, Zone};
use iaas_model::identity::{Account, AccountId};
use iaas_model::network::{IpRange, IpRangeId, L2Network, L2NetworkId, L3Network, L3NetworkId};
use iaas_model::storage::{PrimaryStorage, PrimaryStorageId};
use iaas_model::{Agents, Db, DbError, DetachL2Network, DetachPrimaryStorage};

use crate::destroy::destroy;
use crate::nics::{self, Removed};

#[derive(Extension)]
struct VmCascade {
    db: Db,
    agents: Agents,
}

#[cascade(
    resource = "VmInstance",
    edges = [Host, L3Network, IpRange, PrimaryStorage, L2Network, InstanceOffering, Account],
    batch = 100,
    concurrency = 20,
    timeout = "5m",
    retries = 3,
    // A VM depends on the layer-3 networks, which are removed with their layer-2 network.
    ignore(Delete, from = [L2Network]),
    ignore(DetachPrimaryStorage, from = others),
    ignore(DetachL2Network, from = others)
)]
impl VmCascade {
    /// A stopped VM has no host, but belongs to a zone and is removed with it.
    #[affected(by = Host)]
    async fn on_hosts(&self, hosts: &[HostId], cx: &FindContext) -> Result<Vec<(HostId, VmId)>, DbError> {
        let on_hosts = "SELECT host_id, id FROM vm_instance WHERE host_id IN rarray(?1) AND deleted = 0";
        let and_stopped = "SELECT host_id, id FROM vm_instance WHERE host_id IN rarray(?1) AND deleted = 0
            UNION ALL
            SELECT last_host_id, id FROM vm_instance
                WHERE last_host_id IN rarray(?1) AND host_id IS NULL AND deleted = 0";
        self.db.pairs(hosts, if cx.started_at::<Zone>() { and_stopped } else { on_hosts }).await
    }

    #[affected(by = L3Network)]
    async fn on_networks(&self, networks: &[L3NetworkId]) -> Result<Vec<(L3NetworkId, VmId)>, DbError> {
        let sql = "SELECT DISTINCT nic.l3_network_id, vm.id
            FROM nic JOIN vm_instance AS vm ON vm.id = nic.owner_id
            WHERE nic.l3_network_id IN rarray(?1) AND vm.deleted = 0";
        self.db.pairs(networks, sql).await
    }

    #[affected(by = IpRange)]
    async fn with_addresses_of(&self, ranges: &[IpRangeId]) -> Result<Vec<(IpRangeId, VmId)>, DbError> {
        let sql = "SELECT DISTINCT used_ip.ip_range_id, vm.id
            FROM used_ip JOIN nic ON nic.id = used_ip.user_id JOIN vm_instance AS vm ON vm.id = nic.owner_id
            WHERE used_ip.ip_range_id IN rarray(?1) AND vm.deleted = 0";
        self.db.pairs(ranges, sql).await
    }

    #[affected(by = PrimaryStorage)]
    async fn with_root_volume_on(
        &self,
        storages: &[PrimaryStorageId],
    ) -> Result<Vec<(PrimaryStorageId, VmId)>, DbError> {
        let sql = "SELECT volume.primary_storage_id, vm.id
            FROM volume JOIN vm_instance AS vm ON vm.id = volume.owner_id
            WHERE volume.primary_storage_id IN rarray(?1) AND volume.kind = 'Root'
                AND volume.deleted = 0 AND vm.deleted = 0";
        self.db.pairs(storages, sql).await
    }

    /// A VM that loses one of its disks has to stop.
    #[affected(by = PrimaryStorage, on = DetachPrimaryStorage)]
    async fn running_with_volume_on(
        &self,
        storages: &[PrimaryStorageId],
        op: &DetachPrimaryStorage,
    ) -> Result<Vec<(PrimaryStorageId, VmId)>, DbError> {
        let sql = "SELECT DISTINCT volume.primary_storage_id, vm.id
            FROM volume JOIN vm_instance AS vm ON vm.id = volume.owner_id
            WHERE volume.primary_storage_id IN rarray(?1) AND vm.cluster_id = ?2
                AND vm.state IN ('Running', 'Paused') AND volume.deleted = 0 AND vm.deleted = 0";
        self.db.pairs_in(storages, &op.cluster, sql).await
    }

    #[affected(by = L2Network, on = DetachL2Network)]
    async fn in_cluster_on(
        &self,
        networks: &[L2NetworkId],
        op: &DetachL2Network,
    ) -> Result<Vec<(L2NetworkId, VmId)>, DbError> {
        let sql = "SELECT DISTINCT asked.value, vm.id
            FROM rarray(?1) AS asked
            JOIN l2_network AS l2 ON l2.id = asked.value OR l2.pool_id = asked.value
            JOIN l3_network AS l3 ON l3.l2_network_id = l2.id
            JOIN nic ON nic.l3_network_id = l3.id
            JOIN vm_instance AS vm ON vm.id = nic.owner_id
            WHERE vm.cluster_id = ?2 AND vm.deleted = 0";
        self.db.pairs_in(networks, &op.cluster, sql).await
    }

    #[affected(by = InstanceOffering)]
    async fn of_size(
        &self,
        offerings: &[InstanceOfferingId],
    ) -> Result<Vec<(InstanceOfferingId, VmId)>, DbError> {
        let sql = "SELECT instance_offering_id, id FROM vm_instance
            WHERE instance_offering_id IN rarray(?1) AND deleted = 0";
        self.db.pairs(offerings, sql).await
    }

    #[affected(by = Account)]
    async fn owned_by(&self, accounts: &[AccountId]) -> Result<Vec<(AccountId, VmId)>, DbError> {
        let sql = "SELECT account_id, id FROM vm_instance WHERE account_id IN rarray(?1) AND deleted = 0";
        self.db.pairs(accounts, sql).await
    }

    /// The original also asks if a VM only loses a NIC, although it destroys nothing then.
    #[check(Delete, effects = [destroy])]
    async fn may_be_destroyed(&self, vms: &[VmId]) -> Result<Vec<Veto<VmId>>, DbError> {
        self.db.protected::<VmInstance>(vms).await
    }

    #[on(Delete, from = [Host], leaf)]
    #[on(DetachPrimaryStorage, from = [PrimaryStorage], leaf)]
    async fn stop(&self, vms: &[VmId]) -> Result<Outcome<VmId>, DbError> {
        let sent = self.agents.each(vms, Command::StopVm).await;
        let sql = "UPDATE vm_instance SET state = 'Stopped', host_id = NULL WHERE id IN rarray(?1)";
        self.db.change(&sent.done, [sql]).await?;
        Ok(sent.outcome())
    }

    #[on(Delete, from = [L3Network, IpRange], leaf)]
    #[on(DetachL2Network, from = [L2Network], leaf)]
    async fn detach_nics(&self, vms: &[VmId], cx: &StepContext) -> Result<Outcome<VmId>, DbError> {
        let removed = Removed::above(vms, cx);
        let lost = nics::lost(&self.db, vms, &removed).await?;
        Ok(nics::take_out(&self.db, &self.agents, vms, lost, &removed).await?.outcome())
    }

    #[on(Delete, from = [InstanceOffering], leaf)]
    async fn clear_offering(&self, vms: &[VmId]) -> Result<(), DbError> {
        let sql = "UPDATE vm_instance SET instance_offering_id = NULL WHERE id IN rarray(?1)";
        self.db.change(vms, [sql]).await
    }

    #[on(Delete)]
    #[on(Delete, from = [PrimaryStorage, Account])]
    #[on(Delete, from = [Host], root = Zone)]
    #[supersedes(stop, detach_nics, clear_offering)]
    async fn destroy(&self, vms: &[VmId], cx: &StepContext) -> Result<Outcome<VmId>, DbError> {
        // A root volume on a removed storage is removed with the storage.
        let keeps_volume = |vm: &VmId| !cx.parents_of::<PrimaryStorage>(vm).is_empty();
        let sql = "SELECT id FROM vm_instance WHERE id IN rarray(?1) AND deletion_policy = 'Delay'";
        let delayed: BTreeSet<VmId> = self.db.select(vms, sql).await?.into_iter().collect();
        let (later, now): (Vec<VmId>, Vec<VmId>) =
            vms.iter().cloned().partition(|vm| delayed.contains(vm) && !keeps_volume(vm));
        let put_off = self.put_off(&later).await?;
        let destroyed = destroy::<VmInstance>(&self.db, &self.agents, &now, keeps_volume).await?;
        Ok(put_off.and(destroyed).outcome())
    }

    #[cleanup(Delete)]
    async fn purge(&self, vms: &[VmId]) -> Result<(), DbError> {
        self.db.purge::<VmInstance>(vms).await
    }

    /// A VM with delayed deletion is stopped permanently and kept.
    #[verify(Delete, effects = [destroy])]
    async fn still_there(&self, vms: &[VmId]) -> Result<Vec<VmId>, DbError> {
        let sql =
            "SELECT id FROM vm_instance WHERE id IN rarray(?1) AND deleted = 0 AND state <> 'Destroyed'";
        self.db.select(vms, sql).await
    }
}

impl VmCascade {
    /// A VM with delayed deletion is stopped, and kept with its disks and NICs until a user deletes it directly.
    async fn put_off(&self, vms: &[VmId]) -> Result<Sent<VmId>, DbError> {
        let sent = self.agents.each(vms, Command::StopVm).await;
        let sql = "UPDATE vm_instance SET state = 'Destroyed', host_id = NULL WHERE id IN rarray(?1)";
        self.db.change(&sent.done, [sql]).await?;
        Ok(sent)
    }
}
