//! The names of methods in findings: `VmCascade::destroy`.

use crate::affected::Affected;
use crate::graph::{Method, effect_methods, methods_of};
use crate::ids::EdgeIx;
use crate::model::Phase;

pub(super) fn method_name(affected: &Affected, method: Method, phase: Phase) -> String {
    let extension = &affected.graph.extensions[method.extension];
    format!("{}::{}", extension.name, method.name(&affected.graph, phase))
}

/// The name of the finder of an edge.
pub(super) fn finder_name(affected: &Affected, edge: EdgeIx) -> String {
    let extension = &affected.graph.extensions[affected.graph.edges[edge].extension];
    let finder = affected.route.edges[edge].map_or(0, |route| route.finder);
    format!("{}::{}", extension.name, extension.finders[finder].method)
}

/// The name of the method that a report names by its resource, phase and label.
pub(super) fn reported_name(affected: &Affected, resource: &str, phase: Phase, label: &str) -> String {
    let graph = &affected.graph;
    let Some(resource) = graph.find_resource(resource) else { return label.to_owned() };
    let methods: Vec<Method> = match phase {
        Phase::Effect => effect_methods(graph, resource).collect(),
        _ => methods_of(graph, affected.operation.descriptor().code(), phase, resource)
            .into_iter()
            .map(|(method, _)| method)
            .collect(),
    };
    let named = methods.into_iter().find(|method| method.name(graph, phase) == label);
    // A label that several methods would have has the extension already.
    named.map_or_else(|| label.to_owned(), |method| method_name(affected, method, phase))
}
