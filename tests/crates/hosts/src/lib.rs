//! A crate with the extension of `Host`. Other crates use no item of it.

use cascade_core::prelude::*;
use cascade_tests_resources::{Error, Host, HostId, Zone, ZoneId};

/// The extension of `Host`.
#[derive(Debug, Extension)]
pub struct HostCascade;

#[cascade(resource = Host, edges = [Zone])]
impl HostCascade {
    #[affected(by = Zone)]
    async fn in_zones(&self, zones: &[ZoneId]) -> Result<Vec<(ZoneId, HostId)>, Error> {
        Ok(zones.iter().map(|zone| (zone.clone(), HostId(format!("{zone}-host")))).collect())
    }

    #[on(Delete)]
    #[on(Delete, from = [Zone])]
    async fn remove(&self, _hosts: &[HostId]) -> Result<(), Error> {
        Ok(())
    }
}
