//! Storage: primary storages hold volumes, backup storages hold images.

use cascade_core::Resource;

use crate::id::string_id;
use crate::table::Stored;

/// A place for volumes. Attached to clusters.
#[derive(Debug, Resource)]
#[resource(id = PrimaryStorageId)]
pub struct PrimaryStorage;

string_id! {
    /// Names a [`PrimaryStorage`].
    PrimaryStorageId
}

impl Stored for PrimaryStorage {
    const TABLE: &'static str = "primary_storage";
    const SOFT_DELETED: bool = true;
}

/// A disk: the root disk of a VM, or a data disk.
#[derive(Debug, Resource)]
#[resource(id = VolumeId)]
pub struct Volume;

string_id! {
    /// Names a [`Volume`].
    VolumeId
}

impl Stored for Volume {
    const TABLE: &'static str = "volume";
    const SOFT_DELETED: bool = true;
}

/// A snapshot of a volume.
#[derive(Debug, Resource)]
#[resource(id = VolumeSnapshotId)]
pub struct VolumeSnapshot;

string_id! {
    /// Names a [`VolumeSnapshot`].
    VolumeSnapshotId
}

impl Stored for VolumeSnapshot {
    const TABLE: &'static str = "volume_snapshot";
    const SOFT_DELETED: bool = true;
}

/// A size of volumes.
#[derive(Debug, Resource)]
#[resource(id = DiskOfferingId)]
pub struct DiskOffering;

string_id! {
    /// Names a [`DiskOffering`].
    DiskOfferingId
}

impl Stored for DiskOffering {
    const TABLE: &'static str = "disk_offering";
    const SOFT_DELETED: bool = true;
}

/// A place for images. Attached to zones.
#[derive(Debug, Resource)]
#[resource(id = BackupStorageId)]
pub struct BackupStorage;

string_id! {
    /// Names a [`BackupStorage`].
    BackupStorageId
}

impl Stored for BackupStorage {
    const TABLE: &'static str = "backup_storage";
    const SOFT_DELETED: bool = true;
}

/// A template of VMs, with one copy on each of its backup storages.
#[derive(Debug, Resource)]
#[resource(id = ImageId)]
pub struct Image;

string_id! {
    /// Names a [`Image`].
    ImageId
}

impl Stored for Image {
    const TABLE: &'static str = "image";
    const SOFT_DELETED: bool = true;
}
