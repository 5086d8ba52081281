//! The engine: the graph with its extensions, and how they are used.

#[cfg(feature = "remote")]
use std::convert::Infallible;
#[cfg(feature = "remote")]
use std::pin::pin;
use std::sync::{Arc, PoisonError};
use std::time::Duration;

use futures_util::future::BoxFuture;
#[cfg(feature = "remote")]
use futures_util::future::{Either, select};
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

use crate::authorize::Authorizer;
use crate::call::delays;
use crate::discover::FindSettings;
use crate::event::Observers;
use crate::extension::DynExtension;
use crate::graph::Graph;
use crate::journal::Journal;
use crate::layer::Layer;
use crate::limits::Limits;
use crate::report::NestedReport;
use crate::sync::Mutex;

/// What all plans and runs of one program share.
pub(crate) struct Engine {
    pub(crate) graph: Arc<Graph>,
    /// In the order of the graph's extensions.
    pub(crate) extensions: Vec<Box<dyn DynExtension>>,
    pub(crate) find: FindSettings,
    /// Steps at once, over all extensions.
    pub(crate) concurrency: usize,
    pub(crate) limits: Limits,
    pub(crate) layers: Vec<Arc<dyn Layer>>,
    pub(crate) authorizers: Vec<Arc<dyn Authorizer>>,
    pub(crate) journal: Option<Arc<dyn Journal>>,
    /// Who is told of every plan and run.
    pub(crate) observers: Observers,
    /// Waits in place of the runtime's timer.
    pub(crate) timer: Option<Arc<dyn Timer>>,
}

/// Waits for a run that may have to be repeated exactly, so that its delays are fixed by its seed.
pub(crate) trait Timer: Send + Sync + 'static {
    fn wait(&self, delay: Duration) -> BoxFuture<'_, ()>;
}

impl Engine {
    /// The waits before each further try of a step. Where the run may have to be done again up to where it was, they are
    /// the same each time.
    pub(crate) fn delays(&self, retries: u32, seed: u64) -> impl Iterator<Item = Duration> + use<> {
        delays(retries, self.timer.as_ref().map(|_| seed))
    }

    pub(crate) async fn wait(&self, delay: Duration) {
        match &self.timer {
            Some(timer) => timer.wait(delay).await,
            None => tokio::time::sleep(delay).await,
        }
    }
}

/// How a cascade stands inside another: a method of a run may start a cascade of its own.
#[derive(Clone, Debug, Default)]
pub(crate) struct Nesting {
    /// How many runs stand around it.
    pub(crate) depth: usize,
    pub(crate) cancel: CancellationToken,
    /// The method that started the run may be a repeat: so may be all that the run calls.
    pub(crate) is_repeat: bool,
    /// A method of the run has asked for the engine, to start a cascade.
    begun: Arc<Notify>,
    /// The reports of the cascades that methods of the run started.
    reports: Arc<Mutex<Vec<NestedReport>>>,
}

impl Nesting {
    /// For a run inside this one: cancelled with it, with reports of its own.
    pub(crate) fn within(&self, is_repeat: bool) -> Self {
        self.begun.notify_one();
        Self { depth: self.depth + 1, cancel: self.cancel.child_token(), is_repeat, ..Self::default() }
    }

    /// Carries out `work`. Once that has started a cascade, `cancelled` is looked at; when it is there, the cascade is
    /// cancelled.
    #[cfg(feature = "remote")]
    pub(crate) async fn cancelled_by<T>(
        &self,
        cancelled: impl Future<Output = ()>,
        work: impl Future<Output = T>,
    ) -> T {
        let cancel = async {
            self.begun.notified().await;
            cancelled.await;
            self.cancel.cancel();
            std::future::pending::<Infallible>().await
        };
        match select(pin!(work), pin!(cancel)).await {
            Either::Left((answer, _)) => answer,
            Either::Right((never, _)) => match never {},
        }
    }

    pub(crate) fn add_report(&self, report: NestedReport) {
        self.reports.lock().unwrap_or_else(PoisonError::into_inner).push(report);
    }

    /// The reports behind the first `known`.
    pub(crate) fn reports_behind(&self, known: usize) -> Vec<NestedReport> {
        let reports = self.reports.lock().unwrap_or_else(PoisonError::into_inner);
        reports.iter().skip(known).cloned().collect()
    }

    pub(crate) fn take_reports(&self) -> Vec<NestedReport> {
        std::mem::take(&mut self.reports.lock().unwrap_or_else(PoisonError::into_inner))
    }
}
