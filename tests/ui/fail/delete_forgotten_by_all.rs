//! An extension with edges and without any rule.

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
}

fn main() {}
