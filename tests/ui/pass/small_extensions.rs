//! A resource without edges, a resource that depends on itself, and types with the names that the macros use.

#![deny(warnings)]

use cascade_core::prelude::*;
use cascade_tests_resources::{Error, Folder, FolderId, Zone};

#[derive(Extension)]
struct ZoneCascade;

#[cascade(resource = Zone)]
impl ZoneCascade {}

/// Names that the expanded code must not resolve to.
#[allow(dead_code)]
mod confusing {
    pub struct Option;
    pub struct Box;
    pub struct Vec;
    pub struct Ok;
    pub struct Send;
    pub struct Future;
    pub struct Declaration;
    pub struct Place;
}
#[allow(unused_imports)]
use confusing::*;

type Found = std::vec::Vec<(FolderId, FolderId)>;

#[derive(Extension)]
struct FolderCascade;

// The condition is on the whole `impl`, so that the declaration is the one that is compiled.
#[cfg(any())]
#[cascade(resource = Folder)]
impl FolderCascade {
    #[on(Delete)]
    async fn not_compiled(&self, _folders: &[NoSuchId]) -> Result<(), Error> {
        std::result::Result::Ok(())
    }
}

#[cfg(all())]
#[cascade(resource = Folder, edges = [Folder])]
impl FolderCascade {
    #[affected(by = Folder)]
    async fn inside(&self, folders: &[FolderId]) -> Result<Found, Error> {
        let mut found = Found::new();
        for folder in folders {
            found.push((folder.clone(), FolderId(format!("{folder}/inner"))));
        }
        std::result::Result::Ok(found)
    }

    #[on(Delete)]
    #[on(Delete, from = [Folder])]
    async fn remove(&self, _folders: &[FolderId]) -> Result<(), Error> {
        std::result::Result::Ok(())
    }
}

cascade_core::assert_handled!(Zone, Folder);

fn main() {}
