//! A role, but no edges.

use cascade_core::prelude::*;
use cascade_tests_resources::{Error, FolderId, VmId, VmInstance};

#[derive(Extension)]
struct VmCascade;

#[cascade(resource = VmInstance, batch = 10)]
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
