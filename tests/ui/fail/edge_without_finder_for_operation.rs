//! An edge that has finders for other operations only.

use cascade_core::prelude::*;
use cascade_tests_resources::{DetachHost, Error, Host, HostId, VmId, VmInstance};

#[derive(Extension)]
struct VmCascade;

#[cascade(resource = VmInstance, edges = [Host])]
impl VmCascade {
    #[affected(by = Host, on = DetachHost)]
    async fn by_host(&self, _ids: &[HostId]) -> Result<Vec<VmId>, Error> {
        Ok(Vec::new())
    }

    #[on(DetachHost, from = [Host])]
    #[on(Delete, from = [Host])]
    async fn destroy(&self, _vms: &[VmId]) -> Result<(), Error> {
        Ok(())
    }
}

fn main() {}
