//! The methods of a graph, by phase.

use super::graph::Graph;
use crate::model::{Phase, PhaseDeclaration};

/// The method behind a slot.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Method {
    pub(crate) resource: usize,
    pub(crate) extension: usize,
    /// Its place among the methods of the phase.
    pub(crate) index: usize,
}

impl Method {
    /// Its name, by the lists of its phase.
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

/// The names of a resource's methods in one phase, by slot: as a journal keeps them. A name that two extensions of the
/// resource use goes with the extension's.
pub(crate) fn labels(graph: &Graph, operation: &str, phase: Phase, resource: usize) -> Vec<String> {
    let methods: Vec<Method> = match phase {
        Phase::Check | Phase::Verify => Vec::new(),
        Phase::Effect => effect_methods(graph, resource).collect(),
        Phase::Begin | Phase::Cleanup => {
            methods_of(graph, operation, phase, resource).into_iter().map(|(method, _)| method).collect()
        }
    };
    let name = |method: &Method| method.name(graph, phase);
    let is_shared = |method: &Method| methods.iter().filter(|other| name(other) == name(method)).count() > 1;
    methods
        .iter()
        .map(|method| {
            if is_shared(method) {
                format!("{}::{}", graph.extensions[method.extension].name, name(method))
            } else {
                name(method).to_owned()
            }
        })
        .collect()
}

pub(crate) fn effect_methods(graph: &Graph, resource: usize) -> impl Iterator<Item = Method> {
    let effects = graph.resources[resource].effects.iter();
    effects.map(move |effect| Method { resource, extension: effect.extension, index: effect.method })
}

/// The begin or cleanup methods of a resource for the operation, the owner's first.
pub(crate) fn methods_of<'g>(
    graph: &'g Graph,
    operation: &str,
    phase: Phase,
    resource: usize,
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
