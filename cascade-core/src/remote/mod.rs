//! Runs whose methods are called on other processes: the parts of a driver on a durable-execution engine.
//!
//! [`with_remote`] makes a [`Cascade`](crate::Cascade) that plans and applies with the same engine, but whose extensions are
//! proxies. Each call of a user's method becomes a value ([`FindCall`], [`MethodCall`], [`AuthorizeCall`]), and the driver
//! passes it to a [`Remote`]. A worker is a process that links the same extensions. It receives the serialised value and
//! executes it with [`find`], [`execute`] or [`authorize`]; layers, timeouts and the handling of panics are as in a local
//! run. A [`Fingerprint`] says whether the driver and the worker link the same extensions.
//!
//! Such a run reads no clock and spawns no task, and the order of its calls of the [`Remote`] depends only on the order of
//! the answers. So a driver that has recorded the answers can replay the run. The driver must poll the run in one task, and
//! deliver one answer at a time.
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
//! let (driver, worker) = (Fingerprint::of(&build()?), Fingerprint::of(&build()?));
//! assert!(driver.difference(&worker).is_none());
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
