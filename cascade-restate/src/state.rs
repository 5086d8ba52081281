//! The workflow's state in Restate: its keys, and the promise of cancellation.

/// What the run is about: `RunAbout`.
pub(crate) const ABOUT: &str = "about";

/// The progress: `ProgressRecord`.
pub(crate) const PROGRESS: &str = "progress";

/// The steps in flight: `Vec<UnderWayRecord>`.
pub(crate) const UNDER_WAY: &str = "under-way";

/// The promise that is resolved when the run is cancelled.
pub(crate) const CANCEL: &str = "cancel";

/// A page of events.
pub(crate) fn events(page: u32) -> String {
    format!("events/{page}")
}

/// A page of the report.
pub(crate) fn report(page: u32) -> String {
    format!("report/{page}")
}
