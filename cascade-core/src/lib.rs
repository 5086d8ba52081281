//! Cascade spreads one operation (delete, detach, suspend) over everything that depends on a resource.

#![forbid(unsafe_code)]

// The derives and the attribute name this crate by its own name, in its own tests and examples too.
extern crate self as cascade_core;

mod adapt;
mod affected;
mod apply;
mod authorize;
mod builder;
mod call;
mod caller;
mod cascade;
mod chase;
pub mod conformance;
mod context;
#[cfg(feature = "metrics")]
mod counters;
mod cycle;
mod declare;
mod digest;
mod discover;
pub mod document;
mod drift;
mod engine;
mod error;
mod event;
mod execute;
mod extension;
mod fault;
mod graph;
mod intern;
mod journal;
mod layer;
mod limits;
mod link;
mod method;
mod monitor;
mod operation;
mod order;
mod outcome;
mod pass;
mod place;
mod plan;
#[cfg(feature = "progress")]
mod progress;
mod provide;
mod registration;
mod render;
mod report;
mod resource;
mod route;
mod schedule;
mod taken;
#[cfg(feature = "inventory")]
pub mod tool;
mod tree;
mod validate;
mod vet;
mod why;

#[doc(hidden)]
#[path = "private.rs"]
pub mod __private;

pub use apply::{Apply, ApplyError};
pub use authorize::{Authorizer, Denial};
pub use builder::CascadeBuilder;
pub use call::CallError;
pub use cascade::Cascade;
pub use cascade_macros::{Extension, Operation, Resource, cascade};
pub use context::{FindContext, StepContext};
#[cfg(feature = "metrics")]
pub use counters::count;
pub use declare::{
    Decision, Declaration, Declare, EdgeDeclaration, EffectDeclaration, ExtensionDescriptor,
    FinderDeclaration, HandlerFuture, Name, Phase, PhaseDeclaration, Rule, StepSettings,
};
pub use drift::Drift;
pub use error::{StepError, Terminal};
pub use event::{Event, StepName};
pub use fault::{BuildError, Fault, FaultKind};
pub use graph::{EdgeRef, Graph, ResourceNode};
pub use journal::{
    BlockChunk, FailedInstance, InstanceChunk, InstanceKind, Journal, JournalError, MemoryJournal, NewRun,
    PairChunk, Record, Replanned, RunChange, RunEnd, RunId, RunInfo, RunLog, RunStart, RunState, StepBegun,
    StepEnded, unix_millis,
};
pub use layer::{Instances, Layer, Next, StepAnswer, StepCall};
pub use limits::{Exceeded, Limits};
pub use link::HandledBy;
pub use method::{Ids, MethodError, MethodResult, TheEdge, TheOperation};
pub use monitor::{Monitor, Progress, StuckStep};
pub use operation::{Delete, Operation, OperationDescriptor, StartsFrom};
pub use outcome::{Children, Found, IntoFound, IntoOutcome, IntoVetoes, Outcome, Pairs, Veto};
pub use place::Place;
pub use plan::{CutSummary, Plan, PlanError, PlanSummary, PlanVeto, ResourceSummary};
#[cfg(feature = "progress")]
pub use progress::ProgressBars;
pub use provide::{Extension, NotProvided, Provide, Provided};
pub use report::{
    Failure, FailureSummary, InstanceRef, NestedReport, Report, ReportSummary, Verdict, VerdictCounts,
};
pub use resource::{IdOf, Resource, ResourceDescriptor, ResourceId, Roots};
pub use schedule::FailurePolicy;
pub use tokio_util::sync::CancellationToken;
pub use tree::{Tree, TreeNode};
pub use why::{Why, WhyPath};

/// What a module that declares resources and extensions needs.
pub mod prelude {
    pub use crate::{
        Cascade, Delete, Extension, FindContext, Operation, Outcome, Resource, StepContext, StepError,
        Terminal, Veto, cascade,
    };
}
