//! Edges with roles that have no rule, or one for some roots only.

use cascade_core::prelude::*;
use cascade_tests_resources::{Error, Folder, FolderId, VmId, VmInstance, Zone};

#[derive(Extension)]
struct VmCascade;

#[cascade(resource = VmInstance, edges = [Folder, git_root: Folder, r#type: Folder])]
impl VmCascade {
    #[affected(by = Folder)]
    async fn in_folders(&self, _folders: &[FolderId]) -> Result<Vec<VmId>, Error> {
        Ok(Vec::new())
    }

    #[affected(by = git_root)]
    async fn with_roots(&self, _folders: &[FolderId]) -> Result<Vec<VmId>, Error> {
        Ok(Vec::new())
    }

    #[affected(by = r#type)]
    async fn of_types(&self, _folders: &[FolderId]) -> Result<Vec<VmId>, Error> {
        Ok(Vec::new())
    }

    #[on(Delete, from = [Folder])]
    async fn destroy(&self, _vms: &[VmId]) -> Result<(), Error> {
        Ok(())
    }

    #[on(Delete, from = [git_root], root = Zone)]
    async fn detach(&self, _vms: &[VmId]) -> Result<(), Error> {
        Ok(())
    }
}

fn main() {}
