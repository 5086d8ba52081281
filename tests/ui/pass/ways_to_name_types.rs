//! Types by name, by path, in a string literal and by an alias; edges that are spelled differently than in `edges`.

#![deny(warnings)]

use cascade_core::prelude::*;
use cascade_core::{Declare, Delete as Remove};
use cascade_tests_resources as infra;
use cascade_tests_resources::{Error, Host, HostId, NetworkId, StorageId, VmId};

type Machine = infra::VmInstance;

#[derive(Extension)]
struct ByPath;

#[cascade(
    resource = "infra::VmInstance",
    edges = [Host, "infra::PrimaryStorage", infra::L3Network],
    ignore(cascade_core::Delete, from = "infra::L3Network"),
    timeout = "none",
)]
impl ByPath {
    #[affected(by = infra::Host)]
    async fn on_hosts(&self, _hosts: &[HostId]) -> Result<Vec<VmId>, Error> {
        Ok(Vec::new())
    }

    #[affected(by = infra::PrimaryStorage)]
    async fn on_storages(&self, _storages: &[StorageId]) -> Result<Vec<VmId>, Error> {
        Ok(Vec::new())
    }

    #[affected(by = "infra::L3Network")]
    async fn with_nics(&self, _networks: &[NetworkId]) -> Result<Vec<VmId>, Error> {
        Ok(Vec::new())
    }

    #[on(Delete, from = [Host, infra::PrimaryStorage])]
    async fn destroy(&self, _vms: &[VmId], _operation: &Delete) -> Result<(), Error> {
        Ok(())
    }
}

#[derive(Extension)]
struct ByAlias(());

#[cascade(resource = Machine, edges = [Host], addon)]
impl ByAlias {
    #[affected(by = Host)]
    async fn on_hosts(&self, _hosts: &[HostId]) -> Result<Vec<VmId>, Error> {
        Ok(Vec::new())
    }

    #[on(Remove, from = [Host])]
    async fn destroy(&self, _vms: &[VmId], _operation: &Delete) -> Result<(), Error> {
        Ok(())
    }
}

fn main() {
    assert_eq!(ByPath::declare().descriptor().edges[1].parent.name(), "PrimaryStorage");
    assert_eq!(ByAlias::declare().descriptor().resource.name(), "VmInstance");
}
