//! The operations on ids of one type, for code that does not know the type.

use std::any::{TypeId, type_name};

use super::id::ResourceId;
use super::interner::Interner;
#[cfg(feature = "remote")]
use super::table::BatchForm;
use super::table::IdTable;

/// The operations on ids of one type, as function pointers.
#[derive(Clone, Copy)]
pub(crate) struct IdKind {
    pub(crate) type_id: TypeId,
    pub(crate) type_name: fn() -> &'static str,
    pub(crate) table: fn() -> Box<dyn IdTable>,
    #[cfg(feature = "remote")]
    pub(crate) batch: BatchForm,
}

impl IdKind {
    /// Not inlined, because each crate that uses a resource would otherwise compile everything that this names.
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
