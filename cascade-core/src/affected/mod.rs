//! The affected set: every instance that an operation reaches, and their order.

mod affected;
mod arcs;
mod assemble;
mod cycle;
mod dispositions;
mod finished;
mod instance;
mod instances;
mod lookup;
mod node_ranges;
mod order;
mod with_parent;

pub(crate) use affected::{Affected, Column};
pub(crate) use arcs::{Arcs, Block, Pair};
pub(crate) use assemble::{Finished, assemble};
pub(crate) use dispositions::{Disposition, Marks};
pub(crate) use finished::Ran;
pub use instance::InstanceRef;
pub use instances::Instances;
pub(crate) use instances::Members;
pub(crate) use lookup::Lookup;
pub(crate) use node_ranges::NodeRanges;
pub(crate) use order::Order;
pub(crate) use with_parent::WithParentEdges;
