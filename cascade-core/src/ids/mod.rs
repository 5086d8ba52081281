//! BatchIds of users' types as dense `u32` indices: the border between typed extensions and the engine.

mod dense_map;
mod hash_index;
mod id;
mod integer_key;
mod interner;
mod kind;
mod sort;
mod table;
mod typed;

pub(crate) use dense_map::{DenseMap, NOTHING};
pub use id::ResourceId;
pub(crate) use interner::Interner;
pub(crate) use kind::IdKind;
pub(crate) use table::{Batch, BatchIds, DisplayId, IdTable};
