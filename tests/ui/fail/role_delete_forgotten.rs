//! Edges with and without a role, but no rule for `Delete`.

use cascade_core::prelude::*;
use cascade_tests_resources::{Error, Folder, FolderId, VmId, VmInstance};

#[derive(Extension)]
struct VmCascade;

#[cascade(resource = VmInstance, edges = [Folder, git_root: Folder])]
impl VmCascade {
    #[affected(by = Folder)]
    async fn in_folders(&self, _folders: &[FolderId]) -> Result<Vec<VmId>, Error> {
        Ok(Vec::new())
    }

    #[affected(by = git_root)]
    async fn with_roots(&self, _folders: &[FolderId]) -> Result<Vec<VmId>, Error> {
        Ok(Vec::new())
    }
}

fn main() {}
