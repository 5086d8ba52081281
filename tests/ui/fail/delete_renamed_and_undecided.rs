//! `Delete` under another name, with an undecided edge: one error, in terms of that name.

use cascade_core::Delete as Remove;
use cascade_core::prelude::*;
use cascade_tests_resources::{Error, Host, HostId, L3Network, NetworkId, VmId, VmInstance};

#[derive(Extension)]
struct VmCascade;

#[cascade(resource = VmInstance, edges = [Host, L3Network])]
impl VmCascade {
    #[affected(by = Host)]
    async fn on_hosts(&self, _hosts: &[HostId]) -> Result<Vec<(HostId, VmId)>, Error> {
        Ok(Vec::new())
    }

    #[affected(by = L3Network)]
    async fn by_l3network(&self, _ids: &[NetworkId]) -> Result<Vec<VmId>, Error> {
        Ok(Vec::new())
    }

    #[on(Remove, from = [Host])]
    async fn destroy(&self, _vms: &[VmId]) -> Result<(), Error> {
        Ok(())
    }
}

fn main() {}
