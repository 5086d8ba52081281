//! Cascade spreads one operation (delete, detach, suspend) over everything that depends on a resource.
//!
//! Each resource declares, beside its own code, what it hangs off and what becomes of it when something above it is
//! operated on. [`Cascade::plan`] then finds all that an operation would touch, and changes nothing;
//! [`Cascade::apply`] does it, from the leaves up, and has a verdict for every instance.
//!
//! ```
//! use cascade_core::prelude::*;
//!
//! #[derive(Resource)]
//! #[resource(id = String)]
//! pub struct Host;
//!
//! #[derive(Resource)]
//! #[resource(id = String)]
//! pub struct Vm;
//!
//! #[derive(Extension)]
//! struct HostCascade;
//!
//! #[cascade(resource = Host)]
//! impl HostCascade {
//!     #[on(Delete)]
//!     async fn remove(&self, hosts: &[String]) -> Result<(), StepError> {
//!         println!("removed {hosts:?}");
//!         Ok(())
//!     }
//! }
//!
//! #[derive(Extension)]
//! struct VmCascade;
//!
//! #[cascade(resource = Vm, edges = [Host], batch = 100)]
//! impl VmCascade {
//!     // A finder: which VMs hang off these hosts?
//!     #[affected(by = Host)]
//!     async fn on_hosts(&self, hosts: &[String]) -> Result<Vec<(String, String)>, StepError> {
//!         Ok(hosts.iter().map(|host| (host.clone(), format!("a VM on {host}"))).collect())
//!     }
//!
//!     // An effect, for what a host that goes leaves without a place.
//!     #[on(Delete, from = [Host])]
//!     async fn stop(&self, vms: &[String]) -> Result<(), StepError> {
//!         println!("stopped {vms:?}");
//!         Ok(())
//!     }
//! }
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let cascade = Cascade::builder().register(HostCascade).register(VmCascade).build()?;
//! let plan = cascade.plan(Delete, Host::roots(["host-1"])).await?;
//! assert_eq!(
//!     plan.to_string(),
//!     "Delete Host host-1: 2 instances of 2 resources\n\
//!      Host    1  remove\n\
//!      └── Vm  1  stop\n"
//! );
//! let report = cascade.apply(plan).await?;
//! assert!(report.is_complete());
//! # Ok(())
//! # }
//! ```
//!
//! A program usually begins with `Cascade::linked()`: it has every annotated extension of the crates that are linked in,
//! and nobody keeps a list. [`link!`] names such crates, so that the linker keeps them.
//!
//! # What holds
//!
//! - **Every instance once.** However many edges lead to an instance, it is in the plan once, with all its parents, and
//!   gets each effect once. What another of its effects supersedes does not run.
//! - **Children first.** No step on an instance starts before every step on all affected instances that hang off it has
//!   ended well. Where instances hang off each other in a circle, the arcs that close it are left out of the order, and
//!   the plan lists them.
//! - **Objections before effects.** Checks, authorizers and limits see the whole plan before anything is changed.
//! - **At least once.** A step that failed, or ran out of time, may be called again for the same instances: effects have
//!   to stand that. [`conformance`] tries it.
//! - **A verdict for everything.** Each instance of a plan is done, failed, blocked by one that failed, or not started.
//!   Done is said only of what ended well.
//! - **The same plan each time.** The same extensions and the same answers of the finders make the same plan and the same
//!   digest, whatever the order in which they were linked or answered.
//! - **Cost by edges, not by paths.** The tree of paths may be endless in size: the engine never walks it.
//!
//! # Where to look
//!
//! | for | see |
//! | --- | --- |
//! | the arguments of the attribute, and what methods take and answer | [`macro@cascade`] |
//! | resources, operations, extensions | [`derive@Resource`], [`derive@Operation`], [`derive@Extension`] |
//! | what each policy does to an instance | [`Decision`] |
//! | reading a plan: its tree, its numbers, why something is in it | [`Plan`] |
//! | how a run goes: failures, drift, limits, confirmation, cancellation | [`Apply`] |
//! | what became of each instance | [`Report`] |
//! | looking at a run while it is under way | [`Event`], [`Monitor`] |
//! | code around every step; who may do what | [`Layer`], [`Authorizer`] |
//! | what can be wrong with a graph | [`FaultKind`] |
//! | pictures and pages of the graph, and keeping them true | [`document`], `graph_test!` |
//! | trying whether extensions stand retries and interruptions | [`conformance`] |
//! | a graph without the attribute | [`Declaration`] |
//! | keeping what is known of a run | [`Journal`] |
//!
//! # Features
//!
//! | feature | what it adds |
//! | --- | --- |
//! | `inventory` (default) | extensions are collected by the linker: `Cascade::linked()`, `graph_test!`. Without it, [register](CascadeBuilder::register) them by hand |
//! | `document` | the graph as data, pictures and pages, and the page of a plan: [`document`], `graph_test!`, the answers to `cargo cascade` |
//! | `conformance` | [`conformance`]: tests whether extensions tolerate retries and interruptions |
//! | `remote` | [`remote`]: the engine for drivers on durable-execution engines |
//! | `metrics` | `count`: counters of runs for whichever recorder of the `metrics` facade the program has |
//! | `progress` | `ProgressBars`: a bar for each resource on a terminal |
//!
//! The engine is asynchronous and needs a Tokio runtime with its timer.

