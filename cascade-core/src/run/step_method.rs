//! The methods of a pass, each with everything that its steps need. Computed once for a pass.

use std::time::Duration;

use crate::engine::Engine;
use crate::graph::Method;
use crate::handler::{RunContext, StepContext};
use crate::model::Phase;
use crate::observe::StepName;

/// A method of a pass.
pub(crate) struct StepMethod<'a> {
    pub(crate) method: Method,
    /// The name of its resource.
    pub(crate) resource: &'a str,
    pub(crate) name: &'a str,
    /// The time limit of a call. A driver has none: the other process keeps it.
    pub(crate) timeout: Option<Duration>,
    /// The number of retries, also where a driver makes the calls.
    pub(crate) retries: u32,
    /// Whether its steps are those of early effects.
    pub(crate) is_early: bool,
    /// The context of first attempts.
    pub(crate) context: StepContext,
}

impl<'a> StepMethod<'a> {
    pub(crate) fn new(
        engine: &'a Engine,
        run: &RunContext,
        phase: Phase,
        method: Method,
        is_early: bool,
    ) -> Self {
        Self {
            method,
            resource: engine.graph.resources[method.resource].name(),
            name: method.name(&engine.graph, phase),
            timeout: engine.extensions[method.extension].descriptor().settings.timeout,
            retries: engine.graph.extensions[method.extension].settings.retries,
            is_early,
            context: StepContext::new(run, method, phase),
        }
    }

    /// The name of a step of this method.
    pub(crate) fn step_name(&self, instances: usize) -> StepName {
        StepName {
            phase: self.context.phase,
            resource: self.resource.into(),
            effect: self.name.into(),
            instances,
        }
    }
}
