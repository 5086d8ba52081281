//! `shared` along two edges: neither finder can tell whether the instance has an owner along the other edge.

use cascade_core::prelude::*;
use cascade_tests_resources::{Error, Host, HostId, VmId, VmInstance};

#[derive(Resource)]
#[resource(id = HostId)]
struct Pool;

#[derive(Extension)]
struct VmCascade;

#[cascade(resource = VmInstance, edges = [Host, Pool], shared(Delete, from = [Host, Pool]))]
impl VmCascade {
    #[affected(by = Host)]
    async fn on_hosts(&self, _hosts: &[HostId]) -> Result<Vec<(HostId, VmId)>, Error> {
        Ok(Vec::new())
    }

    #[affected(by = Pool)]
    async fn in_pools(&self, _pools: &[HostId]) -> Result<Vec<(HostId, VmId)>, Error> {
        Ok(Vec::new())
    }
}

fn main() {}
