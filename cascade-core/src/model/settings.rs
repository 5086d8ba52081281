//! How the steps of an extension are batched, limited and retried.

use std::time::Duration;

/// How the steps of an extension are batched, limited and retried.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub struct StepSettings {
    pub(crate) batch: usize,
    pub(crate) concurrency: usize,
    pub(crate) timeout: Option<Duration>,
    pub(crate) retries: u32,
}

impl StepSettings {
    /// The maximum number of instances in one call. At least 1; default 100.
    pub fn batch(self, batch: usize) -> Self {
        Self { batch, ..self }
    }

    /// The maximum number of concurrent calls of this extension's effects. At least 1; default 10.
    pub fn concurrency(self, concurrency: usize) -> Self {
        Self { concurrency, ..self }
    }

    /// The time limit of one attempt of one call; `None` for no limit. More than zero; default 10 minutes.
    pub fn timeout(self, timeout: Option<Duration>) -> Self {
        Self { timeout, ..self }
    }

    /// The maximum number of retries of a call after errors that are not terminal. Default 0.
    pub fn retries(self, retries: u32) -> Self {
        Self { retries, ..self }
    }
}

impl Default for StepSettings {
    fn default() -> Self {
        Self { batch: 100, concurrency: 10, timeout: Some(Duration::from_secs(600)), retries: 0 }
    }
}
