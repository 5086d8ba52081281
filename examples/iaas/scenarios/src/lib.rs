//! Small clouds to try operations on: [`topology`] builds them, [`World`] runs an operation and says what has
//! changed, down to the last row.

#![forbid(unsafe_code)]
// A test that cannot set up its world has failed: saying so is all there is to do.
#![allow(clippy::missing_panics_doc, reason = "this crate is for tests only")]

mod diff;
mod integrity;
pub mod topology;
mod world;

pub use world::World;

cascade_core::link!(iaas_compute, iaas_identity, iaas_network, iaas_services, iaas_storage);
