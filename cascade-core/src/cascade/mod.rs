//! The facade: registers extensions, plans operations, and applies, resumes and verifies runs.

mod apply;
mod builder;
pub(crate) mod cascade;
mod difference;
mod missing_roots;
mod nested;
mod planned_run;
mod resume;
mod root_set;
mod verify;

pub use apply::{Apply, ApplyError};
pub use builder::CascadeBuilder;
pub use cascade::Cascade;
pub use planned_run::PlannedRun;
pub use resume::{Resume, ResumeError};
pub use root_set::RootSet;
#[cfg(feature = "conformance")]
pub(crate) use verify::verify_method_calls;
pub use verify::{NotAsked, Receipt, Survivor};
