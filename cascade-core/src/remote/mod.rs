//! Running the engine where the methods are not: what a driver on a durable-execution engine is built from.
//!
//! [`drive`] makes a [`Cascade`] whose extensions are placeholders: planning and applying with it is the same engine,
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
mod report;
mod serve;
mod turns;

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::BoxFuture;

use crate::cascade::Cascade;
use crate::engine::{Engine, Timer};
use crate::event::Observers;
use crate::extension::DynExtension;
use crate::plan::Plan;

pub use call::{AuthorizeCall, FindCall, FoundIds, MethodAnswer, MethodCall};
pub use error::RemoteError;
pub use event::{EventRecord, StepRecord};
pub use fingerprint::{Fingerprint, GraphDifference};
pub use names::methods;
pub use plan::{PlanHeader, is_same, records, restore};
pub use report::{ReportPage, report_from, report_pages};
pub use serve::{authorize, execute, find, longest_step, stuck};
pub use turns::{Answer, Request, Turns};

/// Who has calls of users' methods carried out. Each is made in full: retries of methods are calls of their own.
pub trait Remote: Send + Sync + 'static {
    /// Asks a finder. Up to the extension's number of retries, the other side tries again by itself: finding changes
    /// nothing.
    fn find(&self, call: FindCall) -> BoxFuture<'_, Result<FoundIds, RemoteError>>;

    /// Calls a check, begin, effect or cleanup method once. `plan` is the plan that it is called for, which may have
    /// grown since the call before.
    fn execute<'a>(
        &'a self,
        plan: &'a Plan,
        call: MethodCall,
    ) -> BoxFuture<'a, Result<MethodAnswer, RemoteError>>;

    /// Asks all authorizers about some instances of `plan`. Answers the positions that are denied, each with the reason.
    fn authorize<'a>(
        &'a self,
        plan: &'a Plan,
        call: AuthorizeCall,
    ) -> BoxFuture<'a, Result<Vec<(usize, String)>, RemoteError>>;

    /// Waits before another try of a method.
    fn wait(&self, delay: Duration) -> BoxFuture<'_, ()>;
}

/// The waits of a run, as requests to its [`Remote`].
struct RemoteTimer(Arc<dyn Remote>);

impl Timer for RemoteTimer {
    fn wait(&self, delay: Duration) -> BoxFuture<'_, ()> {
        self.0.wait(delay)
    }
}

/// The same cascade, with every method called through `remote`, and at most so many steps at once.
///
/// Layers, time limits and the journal of `cascade` are left to the other side. A plan of one can be applied with the
/// other.
pub fn drive(cascade: &Cascade, remote: Arc<dyn Remote>, steps: usize) -> Cascade {
    let engine = &cascade.engine;
    let proxy = |at: usize| -> Box<dyn DynExtension> {
        Box::new(proxy::Proxy::new(&engine.graph, at, Arc::clone(&remote)))
    };
    let authorizers: Vec<Arc<dyn crate::authorize::Authorizer>> = if engine.authorizers.is_empty() {
        Vec::new()
    } else {
        vec![Arc::new(proxy::AuthorizerProxy::new(Arc::clone(&engine.graph), Arc::clone(&remote)))]
    };
    let driven = Engine {
        graph: Arc::clone(&engine.graph),
        extensions: (0..engine.extensions.len()).map(proxy).collect(),
        find: engine.find,
        concurrency: engine.concurrency.min(steps.max(1)),
        limits: engine.limits.clone(),
        layers: Vec::new(),
        authorizers,
        journal: None,
        observers: Observers::default(),
        timer: Some(Arc::new(RemoteTimer(remote))),
    };
    Cascade { engine: Arc::new(driven), started_by: None }
}
