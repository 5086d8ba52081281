//! A method without a return type, and one that does not return a `Result`.

use cascade_core::prelude::*;
use cascade_tests_resources::{Host, HostId, VmId, VmInstance};

#[derive(Extension)]
struct VmCascade;

#[cascade(resource = VmInstance, edges = [Host])]
impl VmCascade {
    #[affected(by = Host)]
    async fn on_hosts(&self, _hosts: &[HostId]) -> Vec<(HostId, VmId)> {
        Vec::new()
    }

    #[on(Delete, from = [Host])]
    async fn destroy(&self, _vms: &[VmId]) {
    }
}

fn main() {}
