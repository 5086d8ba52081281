//! The extensions of primary storages, volumes, snapshots, backup storages and images.

#![forbid(unsafe_code)]

mod backup_storage;
mod disk_offering;
mod image;
mod primary_storage;
mod volume;
mod volume_snapshot;
