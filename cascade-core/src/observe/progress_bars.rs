//! A progress bar for each resource, drawn from the events of a run. Feature `progress`.

use std::collections::BTreeMap;
use std::fmt;
use std::io::IsTerminal;
use std::sync::{Mutex, PoisonError};

use indicatif::{MultiProgress, ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::event::Event;
use crate::model::Phase;
use crate::plan::Plan;

/// The progress bars of one run. The bar of a resource appears with its first effect step. Dropping this value leaves the
/// bars on the screen.
///
/// ```no_run
/// # async fn run(cascade: cascade_core::Cascade, plan: cascade_core::Plan) -> Result<(), cascade_core::ApplyError> {
/// let bars = cascade_core::ProgressBars::on_terminal(&plan);
/// let report = cascade.apply(plan).on_event(move |event| bars.see(event)).await?;
/// # Ok(())
/// # }
/// ```
pub struct ProgressBars {
    all: MultiProgress,
    lengths: BTreeMap<String, u64>,
    bars: Mutex<BTreeMap<String, ProgressBar>>,
}

impl fmt::Debug for ProgressBars {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ProgressBars({} resources)", self.lengths.len())
    }
}

impl ProgressBars {
    /// Draws bars on standard error if that is a terminal, and none otherwise.
    pub fn on_terminal(plan: &Plan) -> Self {
        let is_terminal = std::io::stderr().is_terminal();
        Self::new(plan, if is_terminal { ProgressDrawTarget::stderr() } else { ProgressDrawTarget::hidden() })
    }

    /// Draws bars on `target`.
    pub fn new(plan: &Plan, target: ProgressDrawTarget) -> Self {
        let affected = &plan.affected;
        let lengths = affected.resources().map(|resource| {
            (affected.resource_name(resource).to_owned(), affected.instances(resource).count() as u64)
        });
        Self {
            all: MultiProgress::with_draw_target(target),
            lengths: lengths.collect(),
            bars: Mutex::default(),
        }
    }

    /// Updates the bars from an event.
    pub fn see(&self, event: &Event) {
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
        let length = self.lengths.get(resource).copied().unwrap_or_default();
        let bar =
            self.all.add(ProgressBar::new(length).with_style(style()).with_message(resource.to_owned()));
        bars.insert(resource.to_owned(), bar.clone());
        bar
    }
}

impl Drop for ProgressBars {
    fn drop(&mut self) {
        let bars = self.bars.lock().unwrap_or_else(PoisonError::into_inner);
        bars.values().for_each(ProgressBar::abandon);
    }
}

fn style() -> ProgressStyle {
    let style = ProgressStyle::with_template("{msg:>24} {bar:30} {human_pos:>9} of {human_len}");
    // The template is a constant and parses. If a later `indicatif` rejects it, the default style still shows progress.
    style.unwrap_or_else(|_| ProgressStyle::default_bar())
}
