//! The timer of an engine whose runs a driver records and replays.

use std::time::Duration;

use futures_util::future::BoxFuture;

/// Waits between the attempts of a step, in place of the timer of tokio.
pub(crate) trait Timer: Send + Sync {
    /// Resolves after `delay`.
    fn wait(&self, delay: Duration) -> BoxFuture<'_, ()>;
}
