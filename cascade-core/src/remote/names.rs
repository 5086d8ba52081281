//! Resolves the names in a call to the methods of this program, and the other way round.

use std::collections::BTreeSet;

use super::call::{FindCall, MethodCall};
use super::error::RemoteError;
use crate::cascade::Cascade;
use crate::engine::Engine;
use crate::graph::Method;
use crate::handler::StepContext;
use crate::ids::ResourceIx;
use crate::model::{Phase, PhaseDeclaration};

/// The error for a name that this program does not have.
fn unknown(what: &str, name: &str) -> RemoteError {
    RemoteError::fault(format!(
        "this worker has no {what} `{name}`: start a worker that links the same extensions as the program that started the run"
    ))
}

/// The index of a resource, by name.
pub(super) fn resource(engine: &Engine, name: &str) -> Result<ResourceIx, RemoteError> {
    engine.graph.find_resource(name).ok_or_else(|| unknown("resource", name))
}

/// The index of the extension of a resource, by name.
fn extension(engine: &Engine, resource: ResourceIx, name: &str) -> Result<usize, RemoteError> {
    let extensions = &engine.graph.resources[resource].extensions;
    let found = extensions.iter().copied().find(|&at| engine.graph.extensions[at].name == name);
    found.ok_or_else(|| unknown("extension", name))
}

/// The index of the extension, and the index of the finder among its finders. A finder for the operation of the call comes
/// before one for all operations.
pub(super) fn finder(engine: &Engine, call: &FindCall) -> Result<(usize, usize), RemoteError> {
    let at = extension(engine, resource(engine, &call.child)?, &call.extension)?;
    let finders = &engine.graph.extensions[at].finders;
    let position = |code: Option<&str>| {
        finders.iter().position(|finder| {
            finder.method == call.finder
                && finder.parent.name() == call.parent
                && finder.parent.role() == call.role.as_deref()
                && finder.operation.map(|operation| operation.code()) == code
        })
    };
    let found = position(Some(&call.operation)).or_else(|| position(None));
    found.map(|finder| (at, finder)).ok_or_else(|| unknown("finder", &call.finder))
}

/// The method that `call` names.
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
    let is_called =
        |phase: &PhaseDeclaration| phase.method == call.effect && phase.operation.code() == operation;
    let index = phases.iter().position(is_called).ok_or_else(|| unknown(call.phase.name(), &call.effect))?;
    Ok(Method { resource, extension, index })
}

/// Describes the call of the context's method by names.
pub(super) fn method_call(cx: &StepContext, ids: Vec<serde_json::Value>) -> MethodCall {
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

/// Returns the names of the check, begin, effect and cleanup methods of a resource, sorted and without duplicates. Returns
/// no names if the program does not link the resource.
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
