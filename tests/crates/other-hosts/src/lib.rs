//! A crate that names a resource and an operation as another crate does: by itself all is well.

use cascade_core::prelude::*;
use serde::{Deserialize, Serialize};

/// Another machine than that of `cascade-tests-resources`.
#[derive(Debug, Resource)]
#[resource(id = String)]
pub struct Host;

/// Another operation than that of `cascade-tests-resources`, with its code.
#[derive(Operation, Clone, Debug, Serialize, Deserialize)]
#[operation(code = "suspend")]
pub struct Pause;

/// What the other `Host` does.
#[derive(Debug, Extension)]
pub struct OtherHostCascade;

#[cascade(resource = Host)]
impl OtherHostCascade {
    #[on(Pause)]
    async fn pause(&self, _hosts: &[String]) -> Result<(), StepError> {
        Ok(())
    }
}
