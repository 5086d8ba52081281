//! A role that is declared twice.

use cascade_core::prelude::*;
use cascade_tests_resources::{Error, Folder, FolderId, Host, VmId, VmInstance};

#[derive(Extension)]
struct VmCascade;

#[cascade(resource = VmInstance, edges = [git_root: Folder, git_root: Host])]
impl VmCascade {
    #[affected(by = git_root)]
    async fn with_roots(&self, _folders: &[FolderId]) -> Result<Vec<VmId>, Error> {
        Ok(Vec::new())
    }

    #[on(Delete, from = [git_root])]
    async fn destroy(&self, _vms: &[VmId]) -> Result<(), Error> {
        Ok(())
    }
}

fn main() {}
