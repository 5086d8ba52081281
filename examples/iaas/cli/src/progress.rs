//! A bar per resource, on a terminal.

use std::collections::BTreeMap;
use std::io::IsTerminal;
use std::sync::{Mutex, PoisonError};

use cascade_core::{Event, Phase, PlanSummary};
use indicatif::{MultiProgress, ProgressBar, ProgressStyle};

/// The bars of a run. Without a terminal there are none.
pub(crate) struct Progress {
    all: MultiProgress,
    lengths: BTreeMap<String, u64>,
    bars: Mutex<BTreeMap<String, ProgressBar>>,
}

impl Progress {
    pub(crate) fn of(plan: &PlanSummary) -> Option<Self> {
        if !std::io::stderr().is_terminal() {
            return None;
        }
        let length = |(name, resource): (&String, &cascade_core::ResourceSummary)| {
            (name.clone(), resource.instances as u64)
        };
        let lengths = plan.resources.iter().map(length).collect();
        Some(Self { all: MultiProgress::new(), lengths, bars: Mutex::default() })
    }

    /// Takes note of an event. A resource gets its bar with its first step.
    pub(crate) fn see(&self, event: &Event) {
        match event {
            Event::StepStarted { step } if step.phase == Phase::Effect => self.bar(&step.resource).tick(),
            Event::StepEnded { step, ended, .. } if step.phase == Phase::Effect => {
                self.bar(&step.resource).inc(*ended as u64);
            }
            _ => {}
        }
    }

    fn bar(&self, resource: &str) -> ProgressBar {
        let mut bars = self.bars.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(bar) = bars.get(resource) {
            return bar.clone();
        }
        let bar = self.all.add(ProgressBar::new(self.lengths.get(resource).copied().unwrap_or_default()));
        bar.set_style(style());
        bar.set_message(resource.to_owned());
        bars.insert(resource.to_owned(), bar.clone());
        bar
    }
}

impl Drop for Progress {
    /// Leaves each bar as it stands: the report comes below.
    fn drop(&mut self) {
        let bars = self.bars.lock().unwrap_or_else(PoisonError::into_inner);
        bars.values().for_each(ProgressBar::abandon);
    }
}

fn style() -> ProgressStyle {
    let template = "{msg:<22} {wide_bar} {human_pos:>7}/{human_len}";
    // A template is a constant: it is right, or it was never right.
    ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar())
}
