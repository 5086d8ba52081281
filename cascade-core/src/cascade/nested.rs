//! Cascades that a method of a run starts.

use std::sync::Arc;

use super::cascade::Cascade;
use crate::engine::Engine;
use crate::handler::StepContext;

impl StepContext {
    /// The engine, for a method that starts a cascade of its own. That run is cancelled with this one, and its report
    /// is kept in the report of this one: see [`Report::nested`](crate::Report::nested).
    ///
    /// # Panics
    ///
    /// Never: each context is made with the engine that calls the method.
    pub fn cascade(&self) -> Cascade {
        let engine = Arc::clone(&self.engine).downcast::<Engine>();
        let engine = engine.expect("each context is made with the engine that calls the method");
        Cascade { engine, started_by: Some(self.clone()) }
    }
}
