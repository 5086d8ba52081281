//! Pass 2: runs a plan, children first.

mod below_left;
mod depart;
mod drift;
mod driver;
mod early_steps;
mod exclusive;
mod extend;
mod failure_policy;
mod fast_path;
mod growth;
mod held_parents;
mod leave;
mod pass;
mod pending_methods;
mod phases;
mod ready;
mod recorder;
mod rediscovery;
mod scheduler;
mod settings;
mod step;
mod step_method;
mod view;
mod with_parent;

pub use drift::Drift;
pub use failure_policy::FailurePolicy;
#[cfg(feature = "conformance")]
pub(crate) use pass::Pass;
pub(crate) use phases::run;
pub(crate) use recorder::Recorder;
pub(crate) use settings::{FRESH_FOR, RunSettings};
