//! `may_cut` names an edge twice, and a resource that is no edge.

use cascade_core::prelude::*;
use cascade_tests_resources::{Error, Folder, FolderId, Zone};

#[derive(Extension)]
struct FolderCascade;

#[cascade(resource = Folder, edges = [Folder], may_cut = [Folder, Folder, Zone])]
impl FolderCascade {
    #[affected(by = Folder)]
    async fn inside(&self, _folders: &[FolderId]) -> Result<Vec<(FolderId, FolderId)>, Error> {
        Ok(Vec::new())
    }

    #[on(Delete, from = [Folder])]
    async fn remove(&self, _folders: &[FolderId]) -> Result<(), Error> {
        Ok(())
    }
}

fn main() {}
