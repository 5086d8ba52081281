//! The agent that effects call: it logs each removal with its idempotency key.

use std::fs::{File, OpenOptions};
use std::io::Write;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use cascade_core::{Authorizer, Denial, Instances, StepContext, StepError};
use futures::future::BoxFuture;

use crate::world::{Fact, World};

/// The time between two looks at the world while an effect is held.
const INTERVAL: Duration = Duration::from_millis(5);

/// Removes instances: takes some time, and logs them.
#[derive(Clone, Default)]
pub(crate) struct Agent {
    latency: Duration,
    log: Option<Arc<Mutex<File>>>,
    world: Option<World>,
}

impl Agent {
    pub(crate) fn new(latency: Duration, log: Option<&Path>, world: Option<World>) -> Result<Self, String> {
        let open = |path: &Path| OpenOptions::new().create(true).append(true).open(path);
        let log = log.map(open).transpose().map_err(|error| error.to_string())?;
        Ok(Self { latency, log: log.map(|file| Arc::new(Mutex::new(file))), world })
    }

    /// The ids that a fact is about.
    pub(crate) fn ids(&self, fact: Fact) -> std::collections::BTreeSet<String> {
        self.world.as_ref().map(|world| world.ids(fact)).unwrap_or_default()
    }

    pub(crate) async fn remove(&self, ids: &[String], cx: &StepContext) -> Result<(), StepError> {
        let is_held = || {
            let held = self.ids(Fact::Held);
            ids.iter().any(|id| held.contains(id))
        };
        while is_held() {
            tokio::time::sleep(INTERVAL).await;
        }
        if !self.latency.is_zero() {
            tokio::time::sleep(self.latency).await;
        }
        tracing::info!(instances = ids.len(), "removed");
        let Some(log) = &self.log else { return Ok(()) };
        let line = |id: &String| {
            Ok::<_, StepError>(format!("{id} {} {}\n", cx.idempotency_key(id)?, std::process::id()))
        };
        let lines: String = ids.iter().map(line).collect::<Result<_, _>>()?;
        // One write: a process that is killed leaves no partial line.
        log.lock().unwrap_or_else(PoisonError::into_inner).write_all(lines.as_bytes())?;
        Ok(())
    }
}

/// Denies the removal of foreign instances.
impl Authorizer for Agent {
    fn authorize<'a>(&'a self, instances: Instances<'a>) -> BoxFuture<'a, Result<Vec<Denial>, StepError>> {
        Box::pin(async move {
            let foreign = self.ids(Fact::Foreign);
            let denied = (0..instances.len()).filter(|&at| foreign.contains(&instances.printed_id(at)));
            Ok(denied.map(|at| Denial::new(at, "it belongs to another owner")).collect())
        })
    }
}
