//! `Delete` under another name decides `Delete`; an own type of that name does not hinder.

use cascade_core::Delete as Remove;
use cascade_core::prelude::{Extension, cascade};
use cascade_tests_resources::{Error, Host, HostId, L3Network, NetworkId, VmId, VmInstance};
use own::Delete;

mod own {
    use cascade_core::Operation;

    #[derive(Operation, Clone, Debug, serde::Serialize, serde::Deserialize)]
    #[operation(code = "own.delete")]
    pub struct Delete;
}

#[derive(Extension)]
struct VmCascade;

#[cascade(resource = VmInstance, edges = [Host], ignore(Delete, from = [Host]))]
impl VmCascade {
    #[affected(by = Host)]
    async fn on_hosts(&self, _hosts: &[HostId]) -> Result<Vec<(HostId, VmId)>, Error> {
        Ok(Vec::new())
    }

    #[on(Remove, from = [Host])]
    async fn destroy(&self, _vms: &[VmId]) -> Result<(), Error> {
        Ok(())
    }
}

#[derive(Extension)]
struct VmAddon;

#[cascade(resource = VmInstance, edges = [L3Network], addon)]
impl VmAddon {
    #[affected(by = L3Network)]
    async fn by_l3network(&self, _ids: &[NetworkId]) -> Result<Vec<VmId>, Error> {
        Ok(Vec::new())
    }

    #[on(Remove, from = [L3Network])]
    async fn leave(&self, _vms: &[VmId]) -> Result<(), Error> {
        Ok(())
    }
}

fn main() {}
