//! An add-on with two edges that knows another operation, but not `Delete`.

use cascade_core::prelude::*;
use cascade_tests_resources::{Error, Host, HostId, L3Network, NetworkId, Suspend, VmId, VmInstance};

#[derive(Extension)]
struct VmCascade;

#[cascade(resource = VmInstance, edges = [Host, L3Network], addon)]
impl VmCascade {
    #[affected(by = Host)]
    async fn on_hosts(&self, _hosts: &[HostId]) -> Result<Vec<(HostId, VmId)>, Error> {
        Ok(Vec::new())
    }

    #[affected(by = L3Network)]
    async fn by_l3network(&self, _ids: &[NetworkId]) -> Result<Vec<VmId>, Error> {
        Ok(Vec::new())
    }

    #[on(Suspend, from = [Host, L3Network])]
    async fn pause(&self, _vms: &[VmId]) -> Result<(), Error> {
        Ok(())
    }
}

fn main() {}
