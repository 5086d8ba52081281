//! A worker's settings.

use std::time::Duration;

/// The settings of one worker.
#[derive(Clone, Debug)]
pub(crate) struct Options {
    /// Calls of methods at once.
    pub(crate) steps: usize,
    /// Calls at once on one connection.
    pub(crate) streams: u32,
    /// How long Restate keeps a run and its plan after its end.
    pub(crate) retention: Duration,
    /// How long Restate keeps a step after its end.
    pub(crate) step_retention: Duration,
    /// The time after which Restate gives up on a step. `None`: it follows from the extension's timeout.
    pub(crate) longest_step: Option<Duration>,
}

const HOUR: Duration = Duration::from_secs(60 * 60);

/// With 64 streams, 256 calls in flight would need only four connections, which are seldom spread evenly over workers. With
/// 64 streams two workers did 1.5 times the work of one, with 4 streams 1.95 times.
const STREAMS: u32 = 4;

impl Default for Options {
    fn default() -> Self {
        Self {
            steps: 64,
            streams: STREAMS,
            retention: 7 * 24 * HOUR,
            step_retention: HOUR,
            longest_step: None,
        }
    }
}
