//! The report: a verdict for every instance of a plan.

mod report;
mod state;
mod summary;

pub use report::{Failure, Report, Verdict};
pub(crate) use state::State;
pub use summary::{FailureSummary, NestedReport, NestedRequest, ReportSummary, VerdictCounts};
