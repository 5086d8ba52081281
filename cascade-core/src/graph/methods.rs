//! The methods of a graph by phase, and their names in journals.

use super::graph::Graph;
use crate::ids::ResourceIx;
use crate::model::{Phase, PhaseDeclaration};

/// A method of an extension in one phase.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Method {
    pub(crate) resource: ResourceIx,
    pub(crate) extension: usize,
    /// Its position among the extension's methods of the phase.
    pub(crate) index: usize,
}

impl Method {
    /// Its name. `phase` must be the phase that the method was listed for.
    pub(crate) fn name<'g>(&self, graph: &'g Graph, phase: Phase) -> &'g str {
        let declared = &graph.extensions[self.extension];
        match phase {
            Phase::Check => &declared.checks[self.index].method,
            Phase::Begin => &declared.begins[self.index].method,
            Phase::Effect => &declared.effects[self.index].method,
            Phase::Cleanup => &declared.cleanups[self.index].method,
            Phase::Verify => &declared.verifies[self.index].method,
        }
    }
}

/// The names of a resource's methods in one phase, by step kind, as a journal records them. If several methods have the same
/// name, it is prefixed with that of the extension: `Extension::method`.
pub(crate) fn labels(graph: &Graph, operation: &str, phase: Phase, resource: ResourceIx) -> Vec<String> {
    let methods: Vec<Method> = match phase {
        Phase::Check | Phase::Verify => Vec::new(),
        Phase::Effect => effect_methods(graph, resource).collect(),
        Phase::Begin | Phase::Cleanup => {
            methods_of(graph, operation, phase, resource).into_iter().map(|(method, _)| method).collect()
        }
    };
    let name = |method: &Method| method.name(graph, phase);
    let is_ambiguous =
        |method: &Method| methods.iter().filter(|other| name(other) == name(method)).count() > 1;
    methods
        .iter()
        .map(|method| {
            if is_ambiguous(method) {
                format!("{}::{}", graph.extensions[method.extension].name, name(method))
            } else {
                name(method).to_owned()
            }
        })
        .collect()
}

/// The effects of a resource, in the order in which they run.
pub(crate) fn effect_methods(graph: &Graph, resource: ResourceIx) -> impl Iterator<Item = Method> {
    let effects = graph.resources[resource].effects.iter();
    effects.map(move |effect| Method { resource, extension: effect.extension, index: effect.method })
}

/// The begin or cleanup methods of a resource for the operation, those of the owning extension first.
pub(crate) fn methods_of<'g>(
    graph: &'g Graph,
    operation: &str,
    phase: Phase,
    resource: ResourceIx,
) -> Vec<(Method, &'g PhaseDeclaration)> {
    let mut methods = Vec::new();
    for &extension in &graph.resources[resource].extensions {
        let descriptor = &graph.extensions[extension];
        let declared = if phase == Phase::Begin { &descriptor.begins } else { &descriptor.cleanups };
        let of_operation =
            declared.iter().enumerate().filter(|(_, phase)| phase.operation.code() == operation);
        methods.extend(of_operation.map(|(index, phase)| (Method { resource, extension, index }, phase)));
    }
    methods
}
