//! How finders are called.

/// How finders are asked.
#[derive(Clone, Copy, Debug)]
pub(crate) struct FindSettings {
    /// Parents in one call, at most.
    pub(crate) batch: usize,
    /// Calls at once, at most.
    pub(crate) concurrency: usize,
}
