//! Nested cascades: those that a method starts during a run.

use std::sync::Arc;

use super::cascade::Cascade;
use crate::engine::Engine;
use crate::handler::StepContext;

impl StepContext {
    /// The [`Cascade`] of this run, for a method that starts a nested cascade. The nested run is cancelled together with
    /// this one, and its report becomes part of this run's report: see [`Report::nested`](crate::Report::nested).
    ///
    /// # Panics
    ///
    /// Never, because each context is made with the engine that calls the method.
    pub fn cascade(&self) -> Cascade {
        let engine = Arc::clone(&self.engine).downcast::<Engine>();
        let engine = engine.expect("each context is made with the engine that calls the method");
        Cascade { engine, started_by: Some(self.clone()) }
    }
}
