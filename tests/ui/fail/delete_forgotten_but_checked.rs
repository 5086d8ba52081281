//! `Delete` has a check and a finder, but no rule: one error.

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

    #[affected(by = Host, on = cascade_core::Delete)]
    async fn on_deleted_hosts(&self, _hosts: &[HostId]) -> Result<Vec<(HostId, VmId)>, Error> {
        Ok(Vec::new())
    }

    #[check(cascade_core::Delete)]
    async fn may_be_deleted(&self, _vms: &[VmId]) -> Result<Vec<Veto<VmId>>, Error> {
        Ok(Vec::new())
    }
}

fn main() {}
