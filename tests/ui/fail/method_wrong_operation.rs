//! A method that takes another operation than its attribute names.

use cascade_core::prelude::*;
use cascade_tests_resources::{Error, Host, HostId, Suspend, VmId, VmInstance};

#[derive(Extension)]
struct VmCascade;

#[cascade(resource = VmInstance, edges = [Host])]
impl VmCascade {
    #[affected(by = Host)]
    async fn on_hosts(&self, _hosts: &[HostId]) -> Result<Vec<(HostId, VmId)>, Error> {
        Ok(Vec::new())
    }

    #[on(Delete, from = [Host])]
    async fn destroy(&self, _vms: &[VmId], _op: &Suspend) -> Result<(), Error> {
        Ok(())
    }
}

fn main() {}
