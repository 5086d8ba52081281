//! Methods with a condition: one that is compiled, and one that is not. A condition in a body, on a method of another
//! kind, or of a lint is no mistake.

use cascade_core::prelude::*;
use cascade_tests_resources::{Error, Host, HostId, VmId, VmInstance};

#[derive(Extension)]
struct VmCascade;

#[cascade(resource = VmInstance, edges = [Host])]
impl VmCascade {
    #[cfg(all())]
    #[affected(by = Host)]
    async fn on_hosts(&self, _hosts: &[HostId]) -> Result<Vec<(HostId, VmId)>, Error> {
        Ok(Vec::new())
    }

    #[on(Delete, from = [Host])]
    #[cfg(any())]
    async fn destroy(&self, _vms: &[VmId]) -> Result<(), Error> {
        Ok(())
    }

    #[cfg_attr(all(), cfg(any()))]
    #[check(Delete)]
    async fn may_be_destroyed(&self, _vms: &[VmId]) -> Result<Vec<Veto<VmId>>, Error> {
        Ok(Vec::new())
    }

    #[cfg_attr(all(), allow(unused_variables))]
    #[cleanup(Delete)]
    async fn purge(&self, vms: &[VmId]) -> Result<(), Error> {
        #[cfg(any())]
        drop(vms);
        Ok(())
    }

    #[cfg(any())]
    async fn not_annotated(&self) {}
}

fn main() {}
