//! The progress and events that a run reports. The moments of reports follow from its steps alone, never from a clock, so
//! that a replay reports at the same moments.

use std::collections::BTreeMap;

use cascade_core::Phase;
use cascade_core::remote::{EventRecord, MethodCall};

use crate::event_page::EventPage;
use crate::wire::{ProgressRecord, UnderWayRecord};

/// The number of ids that are named of a step.
const IDS_NAMED: usize = 5;

/// The number of steps in flight that are named, the oldest first.
const STEPS_NAMED: usize = 32;

/// The number of events that are kept of one run. Of larger runs the last ones are kept.
const EVENTS_KEPT: usize = 50_000;

/// The number of reports per run, apart from those after its first steps. Each report waits until the time is in Restate's
/// journal.
const REPORTS: usize = 60;

/// The progress that was reported, and the events since the last report.
pub(crate) struct ProgressLog {
    progress: ProgressRecord,
    /// Events that are not reported yet.
    open: EventPage,
    /// The number of events of each page that is kept.
    kept: BTreeMap<u32, usize>,
    /// The steps in flight by the request's number, and whether a report named them. A step's time is that of the first
    /// report that names it.
    under_way: BTreeMap<u64, (UnderWayRecord, bool)>,
    /// Steps that have ended in all phases.
    ended: usize,
    /// The value of `ended` at the last report.
    reported: Option<usize>,
}

/// One report.
pub(crate) struct ProgressReport {
    pub(crate) progress: ProgressRecord,
    pub(crate) under_way: Vec<UnderWayRecord>,
    /// A page of events and its number.
    pub(crate) events: Option<(u32, EventPage)>,
    /// The pages of events that are not kept any longer.
    pub(crate) forgotten: Vec<u32>,
}

impl ProgressLog {
    pub(crate) fn new(instances: usize) -> Self {
        Self {
            progress: ProgressRecord { instances, ..ProgressRecord::default() },
            open: EventPage::default(),
            kept: BTreeMap::new(),
            under_way: BTreeMap::new(),
            ended: 0,
            reported: None,
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
                    if step.phase == Phase::Effect {
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

    /// Records that a method is called.
    pub(crate) fn step_started(&mut self, number: u64, call: &MethodCall) {
        let mut named = call.clone();
        named.ids.truncate(IDS_NAMED);
        let record = UnderWayRecord { call: named, instances: call.ids.len(), since: 0 };
        self.under_way.insert(number, (record, false));
    }

    /// Records that a method has answered.
    pub(crate) fn step_ended(&mut self, number: u64) {
        self.under_way.remove(&number);
    }

    /// Whether a report is due: after the first event, then each time that the number of ended steps has doubled, and later
    /// at regular intervals.
    pub(crate) fn is_due(&self) -> bool {
        let Some(reported) = self.reported else { return self.open.len() > 0 };
        let interval = (self.progress.instances / REPORTS).max(1);
        self.ended >= reported + reported.clamp(1, interval)
    }

    /// Records that the run has ended.
    pub(crate) fn run_ended(&mut self, complete: bool) {
        (self.progress.over, self.progress.complete) = (true, complete);
    }

    /// The report at the time `now`.
    pub(crate) fn take_report(&mut self, now: u64, plan_pages: u32) -> ProgressReport {
        self.reported = Some(self.ended);
        let events = (self.open.len() > 0).then(|| {
            let (number, events) = (self.progress.pages, std::mem::take(&mut self.open));
            self.progress.pages += 1;
            self.kept.insert(number, events.len());
            (number, events)
        });
        let mut forgotten = Vec::new();
        while self.kept.len() > 1 && self.kept.values().sum::<usize>() > EVENTS_KEPT {
            forgotten.extend(self.kept.pop_first().map(|(number, _)| number));
        }
        self.progress.first_page = self.kept.keys().next().copied().unwrap_or(self.progress.pages);
        for (record, known) in self.under_way.values_mut().filter(|(_, known)| !known) {
            (record.since, *known) = (now, true);
        }
        let under_way = self.under_way.values().take(STEPS_NAMED).map(|(record, _)| record.clone());
        (self.progress.at, self.progress.plan_pages) = (now, plan_pages);
        ProgressReport { progress: self.progress.clone(), under_way: under_way.collect(), events, forgotten }
    }
}

#[cfg(test)]
mod tests {
    use cascade_core::remote::EventRecord;
    use serde_json::json;

    use super::ProgressLog;

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
    fn run_reports_often_at_first_and_less_than_a_hundred_times_in_all() {
        let (mut log, mut reports, mut events) = (ProgressLog::new(100_000), 0, 0);
        for ended in 0..100_000 {
            log.note([step("step-started"), step("step-ended")].into_iter());
            if log.is_due() {
                let report = log.take_report(ended, 1);
                events += report.events.map_or(0, |(_, page)| page.len());
                reports += 1;
            }
            if ended == 9 {
                assert_eq!(reports, 4, "after 1, 2, 4 and 8 steps");
            }
        }
        let last = log.take_report(0, 1);
        events += last.events.map_or(0, |(_, page)| page.len());
        assert!((60..100).contains(&reports), "{reports}");
        assert_eq!(events, 200_000);
        assert!(last.progress.first_page > 0, "old pages are removed");
        assert_eq!((last.progress.running, last.progress.instances_ended), (0, 100_000));
    }
}
