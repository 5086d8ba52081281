//! The engine, through its public API: by examples.

mod classics;
mod failures;
mod plans;
mod support;
