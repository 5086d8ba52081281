//! How the steps of an extension are batched, limited and retried.

use std::time::Duration;

/// How the steps of an extension are packed, limited and tried again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub struct StepSettings {
    pub(crate) batch: usize,
    pub(crate) concurrency: usize,
    pub(crate) timeout: Option<Duration>,
    pub(crate) retries: u32,
}

impl StepSettings {
    /// Instances in one call, at most. At least 1; 100 unless told.
    pub fn batch(self, batch: usize) -> Self {
        Self { batch, ..self }
    }

    /// Calls of this extension's effects that run at once, at most. At least 1; 10 unless told.
    pub fn concurrency(self, concurrency: usize) -> Self {
        Self { concurrency, ..self }
    }

    /// How long one try of one call may take; `None` for as long as it likes. Ten minutes unless told.
    pub fn timeout(self, timeout: Option<Duration>) -> Self {
        Self { timeout, ..self }
    }

    /// How often a call is tried again after an error that is not terminal. 0 unless told.
    pub fn retries(self, retries: u32) -> Self {
        Self { retries, ..self }
    }
}

impl Default for StepSettings {
    fn default() -> Self {
        Self { batch: 100, concurrency: 10, timeout: Some(Duration::from_mins(10)), retries: 0 }
    }
}
