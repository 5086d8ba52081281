//! An extension that knows another operation, but not `Delete`.

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

    #[on(Suspend, from = [Host])]
    async fn pause(&self, _vms: &[VmId]) -> Result<(), Error> {
        Ok(())
    }
}

fn main() {}
