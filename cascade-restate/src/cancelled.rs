//! Whether runs are cancelled, asked by workers whose methods have started cascades of their own.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use cascade_core::RunId;
use futures::FutureExt;
use futures::future::{BoxFuture, WeakShared};

use crate::client::Client;
use crate::ingress::Ingress;

/// How long a run may be cancelled before its nested cascades are, about.
const BETWEEN: Duration = Duration::from_secs(1);

/// The runs that somebody waits for, each asked about once at a time. Clones share them.
#[derive(Clone, Default)]
pub(crate) struct Cancelled {
    asked: Arc<Mutex<BTreeMap<RunId, WeakShared<BoxFuture<'static, ()>>>>>,
}

impl fmt::Debug for Cancelled {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Cancelled")
    }
}

impl Cancelled {
    /// Waits until the run is cancelled; asks nobody unless it is polled.
    pub(crate) async fn wait(&self, ingress: Ingress, run: RunId) {
        let shared = {
            let mut asked = self.asked.lock().unwrap_or_else(PoisonError::into_inner);
            let known = asked.get(&run).and_then(WeakShared::upgrade);
            known.unwrap_or_else(|| {
                // Those that nobody waits for any more.
                asked.retain(|_, waited| waited.upgrade().is_some());
                let new = until_cancelled(ingress, run.clone()).boxed().shared();
                asked.extend(new.downgrade().map(|weak| (run, weak)));
                new
            })
        };
        shared.await;
    }
}

async fn until_cancelled(ingress: Ingress, run: RunId) {
    let target = Client::target(&run, "is_cancelled");
    loop {
        match ingress.ask::<bool>(&target).await {
            Ok(true) => return,
            Ok(false) => {}
            // Asked again: what is not known is no reason to stop.
            Err(error) => tracing::warn!(%run, %error, "whether the run is cancelled is not known"),
        }
        tokio::time::sleep(BETWEEN).await;
    }
}
