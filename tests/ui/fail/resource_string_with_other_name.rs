//! A string that is the name of a type, but not the name of its resource.

use cascade_core::prelude::*;
use cascade_tests_resources::{Error, Host, HostId, LegacyVm, VmId};

#[derive(Extension)]
struct VmCascade;

#[cascade(resource = "LegacyVm", edges = [Host])]
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
