//! The templates of virtual routers.

use cascade_core::prelude::*;
use iaas_model::compute::{VirtualRouterOffering, VirtualRouterOfferingId};
use iaas_model::network::{L3Network, L3NetworkId};
use iaas_model::storage::{Image, ImageId};
use iaas_model::{Db, DbError};

#[derive(Extension)]
struct VirtualRouterOfferingCascade {
    db: Db,
}

#[cascade(resource = "VirtualRouterOffering", edges = [L3Network, Image])]
impl VirtualRouterOfferingCascade {
    #[affected(by = L3Network)]
    async fn on_networks(
        &self,
        networks: &[L3NetworkId],
    ) -> Result<Vec<(L3NetworkId, VirtualRouterOfferingId)>, DbError> {
        let sql = "SELECT management_l3_id, id FROM virtual_router_offering
                WHERE management_l3_id IN rarray(?1) AND deleted = 0
            UNION
            SELECT public_l3_id, id FROM virtual_router_offering
                WHERE public_l3_id IN rarray(?1) AND deleted = 0";
        self.db.pairs(networks, sql).await
    }

    #[affected(by = Image)]
    async fn made_from(
        &self,
        images: &[ImageId],
    ) -> Result<Vec<(ImageId, VirtualRouterOfferingId)>, DbError> {
        let sql =
            "SELECT image_id, id FROM virtual_router_offering WHERE image_id IN rarray(?1) AND deleted = 0";
        self.db.pairs(images, sql).await
    }

    #[on(Delete, from = [L3Network])]
    #[supersedes(follow_image)]
    async fn remove(&self, offerings: &[VirtualRouterOfferingId]) -> Result<(), DbError> {
        let sql = "UPDATE virtual_router_offering SET deleted = 1 WHERE id IN rarray(?1)";
        self.db.change(offerings, [sql]).await
    }

    /// An image that only loses a copy can still be used for routers. An image that is deleted, or whose storages all
    /// are, is marked by now.
    #[on(Delete, from = [Image])]
    async fn follow_image(&self, offerings: &[VirtualRouterOfferingId]) -> Result<(), DbError> {
        let sql = "UPDATE virtual_router_offering AS offering SET deleted = 1 WHERE id IN rarray(?1) AND (
            EXISTS (SELECT 1 FROM image WHERE id = offering.image_id AND state = 'Deleting')
            OR NOT EXISTS (
                SELECT 1 FROM image_backup_storage_ref AS copy
                JOIN backup_storage AS storage ON storage.id = copy.backup_storage_id
                WHERE copy.image_id = offering.image_id AND storage.state <> 'Deleting'
            ))";
        self.db.change(offerings, [sql]).await
    }

    /// An offering that a router refers to stays as a row marked as deleted.
    #[cleanup(Delete)]
    async fn purge(&self, offerings: &[VirtualRouterOfferingId]) -> Result<(), DbError> {
        let sql = "DELETE FROM virtual_router_offering AS offering WHERE id IN rarray(?1) AND deleted = 1
            AND NOT EXISTS (
                SELECT 1 FROM appliance_vm
                WHERE virtual_router_offering_id = offering.id AND deleted = 0
            )";
        self.db.change(offerings, [sql]).await
    }
}
