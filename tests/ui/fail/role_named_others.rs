//! A role with the name that means all other edges.

use cascade_core::prelude::*;
use cascade_tests_resources::{Error, Folder, FolderId, VmId, VmInstance};

#[derive(Extension)]
struct VmCascade;

#[cascade(resource = VmInstance, edges = [Folder, others: Folder], ignore(Delete, from = others))]
impl VmCascade {
    #[affected(by = Folder)]
    async fn in_folders(&self, _folders: &[FolderId]) -> Result<Vec<VmId>, Error> {
        Ok(Vec::new())
    }

    #[affected(by = others)]
    async fn in_others(&self, _folders: &[FolderId]) -> Result<Vec<VmId>, Error> {
        Ok(Vec::new())
    }

    #[on(Delete, from = [Folder])]
    async fn destroy(&self, _vms: &[VmId]) -> Result<(), Error> {
        Ok(())
    }
}

fn main() {}
