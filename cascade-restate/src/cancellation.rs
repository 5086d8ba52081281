//! Watches whether runs are cancelled, for methods that have started cascades of their own.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use cascade_core::RunId;
use futures::FutureExt;
use futures::future::{BoxFuture, WeakShared};

use crate::ingress::Ingress;
use crate::names::run_target;

/// The time between two questions. A nested cascade is cancelled about this long after its run.
const INTERVAL: Duration = Duration::from_secs(1);

/// The runs whose cancellation a step waits for. All steps of one run share one question at a time. Clones share the runs.
#[derive(Clone, Default)]
pub(crate) struct Cancellations {
    watched: Arc<Mutex<BTreeMap<RunId, WeakShared<BoxFuture<'static, ()>>>>>,
}

impl fmt::Debug for Cancellations {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Cancellations")
    }
}

impl Cancellations {
    /// Waits until the run is cancelled. Sends nothing until it is polled.
    pub(crate) async fn wait(&self, ingress: Ingress, run: RunId) {
        let shared = {
            let mut watched = self.watched.lock().unwrap_or_else(PoisonError::into_inner);
            let known = watched.get(&run).and_then(WeakShared::upgrade);
            known.unwrap_or_else(|| {
                // Forgets the runs that no step waits for any more.
                watched.retain(|_, waiting| waiting.upgrade().is_some());
                let new = until_cancelled(ingress, run.clone()).boxed().shared();
                watched.extend(new.downgrade().map(|weak| (run, weak)));
                new
            })
        };
        shared.await;
    }
}

async fn until_cancelled(ingress: Ingress, run: RunId) {
    let target = run_target(&run, "is_cancelled");
    loop {
        match ingress.get::<bool>(&target).await {
            Ok(true) => {
                tracing::info!(%run, "the run is cancelled: cascades that its methods started are cancelled");
                return;
            }
            Ok(false) => {}
            // A question that fails is no reason to stop work.
            Err(error) => tracing::warn!(%run, %error, "cannot ask whether the run is cancelled"),
        }
        tokio::time::sleep(INTERVAL).await;
    }
}