// So that what other packages document links here.
#![doc(html_root_url = "https://docs.rs/cascade-core/0.1.0")]
#![forbid(unsafe_code)]

// The derives and the attribute name this crate by its own name, in its own tests and examples too.
extern crate self as cascade_core;

// The stages, in the order in which data passes them. Each uses the stages above it and none below: `tests/layers.rs`.
mod affected;
mod cascade;
#[cfg(feature = "conformance")]
pub mod conformance;
mod discover;
#[cfg(feature = "document")]
#[cfg(feature = "document")]
pub mod document;
mod engine;
mod extension;
mod graph;
mod handler;
mod ids;
mod journal;
mod model;
mod observe;
mod plan;
#[cfg(feature = "remote")]
pub mod remote;
mod render;
mod report;
mod run;
#[cfg(feature = "inventory")]
pub mod tool;

#[doc(hidden)]
#[path = "private.rs"]
pub mod __private;

pub use cascade_macros::{Extension, Operation, Resource, cascade};
pub use tokio_util::sync::CancellationToken;

pub use crate::affected::{InstanceRef, Instances};
pub use crate::cascade::{
    Apply, ApplyError, Cascade, CascadeBuilder, NotAsked, Receipt, Resume, ResumeError, Survivor,
};
pub use crate::engine::{Authorizer, Denial, Layer, Next, StepAnswer, StepCall};
pub use crate::extension::{Declaration, Declare, Extension, HandledBy, NotProvided, Provide, Provided};
pub use crate::graph::{EdgeRef, Graph, ResourceNode, Tree, TreeNode};
pub use crate::handler::{
    Children, FindContext, Found, HandlerFuture, Ids, IntoFound, IntoOutcome, IntoSurvivors, IntoVetoes,
    MethodError, MethodResult, Outcome, Pairs, PerParent, StepContext, TheEdge, TheOperation, Veto,
};
pub use crate::ids::ResourceId;
pub use crate::journal::{
    BlockChunk, FailedInstance, InstanceChunk, InstanceKind, Journal, JournalError, MemoryJournal, NewRun,
    Overridden, PairChunk, Record, Replanned, RunChange, RunDetails, RunEnd, RunInfo, RunLog, RunStart,
    RunState, StepBegun, StepEnded, StepTotals, UnderWay,
};
pub use crate::model::{
    BuildError, CallError, Decision, Delete, EdgeDeclaration, EffectDeclaration, ExtensionDescriptor, Fault,
    FaultKind, FinderDeclaration, IdOf, Name, Operation, OperationDescriptor, Phase, PhaseDeclaration, Place,
    Resource, ResourceDescriptor, Roots, Rule, RunId, StartsFrom, StepError, StepSettings, Terminal,
    unix_millis,
};
#[cfg(feature = "progress")]
pub use crate::observe::ProgressBars;
#[cfg(feature = "metrics")]
pub use crate::observe::count;
pub use crate::observe::{Event, Monitor, Progress, StepName, StuckStep};
pub use crate::plan::{
    CutSummary, Exceeded, Limits, Plan, PlanDifference, PlanError, PlanSummary, PlanVeto, ResourceSummary,
    Why, WhyPath,
};
pub use crate::report::{
    Failure, FailureSummary, NestedReport, NestedRequest, Report, ReportSummary, Verdict, VerdictCounts,
};
pub use crate::run::{Drift, FailurePolicy};

/// What a module that declares resources and extensions needs.
pub mod prelude {
    pub use cascade_macros::cascade;

    pub use crate::{
        Cascade, Delete, Extension, FindContext, Operation, Outcome, Resource, StepContext, StepError,
        Terminal, Veto,
    };
}
