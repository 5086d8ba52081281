//! A finder for all operations and an effect for two of them, both of which take one operation.

use cascade_core::prelude::*;
use cascade_tests_resources::{Error, Host, HostId, Suspend, VmId, VmInstance};

#[derive(Extension)]
struct VmCascade;

#[cascade(resource = VmInstance, edges = [Host])]
impl VmCascade {
    #[affected(by = Host)]
    async fn on_hosts(&self, _hosts: &[HostId], _op: &Delete) -> Result<Vec<(HostId, VmId)>, Error> {
        Ok(Vec::new())
    }

    #[on(Delete, from = [Host])]
    #[on(Suspend, from = [Host])]
    async fn destroy(&self, _vms: &[VmId], _op: &Delete) -> Result<(), Error> {
        Ok(())
    }
}

fn main() {}
