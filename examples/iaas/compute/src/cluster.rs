//! Clusters.

use cascade_core::prelude::*;
use iaas_model::compute::{Cluster, ClusterId, Zone, ZoneId};
use iaas_model::{Db, DbError};

#[derive(Extension)]
struct ClusterCascade {
    db: Db,
}

#[cascade(resource = "Cluster", edges = [Zone])]
impl ClusterCascade {
    #[affected(by = Zone)]
    async fn in_zones(&self, zones: &[ZoneId]) -> Result<Vec<(ZoneId, ClusterId)>, DbError> {
        let sql = "SELECT zone_id, id FROM cluster WHERE zone_id IN rarray(?1) AND deleted = 0";
        self.db.pairs(zones, sql).await
    }

    #[check(Delete)]
    async fn may_go(&self, clusters: &[ClusterId]) -> Result<Vec<Veto<ClusterId>>, DbError> {
        self.db.protected::<Cluster>(clusters).await
    }

    /// After this, no VM starts on the cluster or moves to it.
    #[begin(Delete)]
    async fn close(&self, clusters: &[ClusterId]) -> Result<(), DbError> {
        self.db.change(clusters, ["UPDATE cluster SET state = 'Deleting' WHERE id IN rarray(?1)"]).await
    }

    /// Also removes the attachments of the cluster. Stopped VMs stay, without a cluster.
    #[on(Delete)]
    #[on(Delete, from = [Zone])]
    async fn remove(&self, clusters: &[ClusterId]) -> Result<(), DbError> {
        self.db
            .change(
                clusters,
                [
                    "DELETE FROM primary_storage_cluster_ref WHERE cluster_id IN rarray(?1)",
                    "DELETE FROM l2_network_cluster_ref WHERE cluster_id IN rarray(?1)",
                    "DELETE FROM remote_vtep WHERE cluster_id IN rarray(?1)",
                    "UPDATE vm_instance SET cluster_id = NULL WHERE cluster_id IN rarray(?1)",
                    "UPDATE appliance_vm SET cluster_id = NULL WHERE cluster_id IN rarray(?1)",
                    "UPDATE cluster SET deleted = 1 WHERE id IN rarray(?1)",
                ],
            )
            .await
    }

    #[cleanup(Delete)]
    async fn purge(&self, clusters: &[ClusterId]) -> Result<(), DbError> {
        self.db.purge::<Cluster>(clusters).await
    }

    #[verify(Delete)]
    async fn still_there(&self, clusters: &[ClusterId]) -> Result<Vec<ClusterId>, DbError> {
        self.db.live::<Cluster>(clusters).await
    }
}
