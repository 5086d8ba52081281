//! Deleting backup storages, images and offerings. VMs do not need their images and offerings.

use cascade_core::{Delete, Resource};
use iaas_model::compute::{InstanceOffering, VmInstance};
use iaas_model::storage::{BackupStorage, DiskOffering, Image};
use iaas_scenarios::{World, topology};

/// TestCascadeDeletion6. The image stays as a row marked as deleted, because a VM refers to it.
#[tokio::test]
async fn a_backup_storage_is_deleted_with_the_last_copies() {
    let mut world = World::new(topology::t1);
    world.run(Delete, BackupStorage::roots(["backup-1"])).await;
    insta::assert_snapshot!(world.changes(), @r"
    - backup_storage: backup-1
    - backup_storage_zone_ref: backup-1/zone-1
    - image_backup_storage_ref: image-1/backup-1
    ~ image image-1: deleted 0 -> 1
    ");
}

/// An image with another copy stays, with its dependents.
#[tokio::test]
async fn images_with_another_copy_survive_a_backup_storage() {
    let mut world = World::new(|write| {
        topology::vr1(write)?;
        write.backup_storage("backup-2", &["zone-1"])?;
        write.image("image-2", "account-admin", &["backup-1", "backup-2"])
    });
    world.by_hand("UPDATE virtual_router_offering SET image_id = 'image-2'");
    world.changes();
    world.run(Delete, BackupStorage::roots(["backup-2"])).await;
    insta::assert_snapshot!(world.changes(), @r"
    - backup_storage: backup-2
    - backup_storage_zone_ref: backup-2/zone-1
    - image_backup_storage_ref: image-2/backup-2
    ");
    world.run(Delete, BackupStorage::roots(["backup-1"])).await;
    insta::assert_snapshot!(world.changes(), @r"
    - backup_storage: backup-1
    - backup_storage_zone_ref: backup-1/zone-1
    - image: image-2
    - image_backup_storage_ref: image-1/backup-1, image-2/backup-1
    ~ image image-1: deleted 0 -> 1
    ~ virtual_router_offering router-offering-1: deleted 0 -> 1
    ");
}

/// Both copies at once: the image is removed only if both storages are.
#[tokio::test]
async fn two_backup_storages_are_deleted_with_an_image_on_both() {
    let world = World::new(|write| {
        topology::vr1(write)?;
        write.backup_storage("backup-2", &["zone-1"])?;
        write.image("image-2", "account-admin", &["backup-1", "backup-2"])
    });
    world.by_hand("UPDATE virtual_router_offering SET image_id = 'image-2'");
    world.run(Delete, BackupStorage::roots(["backup-1", "backup-2"])).await;
    assert_eq!(world.count("image WHERE id = 'image-2'"), 0);
    assert_eq!(world.count("virtual_router_offering WHERE deleted = 0"), 0);
}

#[tokio::test]
async fn a_protected_backup_storage_stays() {
    let world = World::new(topology::t1);
    world.by_hand("UPDATE backup_storage SET protected = 1");
    let vetoes = world.vetoes(Delete, BackupStorage::roots(["backup-1"])).await;
    assert_eq!(vetoes, ["backup-1: it is protected"]);
}

/// TestCascadeDeletion7.
#[tokio::test]
async fn an_image_can_be_deleted_while_its_vm_runs() {
    let mut world = World::new(topology::t1);
    world.run(Delete, Image::roots(["image-1"])).await;
    insta::assert_snapshot!(world.changes(), @r"
    - image_backup_storage_ref: image-1/backup-1
    ~ image image-1: deleted 0 -> 1, state Enabled -> Deleting
    ");
    assert_eq!(world.commands(), ["delete-image image-1 backup-1"]);
}

/// TestCascadeDeletion36.
#[tokio::test]
async fn a_vm_works_without_its_image() {
    let world = World::new(topology::t1);
    world.run(Delete, Image::roots(["image-1"])).await;
    world.stop("vm-1");
    assert!(world.start("vm-1").is_some());
    world.run(Delete, VmInstance::roots(["vm-1"])).await;
    assert_eq!(world.count("vm_instance"), 0);
}

/// The router offerings of an image are removed with it. Existing routers stay.
#[tokio::test]
async fn an_image_is_deleted_with_its_router_offerings() {
    let mut world = World::new(topology::vr1);
    world.run(Delete, Image::roots(["image-1"])).await;
    insta::assert_snapshot!(world.changes(), @r"
    - image_backup_storage_ref: image-1/backup-1
    ~ image image-1: deleted 0 -> 1, state Enabled -> Deleting
    ~ virtual_router_offering router-offering-1: deleted 0 -> 1
    ");
}

/// TestCascadeDeletion14.
#[tokio::test]
async fn a_vm_survives_its_instance_offering() {
    let mut world = World::new(topology::t1);
    world.run(Delete, InstanceOffering::roots(["offering-1"])).await;
    insta::assert_snapshot!(world.changes(), @r"
    - instance_offering: offering-1
    ~ vm_instance vm-1: instance_offering_id offering-1 -> NULL
    ");
}

/// TestCascadeDeletion15.
#[tokio::test]
async fn a_volume_survives_its_disk_offering() {
    let mut world = World::new(topology::t1);
    world.run(Delete, DiskOffering::roots(["disk-offering-2"])).await;
    insta::assert_snapshot!(world.changes(), @r"
    - disk_offering: disk-offering-2
    ~ volume vm-1-data: disk_offering_id disk-offering-2 -> NULL
    ");
}
