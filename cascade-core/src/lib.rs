//! Cascade applies one operation (delete, detach, suspend) to a resource and to everything that depends on it.
//!
//! Each resource declares, beside its own code, which resources it depends on and what happens to it when an operation
//! reaches it from one of them. [`Cascade::plan`] finds every instance that an operation affects, and changes nothing.
//! [`Cascade::apply`] runs the plan, dependents first, and reports a verdict for every instance.
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
//!     // A finder: which VMs depend on these hosts?
//!     #[affected(by = Host)]
//!     async fn on_hosts(&self, hosts: &[String]) -> Result<Vec<(String, String)>, StepError> {
//!         Ok(hosts.iter().map(|host| (host.clone(), format!("a VM on {host}"))).collect())
//!     }
//!
//!     // An effect: stops the VMs of a host that is deleted.
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
//! Most programs start with `Cascade::linked()`, which registers every annotated extension of the linked crates, so that
//! no central list is needed. [`link!`] names such crates, so that the linker does not drop them.
//!
//! # Guarantees
//!
//! - **Each instance once.** However many edges lead to an instance, the plan contains it once, with all its parents, and
//!   calls each effect on it once. An effect that another effect of the instance supersedes is not called.
//! - **Children first.** A step on an instance starts only after every step on every affected instance that depends on it
//!   has succeeded. Inside a cycle of instances, a leaf effect that lets go of a parent runs before the parent's removal.
//!   If no leaf effect resolves a cycle, the plan lists the arcs that the order leaves out, and a run has to allow them
//!   with [`Apply::allow_cuts`], unless their edges are declared with [`may_cut`](DeclaredEdge::may_cut).
//! - **Objections before effects.** Checks, authorizers and limits see the whole plan before anything changes.
//! - **At least once.** A step that failed or timed out may be called again for the same instances, so effects must
//!   tolerate repetition. [`conformance`] tests that.
//! - **A verdict for every instance.** Each instance of a plan is done, failed, blocked by a failed instance, or not
//!   started. An instance is done only if all its steps succeeded.
//! - **Deterministic plans.** The same extensions and the same answers of the finders give the same plan and the same
//!   digest, whatever the order of linking and of the answers.
//! - **Cost by edges, not by paths.** A graph can have exponentially many paths. The engine never enumerates them.
//!
//! # Where to look
//!
//! | topic | see |
//! | --- | --- |
//! | the arguments of the attribute, and the parameters and return types of methods | [`macro@cascade`] |
//! | resources, operations, extensions | [`derive@Resource`], [`derive@Operation`], [`derive@Extension`] |
//! | the meaning of each policy | [`Decision`] |
//! | two references from one resource to another | [roles](macro@cascade#roles), [`EdgeParent`] |
//! | plans: the tree, the counts, why an instance is included | [`Plan`] |
//! | a plan from roots of several resources; planning and running in one go | [`RootSet`], [`Cascade::run`] |
//! | runs: failures, limits, confirmation, cancellation | [`Apply`] |
//! | changes of the world between a plan and its run | [`Drift`] |
//! | the result for each instance | [`Report`] |
//! | observing a run | [`Event`], [`Monitor`] |
//! | code around every step; permissions | [`Layer`], [`Authorizer`] |
//! | the faults that a graph can have | [`FaultKind`] |
//! | pictures and pages of the graph, and tests that keep them up to date | [`document`], `graph_test!` |
//! | tests of extensions against retries and interruptions | [`conformance`] |
//! | declarations without the attribute, for graphs that are known only at run time | [`Declaration`] |
//! | recording runs, so that they can be resumed | [`Journal`] |
//!
//! # Features
//!
//! | feature | adds |
//! | --- | --- |
//! | `inventory` (default) | the linker collects the extensions: `Cascade::linked()`, `graph_test!`. Without it, [register](CascadeBuilder::register) each extension |
//! | `document` | the graph as data, pictures and pages, and a plan as a page: [`document`], `graph_test!`, the replies to `cargo cascade` |
//! | `conformance` | [`conformance`]: tests whether extensions tolerate retries and interruptions |
//! | `remote` | [`remote`]: the engine for drivers on durable-execution engines |
//! | `metrics` | `count`: counters of runs, for the recorder of the `metrics` facade that the program installs |
//! | `progress` | `ProgressBars`: a bar for each resource on a terminal |
//!
//! The engine is asynchronous and needs a Tokio runtime with its timer.

