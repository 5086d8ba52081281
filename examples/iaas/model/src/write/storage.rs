//! New storages, volumes, snapshots and images.

use super::Writer;

/// A new volume.
#[derive(Clone, Copy, Debug)]
pub struct NewVolume<'a> {
    /// Its id.
    pub id: &'a str,
    /// Its owner.
    pub account: &'a str,
    /// Whether it is the root disk of its VM.
    pub root: bool,
    /// Its storage.
    pub storage: &'a str,
    /// The VM or router to which it is attached.
    pub owner: Option<&'a str>,
    /// Its size.
    pub offering: Option<&'a str>,
}

impl Writer<'_> {
    /// A primary storage, attached to clusters.
    pub fn primary_storage(&self, id: &str, zone: &str, clusters: &[&str]) -> rusqlite::Result<()> {
        self.insert("INSERT INTO primary_storage (id, zone_id) VALUES (?1, ?2)", [id, zone])?;
        clusters.iter().try_for_each(|cluster| {
            self.insert(
                "INSERT INTO primary_storage_cluster_ref (primary_storage_id, cluster_id) VALUES (?1, ?2)",
                [id, cluster],
            )
        })
    }

    /// A size of volumes.
    pub fn disk_offering(&self, id: &str, account: &str) -> rusqlite::Result<()> {
        self.insert("INSERT INTO disk_offering (id, account_id) VALUES (?1, ?2)", [id, account])
    }

    /// A volume.
    pub fn volume(&self, volume: &NewVolume<'_>) -> rusqlite::Result<()> {
        let NewVolume { id, account, root, storage, owner, offering } = *volume;
        let kind = if root { "Root" } else { "Data" };
        self.insert(
            "INSERT INTO volume (id, kind, account_id, primary_storage_id, owner_id, disk_offering_id)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
            (id, kind, account, storage, owner, offering),
        )
    }

    /// A snapshot of a volume.
    pub fn snapshot(&self, id: &str, volume: &str) -> rusqlite::Result<()> {
        self.insert("INSERT INTO volume_snapshot (id, volume_id) VALUES (?1, ?2)", [id, volume])
    }

    /// A backup storage, attached to zones.
    pub fn backup_storage(&self, id: &str, zones: &[&str]) -> rusqlite::Result<()> {
        self.insert("INSERT INTO backup_storage (id) VALUES (?1)", [id])?;
        zones.iter().try_for_each(|zone| {
            self.insert(
                "INSERT INTO backup_storage_zone_ref (backup_storage_id, zone_id) VALUES (?1, ?2)",
                [id, zone],
            )
        })
    }

    /// An image, with a copy on each of these storages.
    pub fn image(&self, id: &str, account: &str, storages: &[&str]) -> rusqlite::Result<()> {
        self.insert("INSERT INTO image (id, account_id) VALUES (?1, ?2)", [id, account])?;
        storages.iter().try_for_each(|storage| {
            self.insert(
                "INSERT INTO image_backup_storage_ref (image_id, backup_storage_id) VALUES (?1, ?2)",
                [id, storage],
            )
        })
    }
}
