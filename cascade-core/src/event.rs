//! What happens in a run, as it happens.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::Duration;

use crate::call::CallError;
use crate::declare::Phase;

/// Something that happened in a run. Observers see each at once, in the order it happened.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub enum Event<'a> {
    /// A phase has begun.
    PhaseStarted {
        /// The phase.
        phase: Phase,
    },
    /// A step has started.
    StepStarted {
        /// The phase.
        phase: Phase,
        /// The resource it acts on.
        resource: &'a str,
        /// The method.
        effect: &'a str,
        /// How many instances it acts on.
        instances: usize,
    },
    /// Instances of a step failed in a way that another try may mend.
    StepRetried {
        /// The phase.
        phase: Phase,
        /// The resource it acts on.
        resource: &'a str,
        /// The method.
        effect: &'a str,
        /// How many instances are tried again.
        instances: usize,
        /// The try that failed, from 1.
        attempt: u32,
        /// The wait before the next.
        delay: Duration,
        /// The error, of the first of them where they differ.
        error: &'a CallError,
    },
    /// A step has ended.
    StepEnded {
        /// The phase.
        phase: Phase,
        /// The resource it acted on.
        resource: &'a str,
        /// The method.
        effect: &'a str,
        /// How many instances it acted on.
        instances: usize,
        /// How many of them failed.
        failed: usize,
        /// How many of them have no step left in this phase.
        ended: usize,
    },
    /// The run was told to start nothing new.
    Cancelled,
}

/// Who is told of events.
pub(crate) type Observer = Arc<dyn Fn(&Event<'_>) + Send + Sync>;

/// Tells all observers. One that panics is an observer's fault, and no reason to leave a run half done.
pub(crate) fn tell(observers: &[Observer], event: &Event<'_>) {
    for observer in observers {
        if catch_unwind(AssertUnwindSafe(|| observer(event))).is_err() {
            tracing::error!(?event, "an observer panicked");
        }
    }
}
