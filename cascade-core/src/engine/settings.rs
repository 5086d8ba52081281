//! The settings for calls of finders.

/// The settings for calls of finders.
#[derive(Clone, Copy, Debug)]
pub(crate) struct FindSettings {
    /// The most parents in one call.
    pub(crate) batch: usize,
    /// The most calls at a time.
    pub(crate) concurrency: usize,
}
