//! A keyword as a role.

use cascade_core::prelude::*;
use cascade_tests_resources::{Error, Folder, FolderId, Host, VmId, VmInstance};

#[derive(Extension)]
struct VmCascade;

#[cascade(resource = VmInstance, edges = [type: Folder, self: Host])]
impl VmCascade {
    #[affected(by = r#type)]
    async fn of_types(&self, _folders: &[FolderId]) -> Result<Vec<VmId>, Error> {
        Ok(Vec::new())
    }

    #[on(Delete, from = [r#type])]
    async fn destroy(&self, _vms: &[VmId]) -> Result<(), Error> {
        Ok(())
    }
}

fn main() {}
