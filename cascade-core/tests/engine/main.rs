//! The engine, through its public API: against a reference model, and by examples.

mod at_once;
mod bad_input;
mod classics;
mod failures;
mod faults;
mod loopback;
mod model;
mod plans;
mod properties;
mod remote;
mod resumed;
mod shared;
mod support;
mod taken;
