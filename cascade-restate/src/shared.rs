//! The state that all services of one worker share.

use std::sync::Arc;

use cascade_core::Cascade;
use tokio::sync::Semaphore;

use crate::cancellation::Cancellations;
use crate::names::Version;
use crate::options::Options;
use crate::plan_cache::PlanCache;

/// The state that all services of one worker share.
#[derive(Clone, Debug)]
pub(crate) struct Shared {
    pub(crate) cascade: Cascade,
    pub(crate) version: Arc<Version>,
    pub(crate) plans: PlanCache,
    pub(crate) cancellations: Cancellations,
    /// One permit for each call of a method that this worker may make at once.
    pub(crate) permits: Arc<Semaphore>,
    pub(crate) options: Options,
}
