//! Pass 1: from the root instances down, all that is affected.
//!
//! The resources are taken in groups: each alone, or together with those that it forms a cycle with. A group's
//! parents are complete before its children are asked for, so that each instance is expanded once per edge, in full
//! batches, however many paths lead to it. Answers are taken in a fixed order, whichever finder is the fastest.

mod calls;
mod discovery;
mod last_owner;

mod late_dependents;
mod objections;
mod rediscover;
mod shared;

pub(crate) use discovery::{discover, extend};
pub(crate) use late_dependents::LateDependents;
#[cfg(feature = "conformance")]
pub(crate) use objections::seen;
pub(crate) use objections::{not_listed, objections, only_mask};
pub(crate) use rediscover::{Released, rediscover, rediscover_owners};
