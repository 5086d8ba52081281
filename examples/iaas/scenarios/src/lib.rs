//! Small clouds for tests of operations: [`topology`] creates them, [`World`] runs an operation and returns the
//! changes of all rows.

#![forbid(unsafe_code)]
// A test that cannot create its world has failed and panics.
#![allow(clippy::missing_panics_doc, reason = "this crate is for tests only")]

mod diff;
mod integrity;
pub mod topology;
mod world;

pub use world::World;

cascade_core::link!(iaas_compute, iaas_identity, iaas_network, iaas_services, iaas_storage);
