//! A cascade whose methods are called through a driver.

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::BoxFuture;

use super::proxy;
use super::remote::Remote;
use crate::cascade::Cascade;
use crate::engine::{Authorizer, Engine, Timer};
use crate::extension::DynExtension;
use crate::observe::Observers;

/// The same cascade, with every method called through `remote`, and at most so many steps at once.
///
/// Layers, time limits and the journal of `cascade` are left to the other side. A plan of one can be applied with the
/// other.
pub fn with_remote(cascade: &Cascade, remote: Arc<dyn Remote>, steps: usize) -> Cascade {
    let engine = &cascade.engine;
    let proxy = |at: usize| -> Box<dyn DynExtension> {
        Box::new(proxy::Proxy::new(&engine.graph, at, Arc::clone(&remote)))
    };
    let authorizers: Vec<Arc<dyn Authorizer>> = if engine.authorizers.is_empty() {
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

/// The timer of a driven engine: the driver keeps time.
struct RemoteTimer(Arc<dyn Remote>);

impl Timer for RemoteTimer {
    fn wait(&self, delay: Duration) -> BoxFuture<'_, ()> {
        self.0.wait(delay)
    }
}
