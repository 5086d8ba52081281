//! One method that is the finder of two edges.

use cascade_core::prelude::*;
use cascade_tests_resources::{Error, Host, HostId, L3Network, VmId, VmInstance};

#[derive(Extension)]
struct VmCascade;

#[cascade(resource = VmInstance, edges = [Host, L3Network])]
impl VmCascade {
    #[affected(by = Host)]
    #[affected(by = L3Network)]
    async fn on_hosts(&self, _hosts: &[HostId]) -> Result<Vec<VmId>, Error> {
        Ok(Vec::new())
    }

    #[on(Delete, from = [Host, L3Network])]
    async fn destroy(&self, _vms: &[VmId]) -> Result<(), Error> {
        Ok(())
    }
}

fn main() {}
