//! An edge that is listed twice by an alias, beside one with a role.

use cascade_core::prelude::*;
use cascade_tests_resources::{Error, Folder, FolderId, VmId, VmInstance};

type Directory = Folder;

#[derive(Extension)]
struct VmCascade;

#[cascade(resource = VmInstance, edges = [git_root: Folder, Folder, Directory])]
impl VmCascade {
    #[affected(by = Folder)]
    async fn in_folders(&self, _folders: &[FolderId]) -> Result<Vec<VmId>, Error> {
        Ok(Vec::new())
    }

    #[affected(by = git_root)]
    async fn with_roots(&self, _folders: &[FolderId]) -> Result<Vec<VmId>, Error> {
        Ok(Vec::new())
    }

    #[affected(by = Directory)]
    async fn in_directories(&self, _folders: &[FolderId]) -> Result<Vec<VmId>, Error> {
        Ok(Vec::new())
    }

    #[on(Delete, from = [Folder, git_root, Directory])]
    async fn destroy(&self, _vms: &[VmId]) -> Result<(), Error> {
        Ok(())
    }
}

fn main() {}
