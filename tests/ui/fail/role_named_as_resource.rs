//! A role with the name of the resource of the extension.

use cascade_core::prelude::*;
use cascade_tests_resources::{Error, Folder, FolderId, VmId, VmInstance};

#[derive(Extension)]
struct VmCascade;

#[cascade(resource = VmInstance, edges = [VmInstance: Folder])]
impl VmCascade {
    #[affected(by = VmInstance)]
    async fn in_folders(&self, _folders: &[FolderId]) -> Result<Vec<VmId>, Error> {
        Ok(Vec::new())
    }

    #[on(Delete, from = [VmInstance])]
    async fn destroy(&self, _vms: &[VmId]) -> Result<(), Error> {
        Ok(())
    }
}

fn main() {}
