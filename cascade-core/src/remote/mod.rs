//! Running the engine where the methods are not: what a driver on a durable-execution engine is built from.
//!
//! [`with_remote`] makes a [`Cascade`] whose extensions are placeholders: planning and applying with it is the same engine,
//! but each call of a user's method becomes a value ([`FindCall`], [`MethodCall`], [`AuthorizeCall`]) that is given to a
//! [`Remote`]. Whoever has the values' text, on whichever machine, and links the same extensions, carries them out with
//! [`find`], [`execute`] and [`authorize`], with the layers, time limits and panics as in one process. What both have to
//! agree on is a [`Fingerprint`].
//!
//! A run that is driven this way asks no clock and starts no task, and calls its [`Remote`] in an order that follows
//! from the order of the answers alone: a driver that has the answers on record can do the run again up to where it was.
//! Two things are left to the driver's care: it polls the run in one task, and gives one answer at a time.
//!
//! ```
//! use cascade_core::prelude::*;
//! use cascade_core::remote::Fingerprint;
//!
//! # #[derive(Resource)] #[resource(id = String)] pub struct Host;
//! # #[derive(Extension)] struct HostCascade;
//! # #[cascade(resource = Host)]
//! # impl HostCascade {
//! #     #[on(Delete)]
//! #     async fn remove(&self, hosts: &[String]) -> Result<(), StepError> { Ok(()) }
//! # }
//! let build = || Cascade::builder().register(HostCascade).build();
//! let (here, there) = (Fingerprint::of(&build()?), Fingerprint::of(&build()?));
//! assert!(here.difference(&there).is_none());
//! # Ok::<(), cascade_core::BuildError>(())
//! ```

mod call;
mod error;
mod event;
mod fingerprint;
mod found;
mod names;
mod plan;
mod proxy;
mod remote;
mod report;
mod run_machine;
mod serve;
mod with_remote;

pub use call::{AuthorizeCall, FindCall, MethodAnswer, MethodCall};
pub use error::RemoteError;
pub use event::{EventRecord, StepRecord};
pub use fingerprint::{Fingerprint, GraphDifference};
pub use names::methods;
pub use plan::{PlanHeader, is_same, records, restore};
pub use remote::Remote;
pub use report::{ReportPage, report_from, report_pages};
pub use run_machine::{Answer, Request, RunMachine};
pub use serve::{authorize, execute, find, longest_step, stuck};
pub use with_remote::with_remote;

pub use crate::handler::FoundIds;
