//! The methods behind the names in a call.

use std::collections::BTreeSet;

use super::call::{FindCall, MethodCall};
use super::error::RemoteError;
use crate::cascade::Cascade;
use crate::engine::Engine;
use crate::graph::Method;
use crate::handler::StepContext;
use crate::model::Phase;

/// What a worker says that was called for something it does not have.
fn unknown(what: &str, name: &str) -> RemoteError {
    RemoteError::fault(format!(
        "this worker has no {what} `{name}`: start one that links the same extensions as whoever started the run"
    ))
}

pub(super) fn resource(engine: &Engine, name: &str) -> Result<usize, RemoteError> {
    engine.graph.find_resource(name).ok_or_else(|| unknown("resource", name))
}

/// The extension of that name for that resource.
fn extension(engine: &Engine, resource: usize, name: &str) -> Result<usize, RemoteError> {
    let extensions = &engine.graph.resources[resource].extensions;
    let found = extensions.iter().copied().find(|&at| engine.graph.extensions[at].name == name);
    found.ok_or_else(|| unknown("extension", name))
}

/// The extension and the finder's place in it.
pub(super) fn finder(engine: &Engine, call: &FindCall) -> Result<(usize, usize), RemoteError> {
    let at = extension(engine, resource(engine, &call.child)?, &call.extension)?;
    let finders = &engine.graph.extensions[at].finders;
    let is_it = |code: Option<&str>| {
        finders.iter().position(|finder| {
            finder.method == call.finder
                && finder.parent.name() == call.parent
                && finder.operation.map(|operation| operation.code()) == code
        })
    };
    let found = is_it(Some(&call.operation)).or_else(|| is_it(None));
    found.map(|finder| (at, finder)).ok_or_else(|| unknown("finder", &call.finder))
}

pub(super) fn method(engine: &Engine, operation: &str, call: &MethodCall) -> Result<Method, RemoteError> {
    let resource = resource(engine, &call.resource)?;
    let extension = extension(engine, resource, &call.extension)?;
    let declared = &engine.graph.extensions[extension];
    let phases = match call.phase {
        Phase::Check => &declared.checks,
        Phase::Begin => &declared.begins,
        Phase::Cleanup => &declared.cleanups,
        Phase::Verify => &declared.verifies,
        Phase::Effect => {
            let index = declared.effects.iter().position(|effect| effect.method == call.effect);
            let index = index.ok_or_else(|| unknown("effect", &call.effect))?;
            return Ok(Method { resource, extension, index });
        }
    };
    let is_it = |phase: &crate::model::PhaseDeclaration| {
        phase.method == call.effect && phase.operation.code() == operation
    };
    let index = phases.iter().position(is_it).ok_or_else(|| unknown(call.phase.name(), &call.effect))?;
    Ok(Method { resource, extension, index })
}

/// The names of the method that a context is for.
pub(super) fn of(cx: &StepContext, ids: Vec<serde_json::Value>) -> MethodCall {
    MethodCall {
        run: cx.run.clone(),
        phase: cx.phase,
        resource: cx.affected.resource_name(cx.method.resource).to_owned(),
        extension: cx.affected.graph.extensions[cx.method.extension].name.to_string(),
        effect: cx.effect().to_owned(),
        ids,
        attempt: cx.attempt,
        forced: cx.forced,
    }
}

/// The names of all methods that steps on a resource call, each once.
pub fn methods(cascade: &Cascade, resource: &str) -> Vec<String> {
    let graph = &cascade.engine.graph;
    let extensions = graph.find_resource(resource).map(|at| graph.resources[at].extensions.as_slice());
    let mut names = BTreeSet::new();
    for &at in extensions.unwrap_or_default() {
        let declared = &graph.extensions[at];
        names.extend(declared.effects.iter().map(|effect| effect.method.to_string()));
        for phases in [&declared.checks, &declared.begins, &declared.cleanups] {
            names.extend(phases.iter().map(|phase| phase.method.to_string()));
        }
    }
    names.into_iter().collect()
}
