//! Cascade spreads one operation (delete, detach, suspend) over everything that depends on a resource.

#![forbid(unsafe_code)]

// The derives and the attribute name this crate by its own name, in its own tests and examples too.
extern crate self as cascade_core;

mod context;
mod declare;
mod error;
mod extension;
mod intern;
mod link;
mod operation;
mod outcome;
mod place;
mod provide;
mod registration;
mod resource;

#[doc(hidden)]
#[path = "private.rs"]
pub mod __private;

pub use cascade_macros::{Extension, Operation, Resource, cascade};
pub use context::{FindContext, StepContext};
pub use declare::{
    Decision, Declaration, Declare, EdgeDeclaration, EffectDeclaration, ExtensionDescriptor,
    FinderDeclaration, HandlerFuture, Name, Phase, PhaseDeclaration, Rule, StepSettings,
};
pub use error::{StepError, Terminal};
pub use operation::{Delete, Operation, OperationDescriptor, StartsFrom};
pub use outcome::{Children, Found, IntoFound, IntoOutcome, IntoVetoes, Outcome, Pairs, Veto};
pub use place::Place;
pub use provide::{Extension, NotProvided, Provided};
pub use resource::{Resource, ResourceDescriptor, ResourceId, Roots};

/// What a module that declares resources and extensions needs.
pub mod prelude {
    pub use crate::{
        Delete, Extension, FindContext, Operation, Outcome, Resource, StepContext, StepError, Terminal, Veto,
        cascade,
    };
}
