//! `exclusive` names no edge, a misspelt role, and two edges.

use cascade_core::prelude::*;
use cascade_tests_resources::{Error, Folder, FolderId, Zone, ZoneId};

#[derive(Extension)]
struct NoEdge;

#[cascade(resource = Folder, edges = [parent: Folder], exclusive = Zone, addon)]
impl NoEdge {
    #[affected(by = parent)]
    async fn inside(&self, _folders: &[FolderId]) -> Result<Vec<(FolderId, FolderId)>, Error> {
        Ok(Vec::new())
    }

    #[on(Delete, from = [parent])]
    async fn remove(&self, _folders: &[FolderId]) -> Result<(), Error> {
        Ok(())
    }
}

#[derive(Extension)]
struct MisspeltRole;

#[cascade(resource = Folder, edges = [parent: Folder], exclusive = parnet, addon)]
impl MisspeltRole {
    #[affected(by = parent)]
    async fn inside(&self, _folders: &[FolderId]) -> Result<Vec<(FolderId, FolderId)>, Error> {
        Ok(Vec::new())
    }

    #[on(Delete, from = [parent])]
    async fn remove(&self, _folders: &[FolderId]) -> Result<(), Error> {
        Ok(())
    }
}

#[derive(Extension)]
struct TwoEdges;

#[cascade(resource = Folder, edges = [Folder, Zone], exclusive = [Folder, Zone], addon)]
impl TwoEdges {
    #[affected(by = Folder)]
    async fn inside(&self, _folders: &[FolderId]) -> Result<Vec<(FolderId, FolderId)>, Error> {
        Ok(Vec::new())
    }

    #[affected(by = Zone)]
    async fn in_zones(&self, _zones: &[ZoneId]) -> Result<Vec<(ZoneId, FolderId)>, Error> {
        Ok(Vec::new())
    }

    #[on(Delete, from = [Folder, Zone])]
    async fn remove(&self, _folders: &[FolderId]) -> Result<(), Error> {
        Ok(())
    }
}

fn main() {}
