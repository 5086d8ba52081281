//! The plan: the affected set in the form that people read, limit and approve.

mod cut;
mod difference;
pub(crate) mod digest;
mod error;
mod limits;
mod plan;
mod veto;
mod why;

pub use cut::CutSummary;
pub(crate) use cut::{cuts_to_allow, listed as listed_cuts, new_cuts};
pub use difference::{PlanChange, PlanDifference};
pub use error::PlanError;
pub use limits::{Exceeded, Limits};
pub use plan::{Plan, PlanSummary, ResourceSummary};
pub use veto::PlanVeto;
#[cfg(feature = "document")]
pub(crate) use why::why;
pub use why::{Why, WhyPath};
