//! Cascade spreads one operation (delete, detach, suspend) over everything that depends on a resource.

#![forbid(unsafe_code)]

// The derives and the attribute name this crate by its own name, in its own tests and examples too.
extern crate self as cascade_core;

mod affected;
mod call;
mod cascade;
mod context;
mod cycle;
mod declare;
mod digest;
mod discover;
mod error;
mod event;
mod execute;
mod extension;
mod fault;
mod graph;
mod intern;
mod link;
mod method;
mod operation;
mod order;
mod outcome;
mod pass;
mod place;
mod plan;
mod provide;
mod registration;
mod render;
mod report;
mod resource;
mod route;
mod schedule;
mod taken;
mod tree;
mod validate;
mod vet;

#[doc(hidden)]
#[path = "private.rs"]
pub mod __private;

pub use call::CallError;
pub use cascade::{Apply, ApplyError, Cascade, CascadeBuilder};
pub use cascade_macros::{Extension, Operation, Resource, cascade};
pub use context::{FindContext, StepContext};
pub use declare::{
    Decision, Declaration, Declare, EdgeDeclaration, EffectDeclaration, ExtensionDescriptor,
    FinderDeclaration, HandlerFuture, Name, Phase, PhaseDeclaration, Rule, StepSettings,
};
pub use error::{StepError, Terminal};
pub use event::Event;
pub use fault::{BuildError, Fault, FaultKind};
pub use graph::{EdgeRef, Graph, ResourceNode};
pub use method::{Ids, MethodError, MethodResult, TheOperation};
pub use operation::{Delete, Operation, OperationDescriptor, StartsFrom};
pub use outcome::{Children, Found, IntoFound, IntoOutcome, IntoVetoes, Outcome, Pairs, Veto};
pub use place::Place;
pub use plan::{CutSummary, Plan, PlanError, PlanSummary, PlanVeto, ResourceSummary};
pub use provide::{Extension, NotProvided, Provided};
pub use report::{Failure, FailureSummary, InstanceRef, Report, ReportSummary, Verdict, VerdictCounts};
pub use resource::{IdOf, Resource, ResourceDescriptor, ResourceId, Roots};
pub use schedule::FailurePolicy;
pub use tokio_util::sync::CancellationToken;
pub use tree::{Tree, TreeNode};

/// What a module that declares resources and extensions needs.
pub mod prelude {
    pub use crate::{
        Cascade, Delete, Extension, FindContext, Operation, Outcome, Resource, StepContext, StepError,
        Terminal, Veto, cascade,
    };
}
