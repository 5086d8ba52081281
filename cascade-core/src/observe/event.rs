//! What happens in a run, as it happens.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::Duration;

use crate::model::{CallError, Phase};
use crate::report::{Report, VerdictCounts};

/// Something that happened in a run, or while a plan was made. Observers see each at once, in the order it happened.
///
/// Events are cheap to clone: send them through a channel to have them as a stream.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Event {
    /// A finder's answer was taken into a plan: the only event that comes before a plan is made. Told to those who observe
    /// the [`Cascade`](crate::Cascade): see [`CascadeBuilder::on_event`](crate::CascadeBuilder::on_event).
    Found {
        /// The resource of what was found.
        resource: Arc<str>,
        /// How many instances of it were not known before.
        new: usize,
        /// How many instances of all resources are known by now.
        instances: usize,
    },
    /// The run has started: nothing stands against the plan.
    RunStarted {
        /// The operation's code.
        operation: &'static str,
        /// The affected instances.
        instances: usize,
    },
    /// A phase has started.
    PhaseStarted {
        /// The phase.
        phase: Phase,
    },
    /// A step has started.
    StepStarted {
        /// Which step.
        step: StepName,
    },
    /// Instances of a step failed in a way that another try may mend.
    StepRetried {
        /// Which step.
        step: StepName,
        /// How many of its instances are tried again.
        instances: usize,
        /// The try that failed, from 1.
        attempt: u32,
        /// The wait before the next.
        delay: Duration,
        /// The error, of the first of them where they differ.
        error: Arc<CallError>,
    },
    /// A step has ended.
    StepEnded {
        /// Which step.
        step: StepName,
        /// How many of its instances failed.
        failed: usize,
        /// How many of its instances have no step left in this phase.
        ended: usize,
        /// How many other instances will not run because of those that failed.
        blocked: usize,
        /// How long it took, with all its tries.
        elapsed: Duration,
    },
    /// New instances were found to hang off one whose step was about to start, and have joined the plan.
    Chased {
        /// How many.
        newcomers: usize,
    },
    /// The graph had changed when a run was taken up again: what was left was planned again.
    Replanned {
        /// Instances with a step that the plan before had not.
        added: usize,
        /// Instances that were left to do, and are not in the new plan.
        gone: usize,
        /// Instances that get other effects than before.
        changed: usize,
    },
    /// The run was told to start nothing new.
    Cancelled,
    /// The run has ended; the four numbers are those of its report.
    RunEnded {
        /// Instances whose effects all ended well.
        done: usize,
        /// Instances on which a method failed.
        failed: usize,
        /// Instances that were held back by one that failed.
        blocked: usize,
        /// Instances that the run did not come to.
        not_started: usize,
    },
}

/// Which step an event speaks of.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct StepName {
    /// The phase.
    pub phase: Phase,
    /// The resource it acts on.
    pub resource: Arc<str>,
    /// The method.
    pub effect: Arc<str>,
    /// How many instances it acts on.
    pub instances: usize,
}

type Observer = Arc<dyn Fn(&Event) + Send + Sync>;

impl Event {
    /// The end of a run, with its verdicts in numbers.
    pub(crate) fn run_ended(report: &Report) -> Self {
        let mut all = VerdictCounts::default();
        for counts in report.counts().into_values() {
            all.add(counts);
        }
        let VerdictCounts { done, failed, blocked, not_started, .. } = all;
        Self::RunEnded { done, failed, blocked, not_started }
    }
}

/// Who is told of events.
#[derive(Clone, Default)]
pub(crate) struct Observers(Vec<Observer>);

impl Observers {
    pub(crate) fn add(&mut self, observer: impl Fn(&Event) + Send + Sync + 'static) {
        self.0.push(Arc::new(observer));
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Tells all; `event` is only made if there is somebody to tell. An observer that panics is at fault itself, and no
    /// reason to leave a run half done.
    pub(crate) fn notify(&self, event: impl FnOnce() -> Event) {
        if self.0.is_empty() {
            return;
        }
        let event = event();
        for observer in &self.0 {
            if catch_unwind(AssertUnwindSafe(|| observer(&event))).is_err() {
                tracing::error!(?event, "an observer panicked");
            }
        }
    }
}
