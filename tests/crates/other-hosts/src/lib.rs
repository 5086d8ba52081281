//! A crate whose resource has the name, and whose operation has the code, of one in `cascade-tests-resources`. Without
//! that crate, both are valid.

use cascade_core::prelude::*;
use serde::{Deserialize, Serialize};

/// A resource with the name of `cascade_tests_resources::Host`.
#[derive(Debug, Resource)]
#[resource(id = String)]
pub struct Host;

/// An operation with the code of `cascade_tests_resources::Suspend`.
#[derive(Operation, Clone, Debug, Serialize, Deserialize)]
#[operation(code = "suspend")]
pub struct Pause;

/// The extension of this `Host`.
#[derive(Debug, Extension)]
pub struct OtherHostCascade;

#[cascade(resource = Host)]
impl OtherHostCascade {
    #[on(Pause)]
    async fn pause(&self, _hosts: &[String]) -> Result<(), StepError> {
        Ok(())
    }
}
