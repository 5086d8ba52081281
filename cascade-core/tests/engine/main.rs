//! The engine, through its public API: by examples.

mod classics;
mod plans;
mod support;
