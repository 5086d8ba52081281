//! An edge that is listed twice, once by an alias.

use cascade_core::prelude::*;
use cascade_tests_resources::{Error, Host, HostId, VmId, VmInstance};

type Machine = Host;

#[derive(Extension)]
struct VmCascade;

#[cascade(resource = VmInstance, edges = [Host, Machine])]
impl VmCascade {
    #[affected(by = Host)]
    async fn on_hosts(&self, _hosts: &[HostId]) -> Result<Vec<(HostId, VmId)>, Error> {
        Ok(Vec::new())
    }

    #[affected(by = Machine)]
    async fn by_machine(&self, _ids: &[HostId]) -> Result<Vec<VmId>, Error> {
        Ok(Vec::new())
    }

    #[on(Delete, from = [Host, Machine])]
    async fn destroy(&self, _vms: &[VmId]) -> Result<(), Error> {
        Ok(())
    }
}

fn main() {}
