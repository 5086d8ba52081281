//! The serialised form of events. It has no times, so that a replayed run emits equal events.

use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::error::RemoteError;
use crate::graph::Graph;
use crate::model::Phase;
use crate::observe::{Event, StepName};

/// The serialised form of an [`Event`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "kebab-case")]
#[non_exhaustive]
#[expect(missing_docs, reason = "each variant mirrors the event of the same name")]
pub enum EventRecord {
    Found {
        resource: String,
        new: usize,
        instances: usize,
    },
    RunStarted {
        operation: String,
        instances: usize,
    },
    PhaseStarted {
        phase: Phase,
    },
    StepStarted {
        step: StepRecord,
    },
    StepRetried {
        step: StepRecord,
        instances: usize,
        attempt: u32,
        delay_millis: u64,
        error: RemoteError,
    },
    StepEnded {
        step: StepRecord,
        failed: usize,
        #[serde(default, skip_serializing_if = "is_zero")]
        left: usize,
        ended: usize,
        blocked: usize,
    },
    Chased {
        newcomers: usize,
    },
    RefreshStarted,
    RefreshEnded {
        departed: usize,
    },
    Departed {
        instances: usize,
    },
    Replanned {
        added: usize,
        gone: usize,
        changed: usize,
    },
    Cancelled,
    RunEnded {
        done: usize,
        failed: usize,
        blocked: usize,
        not_started: usize,
        #[serde(default, skip_serializing_if = "is_zero")]
        left: usize,
    },
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
fn is_zero(count: &usize) -> bool {
    *count == 0
}

/// The serialised form of a [`StepName`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct StepRecord {
    /// The phase.
    pub phase: Phase,
    /// The resource that the step acts on.
    pub resource: String,
    /// The method.
    pub effect: String,
    /// The number of instances that the step acts on.
    pub instances: usize,
}

impl From<&StepName> for StepRecord {
    fn from(StepName { phase, resource, effect, instances }: &StepName) -> Self {
        let (resource, effect) = (resource.as_ref().to_owned(), effect.as_ref().to_owned());
        Self { phase: *phase, resource, effect, instances: *instances }
    }
}

impl From<StepRecord> for StepName {
    fn from(StepRecord { phase, resource, effect, instances }: StepRecord) -> Self {
        Self { phase, resource: resource.into(), effect: effect.into(), instances }
    }
}

impl From<&Event> for EventRecord {
    fn from(event: &Event) -> Self {
        match event {
            Event::Found { resource, new, instances } => {
                Self::Found { resource: resource.as_ref().to_owned(), new: *new, instances: *instances }
            }
            Event::RunStarted { operation, instances } => {
                Self::RunStarted { operation: (*operation).to_owned(), instances: *instances }
            }
            Event::PhaseStarted { phase } => Self::PhaseStarted { phase: *phase },
            Event::StepStarted { step } => Self::StepStarted { step: step.into() },
            Event::StepRetried { step, instances, attempt, delay, error } => Self::StepRetried {
                step: step.into(),
                instances: *instances,
                attempt: *attempt,
                delay_millis: u64::try_from(delay.as_millis()).unwrap_or(u64::MAX),
                error: RemoteError::from(&**error),
            },
            &Event::StepEnded { ref step, failed, left, ended, blocked, .. } => {
                Self::StepEnded { step: step.into(), failed, left, ended, blocked }
            }
            Event::Chased { newcomers } => Self::Chased { newcomers: *newcomers },
            Event::RefreshStarted => Self::RefreshStarted,
            Event::RefreshEnded { departed, .. } => Self::RefreshEnded { departed: *departed },
            Event::Departed { instances } => Self::Departed { instances: *instances },
            Event::Replanned { added, gone, changed } => {
                Self::Replanned { added: *added, gone: *gone, changed: *changed }
            }
            Event::Cancelled => Self::Cancelled,
            &Event::RunEnded { done, failed, blocked, not_started, left } => {
                Self::RunEnded { done, failed, blocked, not_started, left }
            }
        }
    }
}

impl EventRecord {
    /// Converts to an event of a program that links `graph`; `None` if the graph does not have the operation. The duration
    /// of a step is zero, because the record does not have it.
    pub fn into_event(self, graph: &Graph) -> Option<Event> {
        Some(match self {
            Self::Found { resource, new, instances } => {
                Event::Found { resource: resource.into(), new, instances }
            }
            Self::RunStarted { operation, instances } => {
                let operation = graph.operations[graph.find_operation(&operation)?].code();
                Event::RunStarted { operation, instances }
            }
            Self::PhaseStarted { phase } => Event::PhaseStarted { phase },
            Self::StepStarted { step } => Event::StepStarted { step: step.into() },
            Self::StepRetried { step, instances, attempt, delay_millis, error } => Event::StepRetried {
                step: step.into(),
                instances,
                attempt,
                delay: Duration::from_millis(delay_millis),
                error: Arc::new(error.into_call_error()),
            },
            Self::StepEnded { step, failed, left, ended, blocked } => {
                Event::StepEnded { step: step.into(), failed, left, ended, blocked, elapsed: Duration::ZERO }
            }
            Self::Chased { newcomers } => Event::Chased { newcomers },
            Self::RefreshStarted => Event::RefreshStarted,
            Self::RefreshEnded { departed } => Event::RefreshEnded { departed, elapsed: Duration::ZERO },
            Self::Departed { instances } => Event::Departed { instances },
            Self::Replanned { added, gone, changed } => Event::Replanned { added, gone, changed },
            Self::Cancelled => Event::Cancelled,
            Self::RunEnded { done, failed, blocked, not_started, left } => {
                Event::RunEnded { done, failed, blocked, not_started, left }
            }
        })
    }
}
