//! A future whose output is not a `Result`.

use cascade_core::prelude::*;
use cascade_tests_resources::{Error, Host, HostId, VmId, VmInstance};

#[derive(Extension)]
struct VmCascade;

#[cascade(resource = VmInstance, edges = [Host])]
impl VmCascade {
    #[affected(by = Host)]
    async fn on_hosts(&self, _hosts: &[HostId]) -> Result<Vec<(HostId, VmId)>, Error> {
        Ok(Vec::new())
    }

    #[on(Delete, from = [Host])]
    fn destroy(&self, _vms: &[VmId]) -> impl Future<Output = u32> {
        std::future::ready(1)
    }
}

fn main() {}
