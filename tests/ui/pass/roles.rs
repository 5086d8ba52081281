//! Edges with roles: beside an edge without one, to the resource itself, with a raw identifier, and in a macro.

#![deny(warnings)]

use cascade_core::prelude::*;
use cascade_tests_resources as infra;
use cascade_tests_resources::{Error, Folder, FolderId, Host, HostId, Suspend, VmId, VmInstance};

type Directory = Folder;

#[derive(Extension)]
struct VmCascade;

#[cascade(
    resource = VmInstance,
    edges = [Folder, git_root: infra::Folder, r#type: "Directory", host: Host, template: VmInstance],
    ignore(Delete, from = [r#type, host]),
    retain(Delete, from = template),
    ignore(Suspend, from = others),
)]
impl VmCascade {
    #[affected(by = infra::Folder)]
    async fn in_folders(&self, _folders: &[FolderId]) -> Result<Vec<VmId>, Error> {
        Ok(Vec::new())
    }

    #[affected(by = git_root)]
    async fn with_roots(&self, _folders: &[FolderId]) -> Result<Vec<(FolderId, VmId)>, Error> {
        Ok(Vec::new())
    }

    #[affected(by = "r#type")]
    async fn of_types(&self, _folders: &[FolderId]) -> Result<Vec<VmId>, Error> {
        Ok(Vec::new())
    }

    #[affected(by = r#host)]
    async fn on_hosts(&self, _hosts: &[HostId]) -> Result<Vec<VmId>, Error> {
        Ok(Vec::new())
    }

    #[affected(by = template, on = Delete)]
    async fn from_templates(&self, _templates: &[VmId], _op: &Delete) -> Result<Vec<VmId>, Error> {
        Ok(Vec::new())
    }

    #[affected(by = template)]
    async fn copies(&self, _templates: &[VmId]) -> Result<Vec<VmId>, Error> {
        Ok(Vec::new())
    }

    #[on(Delete, from = [Folder, git_root], root = Host)]
    #[on(Delete, from = [Folder])]
    async fn destroy(&self, _vms: &[VmId]) -> Result<(), Error> {
        Ok(())
    }

    #[on(Delete, from = git_root, leaf)]
    async fn forget_root(&self, _vms: &[VmId]) -> Result<(), Error> {
        Ok(())
    }
}

macro_rules! project {
    ($project:ident: $parent:ty, $role:ident) => {
        #[derive(Extension)]
        struct $project;

        #[cascade(resource = VmInstance, edges = [$parent, $role: $parent], addon)]
        impl $project {
            #[affected(by = $parent)]
            async fn inside(&self, _folders: &[FolderId]) -> Result<Vec<VmId>, Error> {
                Ok(Vec::new())
            }

            #[affected(by = $role)]
            async fn along(&self, _folders: &[FolderId]) -> Result<Vec<VmId>, Error> {
                Ok(Vec::new())
            }

            #[on(Delete, from = [$parent, $role])]
            async fn destroy(&self, _vms: &[VmId]) -> Result<(), Error> {
                Ok(())
            }
        }
    };
}

project!(Project: Folder, owner);

fn main() {}
