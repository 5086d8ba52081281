//! A crate with an extension of `VmInstance`, and an add-on to it.

use cascade_core::prelude::*;
use cascade_tests_resources::{Error, Host, HostId, L3Network, NetworkId, VmId, VmInstance};

/// The extension of `VmInstance`.
#[derive(Debug, Extension)]
pub struct VmCascade;

#[cascade(resource = VmInstance, edges = [Host])]
impl VmCascade {
    #[affected(by = Host)]
    async fn on_hosts(&self, hosts: &[HostId]) -> Result<Vec<(HostId, VmId)>, Error> {
        Ok(hosts.iter().map(|host| (host.clone(), VmId(format!("{host}-vm")))).collect())
    }

    #[on(Delete)]
    #[on(Delete, from = [Host])]
    async fn destroy(&self, _vms: &[VmId]) -> Result<(), Error> {
        Ok(())
    }
}

/// The add-on that makes `VmInstance` depend on networks.
#[derive(Debug, Extension)]
pub struct NicCascade;

#[cascade(resource = VmInstance, edges = [L3Network], addon)]
impl NicCascade {
    #[affected(by = L3Network)]
    async fn with_nics_on(&self, networks: &[NetworkId]) -> Result<Vec<VmId>, Error> {
        Ok(networks.iter().map(|network| VmId(format!("{network}-vm"))).collect())
    }

    #[on(Delete, from = [L3Network], leaf)]
    async fn detach_nics(&self, _vms: &[VmId]) -> Result<(), Error> {
        Ok(())
    }
}
