//! Disturbances of the steps of a run.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::Poll;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;

use super::finding::Findings;
use super::names::method_name;
use crate::engine::{Layer, Next, StepAnswer, StepCall};

/// How steps are disturbed.
#[derive(Clone, Copy)]
pub(super) enum Disturbance {
    /// Called twice in a row.
    Twice,
    /// Dropped after this number of polls, and called again.
    Dropped { polls: usize },
}

/// Disturbs the steps of a run.
pub(super) struct Disturb {
    pub(super) disturbance: Disturbance,
    pub(super) when: &'static str,
    /// The method whose steps are disturbed; otherwise those of all methods.
    pub(super) only: Option<String>,
    /// The methods whose steps were disturbed.
    pub(super) disturbed: Arc<Mutex<BTreeSet<String>>>,
    pub(super) findings: Findings,
}

impl Layer for Disturb {
    fn call<'a>(&'a self, step: StepCall<'a>, next: Next<'a>) -> BoxFuture<'a, StepAnswer> {
        Box::pin(async move {
            let cx = step.context();
            let method = method_name(&cx.affected, cx.method, cx.phase());
            if self.only.as_ref().is_some_and(|only| *only != method) {
                return next.run().await;
            }
            match self.disturbance {
                Disturbance::Twice => {
                    if let Err(error) = next.run().await {
                        self.findings.add(&method, self.when, format!("the first call failed: {error}"));
                    }
                }
                Disturbance::Dropped { polls } => drop_after(polls, next.run()).await,
            }
            self.disturbed.lock().unwrap_or_else(PoisonError::into_inner).insert(method);
            next.run().await
        })
    }
}

/// Polls a future at most this number of times, and drops it.
async fn drop_after(polls: usize, mut future: BoxFuture<'_, StepAnswer>) {
    let mut remaining = polls;
    futures_util::future::poll_fn(|cx| {
        remaining -= 1;
        match future.poll_unpin(cx) {
            Poll::Pending if remaining > 0 => Poll::Pending,
            _ => Poll::Ready(()),
        }
    })
    .await;
}
