//! A column of ids whose type the engine does not know, and parts of it for the calls of users' methods.

use std::any::Any;
use std::fmt;
use std::ops::Range;

use super::id::ResourceId;

/// A column of ids whose type the engine does not know.
pub(crate) trait IdTable: Any + Send + Sync {
    fn len(&self) -> usize;
    fn fmt_id(&self, index: u32, f: &mut fmt::Formatter<'_>) -> fmt::Result;
    fn id_to_json(&self, index: u32) -> Result<serde_json::Value, serde_json::Error>;
    /// Reads an id as a person types it: as the text itself, else as a JSON value (`42`).
    fn parse_and_insert(&mut self, text: &str) -> Result<u32, serde_json::Error>;
    /// Reads an id as a journal keeps it.
    fn insert_json(&mut self, id: serde_json::Value) -> Result<u32, serde_json::Error>;
    /// The indices of ids of the table's own type; `None` for one that is not there.
    fn known(&self, ids: &Batch<'_>) -> Vec<Option<u32>>;
    /// The indices of ids of the table's own type, new ones added. There will be about `expected` in the whole table, as
    /// far as one can tell.
    fn insert_batch(&mut self, ids: &Batch<'_>, expected: usize) -> Vec<u32>;
    /// All indices, in the order of their ids.
    fn sorted(&self) -> Vec<u32>;
    /// These indices part by part, where their ids, in order, are parted into parts of that size. They come ascending, each
    /// once, and are so within each part.
    fn in_parts(&self, indices: Vec<u32>, size: usize) -> Vec<u32>;
    /// A table of its own with the same ids.
    fn copied(&self) -> Box<dyn IdTable>;
    /// The ids of `indices`, in their order.
    fn select(&self, indices: &[u32]) -> Batch<'static>;
    /// The ids of the indices that these nodes have counted from `first`, in their order. Not copied where they stand
    /// in a row.
    fn batch(&self, nodes: &[u32], first: u32) -> Batch<'_>;
    /// The same, lent; `None` where they do not stand in a row.
    fn row(&self, nodes: &[u32], first: u32) -> Option<BatchIds<'_>>;
    fn as_any(&self) -> &dyn Any;
    fn as_any_mut(&mut self) -> &mut dyn Any;
}

/// BatchIds for one call of a user's method, of a type that the engine does not know.
pub(crate) enum Batch<'t> {
    /// BatchIds of their own.
    Own(Box<dyn Any + Send + Sync>),
    /// A part of a table.
    Part(&'t dyn IdTable, Range<usize>),
}

impl Batch<'_> {
    pub(crate) fn typed<Id: ResourceId>(&self) -> Option<&[Id]> {
        self.ids().typed()
    }

    pub(crate) fn ids(&self) -> BatchIds<'_> {
        match self {
            Self::Own(ids) => BatchIds::Own(&**ids),
            Self::Part(table, range) => BatchIds::Part(*table, range.start, range.end),
        }
    }
}

/// The ids of a batch, lent.
#[derive(Clone, Copy)]
pub(crate) enum BatchIds<'t> {
    Own(&'t (dyn Any + Send + Sync)),
    /// From one position of a table to another.
    Part(&'t dyn IdTable, usize, usize),
}

impl<'t> BatchIds<'t> {
    pub(crate) fn typed<Id: ResourceId>(self) -> Option<&'t [Id]> {
        match self {
            Self::Own(ids) => ids.downcast_ref::<Vec<Id>>().map(Vec::as_slice),
            Self::Part(table, from, to) => table.typed::<Id>()?.all().get(from..to),
        }
    }
}

/// How ids of a type that the engine does not know are read, written and printed in a batch.
#[derive(Clone, Copy)]
#[cfg(feature = "remote")]
pub(crate) struct BatchForm {
    pub(crate) write: fn(BatchIds<'_>) -> Result<Vec<serde_json::Value>, serde_json::Error>,
    pub(crate) read: fn(Vec<serde_json::Value>) -> Result<Batch<'static>, serde_json::Error>,
    pub(crate) print: fn(&Batch<'_>, usize) -> String,
}

#[cfg(feature = "remote")]
impl BatchForm {
    pub(crate) const fn of<Id: ResourceId>() -> Self {
        Self {
            write: |ids| ids.typed::<Id>().unwrap_or_default().iter().map(serde_json::to_value).collect(),
            read: |ids| {
                let ids: Result<Vec<Id>, _> = ids.into_iter().map(serde_json::from_value).collect();
                Ok(Batch::Own(Box::new(ids?)))
            },
            print: |batch, at| {
                batch.typed::<Id>().and_then(|ids| ids.get(at)).map_or_else(String::new, ToString::to_string)
            },
        }
    }
}

impl dyn IdTable {
    pub(crate) fn display(&self, index: u32) -> DisplayId<'_> {
        DisplayId { table: self, index }
    }
}

impl fmt::Debug for dyn IdTable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "IdTable({} ids)", self.len())
    }
}

/// One id, printed through its table.
pub(crate) struct DisplayId<'a> {
    table: &'a dyn IdTable,
    index: u32,
}

impl fmt::Display for DisplayId<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.table.fmt_id(self.index, f)
    }
}
