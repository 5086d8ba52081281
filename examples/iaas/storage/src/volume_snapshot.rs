//! Snapshots of volumes.

use cascade_core::prelude::*;
use iaas_model::agents::Command;
use iaas_model::storage::{Volume, VolumeId, VolumeSnapshot, VolumeSnapshotId};
use iaas_model::{Agents, Db, DbError, policy};

#[derive(Extension)]
struct VolumeSnapshotCascade {
    db: Db,
    agents: Agents,
}

#[cascade(resource = "VolumeSnapshot", edges = [Volume], batch = 100, timeout = "5m", retries = 3)]
impl VolumeSnapshotCascade {
    /// A volume with delayed deletion keeps its snapshots.
    #[affected(by = Volume)]
    async fn of_volumes(
        &self,
        volumes: &[VolumeId],
        cx: &FindContext,
    ) -> Result<Vec<(VolumeId, VolumeSnapshotId)>, DbError> {
        let all = "SELECT volume_id, id FROM volume_snapshot WHERE volume_id IN rarray(?1) AND deleted = 0";
        let of_direct = "SELECT snapshot.volume_id, snapshot.id
            FROM volume_snapshot AS snapshot JOIN volume ON volume.id = snapshot.volume_id
            WHERE snapshot.volume_id IN rarray(?1) AND snapshot.deleted = 0
                AND volume.deletion_policy = 'Direct'";
        self.db.pairs(volumes, if policy::is_asked_for(cx) { of_direct } else { all }).await
    }

    /// If the storage gets a command for the volume, it removes the snapshots too.
    #[on(Delete, from = [Volume])]
    async fn forget(&self, snapshots: &[VolumeSnapshotId]) -> Result<(), DbError> {
        self.db.change(snapshots, [MARK_DELETED]).await
    }

    #[on(Delete)]
    #[supersedes(forget)]
    async fn destroy(&self, snapshots: &[VolumeSnapshotId]) -> Result<Outcome<VolumeSnapshotId>, DbError> {
        let sent = self.agents.each(snapshots, Command::DeleteSnapshot).await;
        self.db.change(&sent.done, [MARK_DELETED]).await?;
        Ok(sent.outcome())
    }

    #[cleanup(Delete)]
    async fn purge(&self, snapshots: &[VolumeSnapshotId]) -> Result<(), DbError> {
        self.db.purge::<VolumeSnapshot>(snapshots).await
    }

    #[verify(Delete)]
    async fn still_there(&self, snapshots: &[VolumeSnapshotId]) -> Result<Vec<VolumeSnapshotId>, DbError> {
        self.db.live::<VolumeSnapshot>(snapshots).await
    }
}

const MARK_DELETED: &str = "UPDATE volume_snapshot SET deleted = 1 WHERE id IN rarray(?1)";
