//! What a run says of itself while it is under way. When it does follows from its steps alone, never from a clock.

use std::collections::BTreeMap;

use cascade_core::remote::{EventRecord, MethodCall};

use crate::wire::{EventPage, ProgressRecord, UnderWayRecord};

/// Ids of a step that are named, at most.
const NAMED: usize = 5;

/// Steps under way that are named, at most: the longest.
const UNDER_WAY: usize = 32;

/// Events that are kept of one run, at most: of larger runs the last ones.
const EVENTS: usize = 50_000;

/// How often a run says how far it is, at most, beside the first steps. Each time it waits for the time to be on record.
const TIMES: usize = 60;

/// What was said so far, and what there is to say.
pub(crate) struct Said {
    progress: ProgressRecord,
    open: EventPage,
    /// How many events each page has that is kept.
    kept: BTreeMap<u32, usize>,
    /// By the request's number. The time is that when it was first spoken of.
    under_way: BTreeMap<u64, (UnderWayRecord, bool)>,
    /// Steps that have ended in all, and when it spoke last.
    ended: usize,
    spoken: Option<usize>,
}

/// What is to be said now.
pub(crate) struct Page {
    pub(crate) progress: ProgressRecord,
    pub(crate) under_way: Vec<UnderWayRecord>,
    /// With the page's number.
    pub(crate) events: Option<(u32, EventPage)>,
    /// Pages that are kept no longer.
    pub(crate) forgotten: Vec<u32>,
}

impl Said {
    pub(crate) fn new(instances: usize) -> Self {
        Self {
            progress: ProgressRecord { instances, ..ProgressRecord::default() },
            open: EventPage::default(),
            kept: BTreeMap::new(),
            under_way: BTreeMap::new(),
            ended: 0,
            spoken: None,
        }
    }

    pub(crate) fn note(&mut self, events: impl Iterator<Item = EventRecord>) {
        for event in events {
            let progress = &mut self.progress;
            match &event {
                EventRecord::PhaseStarted { phase } => (progress.phase, progress.ended) = (Some(*phase), 0),
                EventRecord::StepStarted { .. } => progress.running += 1,
                EventRecord::StepEnded { failed, ended, step, .. } => {
                    progress.running = progress.running.saturating_sub(1);
                    progress.ended += 1;
                    self.ended += 1;
                    if step.phase == cascade_core::Phase::Effect {
                        progress.instances_ended += ended;
                        progress.instances_failed += failed;
                    }
                }
                EventRecord::Chased { newcomers } => progress.instances += newcomers,
                EventRecord::RunEnded { .. } => progress.phase = None,
                _ => {}
            }
            self.open.push(event);
        }
    }

    /// A method is called.
    pub(crate) fn begins(&mut self, number: u64, call: &MethodCall) {
        let mut named = call.clone();
        named.ids.truncate(NAMED);
        let record = UnderWayRecord { call: named, instances: call.ids.len(), since: 0 };
        self.under_way.insert(number, (record, false));
    }

    pub(crate) fn ended(&mut self, number: u64) {
        self.under_way.remove(&number);
    }

    /// Whether it is time to speak: at once, then after so many steps that it is twice as often as before, and not too
    /// often.
    pub(crate) fn is_due(&self) -> bool {
        let Some(spoken) = self.spoken else { return self.open.len() > 0 };
        let often = (self.progress.instances / TIMES).max(1);
        self.ended >= spoken + spoken.clamp(1, often)
    }

    /// The run has ended.
    pub(crate) fn over(&mut self, complete: bool) {
        (self.progress.over, self.progress.complete) = (true, complete);
    }

    /// What there is to say at that time.
    pub(crate) fn take_page(&mut self, now: u64, plan_pages: u32) -> Page {
        self.spoken = Some(self.ended);
        let events = (self.open.len() > 0).then(|| {
            let (number, events) = (self.progress.pages, std::mem::take(&mut self.open));
            self.progress.pages += 1;
            self.kept.insert(number, events.len());
            (number, events)
        });
        let mut forgotten = Vec::new();
        while self.kept.len() > 1 && self.kept.values().sum::<usize>() > EVENTS {
            forgotten.extend(self.kept.pop_first().map(|(number, _)| number));
        }
        self.progress.first_page = self.kept.keys().next().copied().unwrap_or(self.progress.pages);
        for (record, known) in self.under_way.values_mut().filter(|(_, known)| !known) {
            (record.since, *known) = (now, true);
        }
        let under_way = self.under_way.values().take(UNDER_WAY).map(|(record, _)| record.clone());
        (self.progress.at, self.progress.plan_pages) = (now, plan_pages);
        Page { progress: self.progress.clone(), under_way: under_way.collect(), events, forgotten }
    }
}

#[cfg(test)]
mod tests {
    use cascade_core::remote::EventRecord;
    use serde_json::json;

    use super::Said;

    fn step(event: &str) -> EventRecord {
        let step = json!({"phase": "effect", "resource": "Vm", "effect": "stop", "instances": 1});
        let mut record = json!({"event": event, "step": step});
        if event == "step-ended" {
            for (key, value) in [("failed", 0), ("ended", 1), ("blocked", 0)] {
                record[key] = json!(value);
            }
        }
        serde_json::from_value(record).unwrap()
    }

    #[test]
    fn a_run_speaks_often_at_first_and_less_than_a_hundred_times_in_all() {
        let (mut said, mut pages, mut told) = (Said::new(100_000), 0, 0);
        for ended in 0..100_000 {
            said.note([step("step-started"), step("step-ended")].into_iter());
            if said.is_due() {
                let page = said.take_page(ended, 1);
                told += page.events.map_or(0, |(_, events)| events.len());
                pages += 1;
            }
            if ended == 9 {
                assert_eq!(pages, 4, "after 1, 2, 4 and 8 steps");
            }
        }
        let last = said.take_page(0, 1);
        told += last.events.map_or(0, |(_, events)| events.len());
        assert!((60..100).contains(&pages), "{pages}");
        assert_eq!(told, 200_000);
        assert!(last.progress.first_page > 0, "old pages are forgotten");
        assert_eq!((last.progress.running, last.progress.instances_ended), (0, 100_000));
    }
}
