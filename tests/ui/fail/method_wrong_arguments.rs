//! Invalid arguments.

use cascade_core::prelude::*;
use cascade_tests_resources::{Error, Host, HostId, VmId, VmInstance};

#[derive(Extension)]
struct VmCascade;

#[cascade(resource = VmInstance, edges = [Host])]
impl VmCascade {
    #[affected(by = Host)]
    async fn on_hosts(&self, _hosts: Vec<HostId>, _cx: &StepContext) -> Result<Vec<VmId>, Error> {
        Ok(Vec::new())
    }

    #[on(Delete, from = [Host])]
    async fn destroy(&mut self, _vms: &[VmId], _force: bool) -> Result<(), Error> {
        Ok(())
    }

    #[begin(Delete)]
    async fn mark() -> Result<(), Error> {
        Ok(())
    }

    #[cleanup(Delete)]
    async fn purge<T>(&self, _vms: &[VmId], _cx: &StepContext, _again: &StepContext) -> Result<(), Error> {
        Ok(())
    }
}

fn main() {}
