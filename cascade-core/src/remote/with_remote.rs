//! Makes a cascade whose methods a driver calls.

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::BoxFuture;

use super::proxy;
use super::remote::Remote;
use crate::cascade::Cascade;
use crate::engine::{Authorizer, Engine, Timer};
use crate::extension::DynExtension;
use crate::observe::Observers;

/// Returns a cascade with the graph of `cascade` that calls every method through `remote`, and runs at most `steps` steps at
/// a time (0 is treated as 1).
///
/// Workers apply layers and timeouts. The result has no journal and no observers. Both cascades can apply each other's
/// plans.
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
    let with_proxies = Engine {
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
    Cascade { engine: Arc::new(with_proxies), started_by: None }
}

/// Lets the driver wait, so that it can record the delay.
struct RemoteTimer(Arc<dyn Remote>);

impl Timer for RemoteTimer {
    fn wait(&self, delay: Duration) -> BoxFuture<'_, ()> {
        self.0.wait(delay)
    }
}
