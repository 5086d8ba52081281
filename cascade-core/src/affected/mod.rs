//! The affected set: every instance that an operation reaches, and their order.

mod affected;
mod arc_ref;
mod arcs;
mod assemble;
mod begun;
mod column;
mod cut;
mod cycle;
mod departures;
mod dispositions;
mod early;
mod finished;
mod instance;
mod instances;
mod lookup;
mod node_ranges;
mod order;
mod with_parent;

pub(crate) use affected::Affected;
pub(crate) use arc_ref::ArcRef;
pub(crate) use arcs::{Arcs, Block, Pair};
pub(crate) use assemble::{Finished, Refreshed, assemble};
pub(crate) use begun::Begun;
pub(crate) use column::Column;
pub(crate) use departures::Departures;
pub(crate) use dispositions::{Disposition, MAX_ROOT_RESOURCES, Marks, RootSet};
pub(crate) use finished::{FailedEffects, Ran};
pub use instance::InstanceRef;
pub use instances::Instances;
pub(crate) use instances::Members;
pub(crate) use lookup::Lookup;
pub use lookup::LookupError;
pub(crate) use node_ranges::NodeRanges;
pub(crate) use order::Order;
pub(crate) use with_parent::WithParentEdges;
