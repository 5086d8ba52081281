//! The types that all later stages share: resources, operations, rules, declarations as data, and errors.

mod call_error;
mod clock;
mod descriptor;
mod edge_parent;
mod effect_set;
mod error;
mod fault;
mod hash;
mod instance_name;
mod json_format;
pub(crate) mod location;
mod loose_call;
mod name;
mod operation;
mod phase;
mod printed;
mod resource;
mod rule;
mod run_id;
mod settings;
mod suggest;
mod sync;

pub use call_error::CallError;
#[cfg(feature = "remote")]
pub(crate) use call_error::Carried;
pub(crate) use call_error::unwrapped;
pub use clock::unix_millis;
pub use descriptor::{
    EdgeDeclaration, EffectDeclaration, ExtensionDescriptor, FinderDeclaration, PhaseDeclaration,
};
pub use edge_parent::EdgeParent;
pub(crate) use effect_set::{EffectSet, MAX_EFFECTS};
pub use error::{StepError, Terminal};
pub use fault::{BuildError, Fault, FaultKind};
pub(crate) use hash::{Fields, hex};
pub use instance_name::InstanceName;
pub use json_format::JsonFormat;
pub use location::Place;
pub(crate) use loose_call::{LooseCall, OneValue};
pub use name::Name;
pub(crate) use operation::AnyOperation;
pub use operation::{Delete, Operation, OperationDescriptor, StartsFrom};
pub use phase::Phase;
pub(crate) use printed::Printed;
pub use resource::{IdOf, Resource, ResourceDescriptor, Roots};
pub use rule::{Decision, Rule};
pub use run_id::RunId;
pub use settings::StepSettings;
pub(crate) use suggest::nearest;
pub(crate) use sync::{Mutex, MutexGuard};
