//! Attributes of `#[cascade]` in a condition: one that holds, and one that does not.

use cascade_core::prelude::*;
use cascade_tests_resources::{Error, Host, HostId, VmId, VmInstance};

#[derive(Extension)]
struct VmCascade;

#[cascade(resource = VmInstance, edges = [Host])]
impl VmCascade {
    #[affected(by = Host)]
    async fn on_hosts(&self, _hosts: &[HostId]) -> Result<Vec<(HostId, VmId)>, Error> {
        Ok(Vec::new())
    }

    #[cfg_attr(all(), on(Delete, from = [Host]))]
    async fn destroy(&self, _vms: &[VmId]) -> Result<(), Error> {
        Ok(())
    }

    #[cfg_attr(any(), check(Delete))]
    async fn may_be_destroyed(&self, _vms: &[VmId]) -> Result<Vec<Veto<VmId>>, Error> {
        Ok(Vec::new())
    }
}

fn main() {}
