use cascade_core::prelude::*;
use cascade_tests_resources::{Error, Host, HostId, VmId, VmInstance};

struct Bad;

#[derive(Extension)]
struct VmCascade;

#[cascade(resource = VmInstance, edges = [Host])]
impl VmCascade {
    #[affected(by = Host)]
    async fn on_hosts(&self, hosts: &[HostId]) -> Result<Vec<(HostId, VmId)>, Error> {
        Ok(hosts.iter().map(|host| (host.clone(), VmId(host.0.clone()))).collect())
    }

    #[on(Delete, from = [Host])]
    async fn destroy(&self, _vms: &[VmId]) -> Result<(), Bad> {
        Ok(())
    }
}

fn main() {}
