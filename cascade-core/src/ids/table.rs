//! Type-erased id tables, and batches of ids for calls to users' methods.

use std::any::Any;
use std::fmt;
use std::ops::Range;

use super::id::ResourceId;
use super::index::{InstanceIx, NodeIx};

/// The ids of one resource by index, with the id type erased.
pub(crate) trait IdTable: Any + Send + Sync {
    fn len(&self) -> usize;
    fn fmt_id(&self, index: InstanceIx, f: &mut fmt::Formatter<'_>) -> fmt::Result;
    fn id_to_json(&self, index: InstanceIx) -> Result<serde_json::Value, serde_json::Error>;
    /// Adds an id that a user typed. The text is read as a JSON string, else as JSON itself, for example `42`.
    fn parse_and_insert(&mut self, text: &str) -> Result<InstanceIx, serde_json::Error>;
    /// The id that a user typed, read as a JSON string or as JSON itself; `None` if the table has neither.
    fn find_text(&self, text: &str) -> Option<InstanceIx>;
    /// Adds an id that a journal recorded.
    fn insert_json(&mut self, id: serde_json::Value) -> Result<InstanceIx, serde_json::Error>;
    /// The indices of ids, which must be of the table's type; `None` for an id that the table does not hold.
    fn known(&self, ids: &Batch<'_>) -> Vec<Option<InstanceIx>>;
    /// The indices of ids, which must be of the table's type; adds the new ones. `expected` estimates the final length of the
    /// table.
    fn insert_batch(&mut self, ids: &Batch<'_>, expected: usize) -> Vec<InstanceIx>;
    /// All indices, in the order of their ids.
    fn sorted(&self) -> Vec<InstanceIx>;
    /// Reorders `indices` batch by batch: the first `size` positions hold the indices of the lowest `size` ids, and so on.
    /// `indices` must be strictly ascending; the indices of each batch are, too.
    fn in_batches(&self, indices: Vec<InstanceIx>, size: usize) -> Vec<InstanceIx>;
    fn clone_box(&self) -> Box<dyn IdTable>;
    /// The ids of `indices`, in their order.
    fn select(&self, indices: &[InstanceIx]) -> Batch<'static>;
    /// The ids of these nodes, in their order; `first` is the node of index 0. Clones the ids only if the nodes are not
    /// consecutive.
    fn batch(&self, nodes: &[NodeIx], first: NodeIx) -> Batch<'_>;
    /// Like [`batch`](Self::batch), but borrowed; `None` if the nodes are not consecutive.
    fn consecutive(&self, nodes: &[NodeIx], first: NodeIx) -> Option<BatchIds<'_>>;
    fn as_any(&self) -> &dyn Any;
    fn as_any_mut(&mut self) -> &mut dyn Any;
}

/// The ids for one call of a user's method, with the id type erased.
pub(crate) enum Batch<'t> {
    /// An owned `Vec<Id>`.
    Own(Box<dyn Any + Send + Sync>),
    /// A range of a table.
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

/// The ids of a batch, borrowed.
#[derive(Clone, Copy)]
pub(crate) enum BatchIds<'t> {
    Own(&'t (dyn Any + Send + Sync)),
    /// The ids of a table from one position up to another, exclusive.
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

/// Functions that serialise, deserialise and print ids of one type in a batch.
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
            print: |batch, position| {
                batch
                    .typed::<Id>()
                    .and_then(|ids| ids.get(position))
                    .map_or_else(String::new, ToString::to_string)
            },
        }
    }
}

impl dyn IdTable {
    pub(crate) fn display(&self, index: InstanceIx) -> DisplayId<'_> {
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
    index: InstanceIx,
}

impl fmt::Display for DisplayId<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.table.fmt_id(self.index, f)
    }
}
