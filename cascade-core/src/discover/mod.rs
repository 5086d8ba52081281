//! Pass 1: finds the affected set by calling finders from the root instances down, and collects the objections to it.
//! During a run, it finds late dependents.

mod calls;
mod discovery;
mod kept;
mod last_owner;
mod late_dependents;
mod objections;
mod rediscover;
mod refresh;
mod shared;

pub(crate) use discovery::{discover, extend};
pub(crate) use late_dependents::LateDependents;
#[cfg(feature = "conformance")]
pub(crate) use objections::instances_of_check;
pub(crate) use objections::{not_listed, objections, only_effects};
pub(crate) use rediscover::{Released, rediscover, rediscover_owners};
pub(crate) use refresh::refresh;
