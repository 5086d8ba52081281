//! What the engine can do with ids whose type it does not know.

use std::any::{TypeId, type_name};

use super::id::ResourceId;
use super::interner::Interner;
#[cfg(feature = "remote")]
use super::table::BatchForm;
use super::table::IdTable;

/// What the engine can do with ids whose type it does not know.
#[derive(Clone, Copy)]
pub(crate) struct IdKind {
    pub(crate) type_id: TypeId,
    pub(crate) type_name: fn() -> &'static str,
    pub(crate) table: fn() -> Box<dyn IdTable>,
    #[cfg(feature = "remote")]
    pub(crate) batch: BatchForm,
}

impl IdKind {
    /// Not inlined: all that it names would be compiled wherever a resource is.
    #[inline(never)]
    pub(crate) fn of<Id: ResourceId>() -> Self {
        Self {
            type_id: TypeId::of::<Id>(),
            type_name: type_name::<Id>,
            table: || Box::new(Interner::<Id>::new()),
            #[cfg(feature = "remote")]
            batch: BatchForm::of::<Id>(),
        }
    }
}
