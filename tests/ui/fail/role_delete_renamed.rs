//! An edge with a role, rules for another operation, and none for `Delete`.

use cascade_core::prelude::*;
use cascade_tests_resources::{Error, Folder, FolderId, Suspend, VmId, VmInstance};

#[derive(Extension)]
struct VmCascade;

#[cascade(resource = VmInstance, edges = [git_root: Folder])]
impl VmCascade {
    #[affected(by = git_root)]
    async fn with_roots(&self, _folders: &[FolderId]) -> Result<Vec<VmId>, Error> {
        Ok(Vec::new())
    }

    #[on(Suspend, from = [git_root])]
    async fn suspend(&self, _vms: &[VmId]) -> Result<(), Error> {
        Ok(())
    }
}

fn main() {}
