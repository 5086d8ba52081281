//! Locks that threads share. They come from the standard library, or, under `cfg(shuttle)`, from a scheduler that tries
//! different interleavings (see `tests/interleavings.rs`).

#[cfg(not(shuttle))]
pub(crate) use std::sync::{Mutex, MutexGuard};

#[cfg(shuttle)]
pub(crate) use shuttle::sync::{Mutex, MutexGuard};
