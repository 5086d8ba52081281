//! Events of plans and runs, and their observers.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::Duration;

use crate::model::{CallError, Phase};
use crate::report::{Report, VerdictCounts};

/// An event of a run, or of the computation of a plan. Observers are notified at once, in the order of the events.
///
/// Events are cheap to clone. To get them as a stream, send them through a channel.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Event {
    /// The answer of a finder was added to a plan. This is the only event of a plan; all others belong to a run. Only
    /// observers of the [`Cascade`](crate::Cascade) are notified, because there is no run yet: see
    /// [`CascadeBuilder::on_event`](crate::CascadeBuilder::on_event).
    Found {
        /// The resource of the found instances.
        resource: Arc<str>,
        /// The number of found instances that were not known before.
        new: usize,
        /// The number of instances of all resources that are known by now.
        instances: usize,
    },
    /// The run has started: no denial, and no veto that the run does not override, is against the plan.
    RunStarted {
        /// The operation's code.
        operation: &'static str,
        /// The number of affected instances.
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
    /// A step failed on some instances with an error that a retry may fix.
    StepRetried {
        /// Which step.
        step: StepName,
        /// The number of instances that the step will be retried on.
        instances: usize,
        /// The number of the failed attempt, from 1.
        attempt: u32,
        /// The delay before the next attempt.
        delay: Duration,
        /// The error; the first instance's, if the errors differ.
        error: Arc<CallError>,
    },
    /// A step has ended.
    StepEnded {
        /// Which step.
        step: StepName,
        /// The number of its instances that failed.
        failed: usize,
        /// The number of its instances that it left as they are.
        left: usize,
        /// The number of its instances that have no step left in this phase.
        ended: usize,
        /// The number of other instances that will not run because of the failed ones.
        blocked: usize,
        /// The duration, with all attempts and delays.
        elapsed: Duration,
    },
    /// The run discovers again what is left of its plan. It starts no step meanwhile.
    RefreshStarted,
    /// The run has discovered again what is left of its plan, or a finder failed.
    RefreshEnded {
        /// The number of instances that are not affected any more. They are left as they are.
        departed: usize,
        /// The duration.
        elapsed: Duration,
    },
    /// Instances departed: the run goes on without them.
    Departed {
        /// The number of these instances.
        instances: usize,
    },
    /// Late dependents have joined the plan: instances that a finder found only when the step on their parent was about
    /// to start.
    Chased {
        /// The number of late dependents.
        newcomers: usize,
    },
    /// The graph had changed when the run was resumed, and the rest of the run was planned again.
    Replanned {
        /// The number of instances with a step that are only in the new plan.
        added: usize,
        /// The number of unfinished instances that are not in the new plan.
        gone: usize,
        /// The number of instances whose effects differ.
        changed: usize,
    },
    /// The run was cancelled: it starts no further step.
    Cancelled,
    /// The run has ended. The numbers are those of its report.
    RunEnded {
        /// Instances whose effects all succeeded.
        done: usize,
        /// Instances on which a method failed.
        failed: usize,
        /// Instances that did not run because an instance that they wait for failed.
        blocked: usize,
        /// Instances that were not started before the run ended.
        not_started: usize,
        /// Instances that the run left as they are.
        left: usize,
    },
}

/// The step that an event is about.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct StepName {
    /// The phase.
    pub phase: Phase,
    /// The resource that the step acts on.
    pub resource: Arc<str>,
    /// The method.
    pub effect: Arc<str>,
    /// The number of instances that the step acts on.
    pub instances: usize,
}

type Observer = Arc<dyn Fn(&Event) + Send + Sync>;

impl Event {
    /// The event for the end of the run that `report` describes.
    pub(crate) fn run_ended(report: &Report) -> Self {
        let mut all = VerdictCounts::default();
        for counts in report.counts().into_values() {
            all.add(counts);
        }
        let VerdictCounts { done, failed, blocked, not_started, left, .. } = all;
        Self::RunEnded { done, failed, blocked, not_started, left }
    }
}

/// The functions that are called with each event.
#[derive(Clone, Default)]
pub(crate) struct Observers(Vec<Observer>);

impl Observers {
    pub(crate) fn add(&mut self, observer: impl Fn(&Event) + Send + Sync + 'static) {
        self.0.push(Arc::new(observer));
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Notifies all observers. `event` is only called if there is one. A panic of an observer is logged and does not stop
    /// the run.
    pub(crate) fn notify(&self, event: impl FnOnce() -> Event) {
        if self.0.is_empty() {
            return;
        }
        let event = event();
        for observer in &self.0 {
            if catch_unwind(AssertUnwindSafe(|| observer(&event))).is_err() {
                tracing::error!(?event, "an event observer panicked: the run continues");
            }
        }
    }
}
