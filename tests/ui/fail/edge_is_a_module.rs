//! A module as an edge.

use cascade_core::prelude::*;
use cascade_tests_resources::{Error, HostId, VmId, VmInstance};

mod host {}

#[derive(Extension)]
struct VmCascade;

#[cascade(resource = VmInstance, edges = [host])]
impl VmCascade {
    #[affected(by = host)]
    async fn on_hosts(&self, _hosts: &[HostId]) -> Result<Vec<(HostId, VmId)>, Error> {
        Ok(Vec::new())
    }

    #[on(Delete, from = [host])]
    async fn destroy(&self, _vms: &[VmId]) -> Result<(), Error> {
        Ok(())
    }
}

fn main() {}