// Other packages' documentation links here.
#![doc(html_root_url = "https://docs.rs/cascade-core/0.1.0")]
#![forbid(unsafe_code)]

// Expanded code names this crate `cascade_core`, also in the crate's own tests.
extern crate self as cascade_core;

// One module per stage. The workspace's `tests/layers.rs` lists their order and fails on an import from a later stage.
mod affected;
mod cascade;
#[cfg(feature = "conformance")]
pub mod conformance;
mod discover;
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
pub mod tool;

#[doc(hidden)]
#[path = "private.rs"]
pub mod __private;

pub use cascade_macros::{Extension, Operation, Resource, cascade};
pub use tokio_util::sync::CancellationToken;

pub use crate::affected::{InstanceRef, Instances, LookupError};
pub use crate::cascade::{
    Apply, ApplyError, Cascade, CascadeBuilder, NotAsked, PlannedRun, Receipt, Resume, ResumeError, RootSet,
    Survivor,
};
pub use crate::engine::{Authorizer, Denial, Layer, Next, StepAnswer, StepCall};
pub use crate::extension::{
    Declaration, Declare, DeclaredEdge, Extension, HandledBy, MissingField, NotProvided, Provide, Provided,
};
pub use crate::graph::{EdgeRef, Graph, ResourceNode, Tree, TreeNode};
pub use crate::handler::{
    Children, FindContext, Found, HandlerFuture, Ids, IntoFound, IntoOutcome, IntoSurvivors, IntoVetoes,
    MethodError, MethodResult, NotDone, Outcome, Pairs, PerParent, Rows, StepContext, TheEdge, TheOperation,
    Veto,
};
pub use crate::ids::{Pair, ParsePairError, ResourceId};
pub use crate::journal::{
    BlockChunk, Departed, DepartedInstance, FailedInstance, FurtherRoots, InstanceChunk, InstanceKind,
    Journal, JournalError, LeftInstance, MayHaveBegun, MemoryJournal, NewRun, Overridden, PairChunk, Record,
    Replanned, RunChange, RunDetails, RunEnd, RunInfo, RunLog, RunRoots, RunStart, RunState, StepBegun,
    StepEnded, StepTotals, UnderWay,
};
pub use crate::model::{
    BuildError, CallError, Decision, Delete, EdgeDeclaration, EdgeParent, EffectDeclaration,
    ExtensionDescriptor, Fault, FaultKind, FinderDeclaration, IdOf, InstanceName, JsonFormat, Name,
    Operation, OperationDescriptor, Phase, PhaseDeclaration, Place, Resource, ResourceDescriptor, Roots,
    Rule, RunId, StartsFrom, StepError, StepSettings, Terminal, unix_millis,
};
#[cfg(feature = "progress")]
pub use crate::observe::ProgressBars;
#[cfg(feature = "metrics")]
pub use crate::observe::count;
pub use crate::observe::{Event, Monitor, Progress, StepName, StuckStep};
pub use crate::plan::{
    CutSummary, Exceeded, Limits, Plan, PlanChange, PlanDifference, PlanError, PlanSummary, PlanVeto,
    ResourceSummary, Why, WhyPath,
};
pub use crate::report::{
    Failure, FailureSummary, LeftSummary, NestedReport, NestedRequest, NestedRoots, Report, ReportSummary,
    Verdict, VerdictCounts,
};
pub use crate::run::{Drift, FailurePolicy};

/// The names that a module with resources and extensions usually imports.
pub mod prelude {
    pub use cascade_macros::cascade;

    pub use crate::{
        Cascade, Delete, Extension, FindContext, Operation, Outcome, Resource, StepContext, StepError,
        Terminal, Veto,
    };
}
