//! The engine: the graph with its extensions, and the settings of the program.

use std::sync::Arc;
use std::time::Duration;

use super::authorize::Authorizer;
use super::layer::Layer;
use super::settings::FindSettings;
use super::timer::Timer;
use crate::extension::DynExtension;
use crate::graph::Graph;
use crate::handler::backoff;
use crate::journal::Journal;
use crate::observe::Observers;
use crate::plan::Limits;

/// The state that all plans and runs of one program share. It does not change.
pub(crate) struct Engine {
    pub(crate) graph: Arc<Graph>,
    /// In the order of the graph's extensions.
    pub(crate) extensions: Vec<Box<dyn DynExtension>>,
    pub(crate) find: FindSettings,
    /// The most steps at a time, over all extensions.
    pub(crate) concurrency: usize,
    pub(crate) limits: Limits,
    pub(crate) layers: Vec<Arc<dyn Layer>>,
    pub(crate) authorizers: Vec<Arc<dyn Authorizer>>,
    pub(crate) journal: Option<Arc<dyn Journal>>,
    /// Observers of every plan and run.
    pub(crate) observers: Observers,
    /// The timer for the backoff; `None` for the timer of tokio.
    pub(crate) timer: Option<Arc<dyn Timer>>,
}

impl Engine {
    /// The delays before the retries of a step. With a driver's timer they are the same for the same `seed`, because the
    /// driver may replay the run.
    pub(crate) fn backoff(&self, retries: u32, seed: u64) -> impl Iterator<Item = Duration> + use<> {
        backoff(retries, self.timer.as_ref().map(|_| seed))
    }

    pub(crate) async fn wait(&self, delay: Duration) {
        match &self.timer {
            Some(timer) => timer.wait(delay).await,
            None => tokio::time::sleep(delay).await,
        }
    }
}
