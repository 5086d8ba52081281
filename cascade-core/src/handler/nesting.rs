//! Nested cascades: cascades that a method of a run starts.

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

/// The place of a run among nested runs, and the reports of the cascades that its methods start.
#[derive(Clone, Debug, Default)]
pub(crate) struct Nesting {
    /// The number of enclosing runs.
    pub(crate) depth: usize,
    pub(crate) cancel: CancellationToken,
    /// Whether the method that started this run may have been called before. Then every call of this run may be a
    /// repeat.
    pub(crate) is_repeat: bool,
    /// Notified when a method of the run starts a cascade.
    begun: Arc<Notify>,
    /// The reports of the nested cascades.
    reports: Arc<Mutex<Vec<NestedReport>>>,
}

impl Nesting {
    /// For a run nested in this one: cancelled with it, with its own list of reports.
    pub(crate) fn within(&self, is_repeat: bool) -> Self {
        self.begun.notify_one();
        Self { depth: self.depth + 1, cancel: self.cancel.child_token(), is_repeat, ..Self::default() }
    }

    /// Runs `work`, and cancels its nested cascades when `cancelled` completes. `cancelled` is polled only after `work`
    /// has started a cascade.
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

    /// The reports after the first `known`.
    pub(crate) fn reports_after(&self, known: usize) -> Vec<NestedReport> {
        let reports = self.reports.lock().unwrap_or_else(PoisonError::into_inner);
        reports.iter().skip(known).cloned().collect()
    }

    pub(crate) fn take_reports(&self) -> Vec<NestedReport> {
        std::mem::take(&mut self.reports.lock().unwrap_or_else(PoisonError::into_inner))
    }
}
