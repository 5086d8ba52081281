//! Extensions that name types in every possible way; `tests/rustdoc.rs` checks the links to them.

#![forbid(unsafe_code)]
#![expect(unused_qualifications, reason = "the tests need different spellings of one type")]
#![expect(missing_debug_implementations, reason = "only rustdoc reads these types")]

use cascade_core::prelude::*;

use places::{Cluster as Group, Zone};

/// Places of hosts.
pub mod places {
    use cascade_core::prelude::*;

    /// A data centre.
    #[derive(Resource)]
    #[resource(id = u64)]
    pub struct Zone;

    /// Some hosts.
    #[derive(Resource)]
    #[resource(id = u64)]
    pub struct Cluster;

    /// A room with hosts in it.
    #[derive(Resource)]
    #[resource(id = u64)]
    pub struct Room;

    /// A copy of a storage; its name is also that of a derive.
    #[derive(Resource)]
    #[resource(id = u64)]
    pub struct Copy;
}

pub use places::Copy;

/// An alias of a storage.
pub type Pool = Storage;

/// A storage.
#[derive(Resource)]
#[resource(id = u64)]
pub struct Storage;

/// A private resource.
#[derive(Resource)]
#[resource(id = u64)]
struct Secret;

/// A host.
#[derive(Resource)]
#[resource(id = u64)]
pub struct Host;

/// The extension of hosts.
#[derive(Extension)]
pub struct HostCascade;

/// Hosts are removed with their zone.
#[cascade(
    resource = "Host",
    edges = [Zone, Group, Copy, Pool, crate::places::Room, Secret, spare: Zone, r#type: Copy],
    after = [self::Storage],
    retain(Delete, from = [Pool]),
    ignore(Delete, from = [Secret, r#type])
)]
impl HostCascade {
    #[affected(by = Zone)]
    async fn in_zones(&self, _zones: &[u64]) -> Result<Vec<u64>, StepError> {
        Ok(Vec::new())
    }

    #[affected(by = Group)]
    async fn in_clusters(&self, _clusters: &[u64]) -> Result<Vec<u64>, StepError> {
        Ok(Vec::new())
    }

    #[affected(by = Copy)]
    async fn of_copies(&self, _copies: &[u64]) -> Result<Vec<u64>, StepError> {
        Ok(Vec::new())
    }

    #[affected(by = Pool)]
    async fn on_pools(&self, _pools: &[u64]) -> Result<Vec<u64>, StepError> {
        Ok(Vec::new())
    }

    #[affected(by = crate::places::Room)]
    async fn in_rooms(&self, _clusters: &[u64]) -> Result<Vec<u64>, StepError> {
        Ok(Vec::new())
    }

    #[affected(by = Secret)]
    async fn of_secrets(&self, _secrets: &[u64]) -> Result<Vec<u64>, StepError> {
        Ok(Vec::new())
    }

    #[affected(by = spare)]
    async fn with_spare_zones(&self, _zones: &[u64]) -> Result<Vec<u64>, StepError> {
        Ok(Vec::new())
    }

    #[affected(by = r#type)]
    async fn of_types(&self, _copies: &[u64]) -> Result<Vec<u64>, StepError> {
        Ok(Vec::new())
    }

    #[check(Delete, effects = [remove])]
    async fn may_be_removed(&self, _hosts: &[u64]) -> Result<Vec<Veto<u64>>, StepError> {
        Ok(Vec::new())
    }

    #[on(Delete, from = [Copy], root = Zone, leaf)]
    async fn drain(&self, _hosts: &[u64]) -> Result<(), StepError> {
        Ok(())
    }

    #[on(Delete)]
    #[on(Delete, from = [Zone, Group, Copy, crate::places::Room, spare])]
    #[on(Delete, from = [Group], root = places::Zone)]
    async fn remove(&self, _hosts: &[u64]) -> Result<(), StepError> {
        Ok(())
    }
}

/// The extension of storages.
#[derive(Extension)]
pub struct StorageCascade;

/// Storages are removed with their zone.
#[cascade(resource = Storage, edges = [Zone], addon)]
impl StorageCascade {
    /// A public finder.
    #[affected(by = Zone)]
    pub async fn in_zones(&self, _zones: &[u64]) -> Result<Vec<u64>, StepError> {
        Ok(Vec::new())
    }

    #[on(Delete, from = [Zone])]
    async fn remove(&self, _storages: &[u64]) -> Result<(), StepError> {
        Ok(())
    }
}
