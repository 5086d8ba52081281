//! The report of a run: a verdict for every instance of the plan.

mod document;
mod report;
mod state;
mod summary;

pub use report::{Failure, Report, Verdict};
pub(crate) use state::State;
pub use summary::{
    FailureSummary, LeftSummary, NestedReport, NestedRequest, NestedRoots, ReportSummary, VerdictCounts,
};
