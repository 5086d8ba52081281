//! `exclusive` names what is no edge: a misspelt one, a misspelt role, another resource, a list, and two.

use cascade_core::prelude::*;
use cascade_tests_resources::{Error, Folder, FolderId, Zone, ZoneId};

#[derive(Extension)]
struct Misspelt;

#[cascade(resource = Folder, edges = [Folder], exclusive = Foldr, ignore(Delete, from = [Folder]))]
impl Misspelt {}

#[derive(Extension)]
struct MisspeltRole;

#[cascade(resource = Folder, edges = [parent: Folder], exclusive = parnet, addon, ignore(Delete, from = [parent]))]
impl MisspeltRole {}

#[derive(Extension)]
struct NoEdge;

#[cascade(resource = Folder, edges = [Folder], exclusive = Zone, addon, ignore(Delete, from = [Folder]))]
impl NoEdge {}

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
