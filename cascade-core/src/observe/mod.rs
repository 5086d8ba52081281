//! Observation of plans and runs: events, the monitor, progress bars and counters.

#[cfg(feature = "metrics")]
mod counters;
mod event;
mod monitor;
#[cfg(feature = "progress")]
mod progress_bars;

#[cfg(feature = "metrics")]
pub use counters::count;
pub(crate) use event::Observers;
pub use event::{Event, StepName};
pub use monitor::{Monitor, Progress, StuckStep};
#[cfg(feature = "progress")]
pub use progress_bars::ProgressBars;
