//! Ids of users' types as dense `u32` indices: extensions see typed ids, the engine sees indices only.

mod dense_map;
mod hash_index;
mod id;
mod index;
mod indexed;
mod integer_key;
mod interner;
mod kind;
mod pair;
mod parse;
mod percent;
mod sort;
mod table;
mod typed;

pub(crate) use dense_map::DenseMap;
pub use id::ResourceId;
pub(crate) use index::{
    EdgeIx, Index, InstanceIx, NodeIx, PackedOption, ParentSetIx, ResourceIx, StepKindIx,
};
pub(crate) use indexed::Indexed;
pub(crate) use interner::Interner;
pub(crate) use kind::IdKind;
pub use pair::{Pair, ParsePairError};
pub use parse::{IdParser, NoFromStr};
pub(crate) use table::{Batch, BatchIds, DisplayId, IdTable};
