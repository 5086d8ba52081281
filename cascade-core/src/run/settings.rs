//! The settings of a run.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use super::drift::Drift;
use super::failure_policy::FailurePolicy;
use crate::handler::Nesting;
use crate::model::RunId;
use crate::observe::{Monitor, Observers};
use crate::plan::Limits;

/// The default of [`Apply::fresh_for`](crate::Apply::fresh_for).
pub(crate) const FRESH_FOR: Duration = Duration::from_secs(10);

/// The settings of a run.
#[derive(Clone)]
pub(crate) struct RunSettings {
    pub(crate) policy: FailurePolicy,
    pub(crate) forced: bool,
    /// Whether the run may give up the order of cycles, as its plan says.
    pub(crate) allow_cuts: bool,
    pub(crate) drift: Drift,
    /// A step starts only if everything was discovered again no longer ago.
    pub(crate) fresh_for: Duration,
    /// When everything was last discovered, if that is known.
    pub(crate) discovered_at: Option<Instant>,
    pub(crate) limits: Limits,
    /// The maximum number of steps at once, over all extensions.
    pub(crate) concurrency: usize,
    pub(crate) nesting: Arc<Nesting>,
    pub(crate) monitor: Option<Monitor>,
    pub(crate) observers: Observers,
    pub(crate) run: RunId,
}
