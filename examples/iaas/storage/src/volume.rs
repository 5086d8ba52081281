//! Volumes.

use cascade_core::prelude::*;
use iaas_model::agents::Command;
use iaas_model::identity::{Account, AccountId};
use iaas_model::storage::{DiskOffering, DiskOfferingId, PrimaryStorage, PrimaryStorageId, Volume, VolumeId};
use iaas_model::{Agents, Db, DbError, DetachPrimaryStorage};

#[derive(Extension)]
struct VolumeCascade {
    db: Db,
    agents: Agents,
}

#[cascade(
    resource = "Volume",
    edges = [PrimaryStorage, DiskOffering, Account],
    batch = 100,
    concurrency = 10,
    timeout = "5m",
    retries = 3,
    ignore(DetachPrimaryStorage, from = others)
)]
impl VolumeCascade {
    /// The original finds only data volumes here, and leaves root volumes to their VMs, where the plan does not show
    /// them. Here the plan contains them with their snapshots.
    #[affected(by = PrimaryStorage)]
    async fn on_storages(
        &self,
        storages: &[PrimaryStorageId],
    ) -> Result<Vec<(PrimaryStorageId, VolumeId)>, DbError> {
        let sql = "SELECT primary_storage_id, id FROM volume
            WHERE primary_storage_id IN rarray(?1) AND deleted = 0";
        self.db.pairs(storages, sql).await
    }

    /// Volumes that hosts of the cluster mount. Volumes of VMs are detached when the VMs stop.
    #[affected(by = PrimaryStorage, on = DetachPrimaryStorage)]
    async fn mounted_in_cluster(
        &self,
        storages: &[PrimaryStorageId],
        op: &DetachPrimaryStorage,
    ) -> Result<Vec<(PrimaryStorageId, VolumeId)>, DbError> {
        let sql = "SELECT volume.primary_storage_id, volume.id
            FROM volume JOIN host ON host.id = volume.host_id
            WHERE volume.primary_storage_id IN rarray(?1) AND host.cluster_id = ?2 AND volume.deleted = 0";
        self.db.pairs_in(storages, &op.cluster, sql).await
    }

    #[affected(by = DiskOffering)]
    async fn of_size(
        &self,
        offerings: &[DiskOfferingId],
    ) -> Result<Vec<(DiskOfferingId, VolumeId)>, DbError> {
        let sql = "SELECT disk_offering_id, id FROM volume
            WHERE disk_offering_id IN rarray(?1) AND deleted = 0";
        self.db.pairs(offerings, sql).await
    }

    /// A root volume is removed with its VM.
    #[affected(by = Account)]
    async fn owned_by(&self, accounts: &[AccountId]) -> Result<Vec<(AccountId, VolumeId)>, DbError> {
        let sql = "SELECT account_id, id FROM volume
            WHERE account_id IN rarray(?1) AND kind = 'Data' AND deleted = 0";
        self.db.pairs(accounts, sql).await
    }

    #[check(Delete, effects = [destroy])]
    async fn may_go(&self, volumes: &[VolumeId]) -> Result<Vec<Veto<VolumeId>>, DbError> {
        let sql = "SELECT id, owner_id FROM volume
            WHERE id IN rarray(?1) AND kind = 'Root' AND owner_id IS NOT NULL";
        let roots: Vec<(VolumeId, String)> = self.db.pairs(volumes, sql).await?;
        let veto =
            |(id, vm)| Veto::new(id, format_args!("it is the root volume of {vm}: delete that instead"));
        Ok(roots.into_iter().map(veto).collect())
    }

    #[on(DetachPrimaryStorage, from = [PrimaryStorage], leaf)]
    async fn unmount(&self, volumes: &[VolumeId]) -> Result<Outcome<VolumeId>, DbError> {
        let sql = "SELECT id, host_id FROM volume WHERE id IN rarray(?1) AND host_id IS NOT NULL";
        let mounted: Vec<(VolumeId, String)> = self.db.pairs(volumes, sql).await?;
        let order = |(volume, host): (VolumeId, String)| {
            let command = Command::UnmountVolume(volume.to_string(), host);
            (volume, vec![command])
        };
        let sent = self.agents.send_all(mounted.into_iter().map(order).collect()).await;
        self.db.change(&sent.done, ["UPDATE volume SET host_id = NULL WHERE id IN rarray(?1)"]).await?;
        Ok(sent.outcome())
    }

    /// The original compares ids of volumes with ids of offerings here, which never match.
    #[on(Delete, from = [DiskOffering], leaf)]
    async fn clear_offering(&self, volumes: &[VolumeId]) -> Result<(), DbError> {
        self.db.change(volumes, ["UPDATE volume SET disk_offering_id = NULL WHERE id IN rarray(?1)"]).await
    }

    /// The storage is removed as a whole, so agents get no command per volume.
    #[on(Delete, from = [PrimaryStorage])]
    #[supersedes(clear_offering)]
    async fn forget(&self, volumes: &[VolumeId]) -> Result<(), DbError> {
        self.db.change(volumes, [MARK_DELETED]).await
    }

    /// A volume with delayed deletion is kept until a user deletes it directly.
    #[on(Delete)]
    #[on(Delete, from = [Account])]
    #[supersedes(forget, clear_offering)]
    async fn destroy(&self, volumes: &[VolumeId]) -> Result<Outcome<VolumeId>, DbError> {
        let delay = "UPDATE volume SET status = 'Destroyed', owner_id = NULL
            WHERE id IN rarray(?1) AND deletion_policy = 'Delay'";
        self.db.change(volumes, [delay]).await?;
        let now = "SELECT id FROM volume WHERE id IN rarray(?1) AND deletion_policy = 'Direct'";
        let now: Vec<VolumeId> = self.db.select(volumes, now).await?;
        let sent = self.agents.each(&now, Command::DeleteVolume).await;
        self.db.change(&sent.done, [MARK_DELETED]).await?;
        Ok(sent.outcome())
    }

    #[cleanup(Delete)]
    async fn purge(&self, volumes: &[VolumeId]) -> Result<(), DbError> {
        self.db.purge::<Volume>(volumes).await
    }

    /// A volume with delayed deletion is kept and marked.
    #[verify(Delete, effects = [destroy])]
    async fn still_there(&self, volumes: &[VolumeId]) -> Result<Vec<VolumeId>, DbError> {
        let sql = "SELECT id FROM volume WHERE id IN rarray(?1) AND deleted = 0 AND status <> 'Destroyed'";
        self.db.select(volumes, sql).await
    }
}

const MARK_DELETED: &str = "UPDATE volume SET deleted = 1 WHERE id IN rarray(?1)";
