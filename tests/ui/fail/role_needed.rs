//! Types whose edges all have roles.

use cascade_core::prelude::*;
use cascade_tests_resources::{Error, Folder, FolderId, Host, HostId, VmId, VmInstance};

#[derive(Extension)]
struct VmCascade;

#[cascade(resource = VmInstance, edges = [git_root: Folder, source: Host, target: Host])]
impl VmCascade {
    #[affected(by = git_root)]
    async fn with_roots(&self, _folders: &[FolderId]) -> Result<Vec<VmId>, Error> {
        Ok(Vec::new())
    }

    #[affected(by = source)]
    async fn from_hosts(&self, _folders: &[HostId]) -> Result<Vec<VmId>, Error> {
        Ok(Vec::new())
    }

    #[affected(by = Host)]
    async fn to_hosts(&self, _folders: &[HostId]) -> Result<Vec<VmId>, Error> {
        Ok(Vec::new())
    }

    #[on(Delete, from = [Folder, source, target])]
    async fn destroy(&self, _vms: &[VmId]) -> Result<(), Error> {
        Ok(())
    }
}

fn main() {}
