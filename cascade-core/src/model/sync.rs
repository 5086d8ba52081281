//! The locks that several threads may meet at: those of the standard library, or, under `cfg(shuttle)`, those of a
//! scheduler that tries their interleavings (see `tests/interleavings.rs`).

#[cfg(not(shuttle))]
pub(crate) use std::sync::{Mutex, MutexGuard};

#[cfg(shuttle)]
pub(crate) use shuttle::sync::{Mutex, MutexGuard};
