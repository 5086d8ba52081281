//! Two resources with one name in two modules, of which only one is an edge.

use cascade_core::prelude::*;
use cascade_tests_resources::{Error, VmId, VmInstance};

use cascade_tests_resources as infra;

mod other {
    #[derive(cascade_core::Resource)]
    #[resource(id = String)]
    pub struct Host;
}

#[derive(Extension)]
struct VmCascade;

#[cascade(resource = VmInstance, edges = [infra::Host])]
impl VmCascade {
    #[affected(by = other::Host)]
    async fn on_hosts(&self, _hosts: &[String]) -> Result<Vec<(String, VmId)>, Error> {
        Ok(Vec::new())
    }

    #[on(Delete, from = [infra::Host])]
    async fn destroy(&self, _vms: &[VmId]) -> Result<(), Error> {
        Ok(())
    }
}

fn main() {}
