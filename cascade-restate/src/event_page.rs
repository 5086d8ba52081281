//! Events of a run in a compact form.

use cascade_core::remote::{EventRecord, StepRecord};
use serde::{Deserialize, Serialize};

/// Some events. Most are about steps of few kinds, so each kind is written once.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct EventPage {
    /// The kinds of steps, each once.
    steps: Vec<StepRecord>,
    events: Vec<PackedEvent>,
}

/// An event. A step is named by its index in `EventPage::steps`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
enum PackedEvent {
    #[serde(rename = "s")]
    Started(usize),
    /// A step that left no instance: the step, then the numbers of failed, ended and blocked instances.
    #[serde(rename = "e")]
    Ended(usize, usize, usize, usize),
    #[serde(rename = "o")]
    Other(EventRecord),
}

impl EventPage {
    pub(crate) fn len(&self) -> usize {
        self.events.len()
    }

    pub(crate) fn push(&mut self, event: EventRecord) {
        let packed = match event {
            EventRecord::StepStarted { step } => PackedEvent::Started(self.index_of(step)),
            EventRecord::StepEnded { step, failed, left: 0, ended, blocked } => {
                PackedEvent::Ended(self.index_of(step), failed, ended, blocked)
            }
            other => PackedEvent::Other(other),
        };
        self.events.push(packed);
    }

    fn index_of(&mut self, step: StepRecord) -> usize {
        let known = self.steps.iter().position(|known| *known == step);
        known.unwrap_or_else(|| {
            self.steps.push(step);
            self.steps.len() - 1
        })
    }

    /// The events. Skips an event whose step the page does not name.
    pub(crate) fn into_events(self) -> impl Iterator<Item = EventRecord> {
        let Self { steps, events } = self;
        events.into_iter().filter_map(move |event| {
            Some(match event {
                PackedEvent::Started(at) => EventRecord::StepStarted { step: steps.get(at)?.clone() },
                PackedEvent::Ended(at, failed, ended, blocked) => {
                    EventRecord::StepEnded { step: steps.get(at)?.clone(), failed, left: 0, ended, blocked }
                }
                PackedEvent::Other(event) => event,
            })
        })
    }
}
