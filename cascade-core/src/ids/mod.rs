//! Ids of users' types as dense `u32` indices: extensions see typed ids, the engine sees indices only.

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
