//! A resource whose type is not a resource.

use cascade_core::prelude::*;
use cascade_tests_resources::{Disk, Error, Host, HostId, VmId};

#[derive(Extension)]
struct VmCascade;

#[cascade(resource = Disk, edges = [Host])]
impl VmCascade {
    #[affected(by = Host)]
    async fn on_hosts(&self, _hosts: &[HostId]) -> Result<Vec<(HostId, VmId)>, Error> {
        Ok(Vec::new())
    }

    #[on(Delete, from = [Host])]
    async fn destroy(&self, _vms: &[VmId]) -> Result<(), Error> {
        Ok(())
    }
}

fn main() {}
