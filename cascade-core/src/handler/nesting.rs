//! Cascades that a method of a run starts.

#[cfg(feature = "remote")]
use std::convert::Infallible;
#[cfg(feature = "remote")]
use std::pin::pin;
use std::sync::{Arc, PoisonError};

#[cfg(feature = "remote")]
use futures_util::future::{Either, select};
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

use crate::model::Mutex;
use crate::report::NestedReport;

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
