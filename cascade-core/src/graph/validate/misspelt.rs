//! Misspelt parents: one misspelling is one fault.

use std::borrow::Cow;

use crate::model::{EdgeParent, ExtensionDescriptor, nearest};

/// The declaration as it was probably meant: each parent of a rule or finder that is not an edge is replaced by the edge that was
/// probably meant. Otherwise that edge would be reported too, as undecided or without a finder.
pub(crate) fn corrected(extension: &ExtensionDescriptor) -> Cow<'_, ExtensionDescriptor> {
    let from = extension.rules.iter().flat_map(|rule| &rule.from);
    let parents = from.chain(extension.finders.iter().map(|finder| &finder.parent));
    if parents.into_iter().all(|parent| is_edge(extension, parent)) {
        return Cow::Borrowed(extension);
    }
    let mut corrected = extension.clone();
    let from = corrected.rules.iter_mut().flat_map(|rule| &mut rule.from);
    for parent in from.chain(corrected.finders.iter_mut().map(|finder| &mut finder.parent)) {
        if let Some(meant) = meant(extension, parent) {
            *parent = meant.clone();
        }
    }
    Cow::Owned(corrected)
}

fn is_edge(extension: &ExtensionDescriptor, parent: &EdgeParent) -> bool {
    extension.edges.iter().any(|edge| edge.parent.is_same(parent))
}

/// The edge that was probably meant: the one with the nearest name, else one to the same resource. `None` if `parent` is an edge,
/// or there is no such edge.
fn meant<'a>(extension: &'a ExtensionDescriptor, parent: &EdgeParent) -> Option<&'a EdgeParent> {
    if is_edge(extension, parent) {
        return None;
    }
    let edges = extension.edges.iter().map(|edge| &edge.parent);
    let label = nearest(edges.clone().map(EdgeParent::label), parent.label());
    let near = label.and_then(|label| edges.clone().find(|edge| edge.label() == label));
    near.or_else(|| edges.clone().find(|edge| edge.resource().is_same(parent.resource())))
}

/// The help for an edge that is not declared: the edge that was probably meant, else the other help.
pub(crate) fn did_you_mean_edge(
    extension: &ExtensionDescriptor,
    parent: &EdgeParent,
    otherwise: impl Into<String>,
) -> String {
    match meant(extension, parent) {
        Some(meant) if meant.label() != parent.label() => format!("did you mean `{}`?", meant.label()),
        Some(meant) if !meant.has_names_of(parent) => format!("did you mean `{meant}`?"),
        Some(_) | None => otherwise.into(),
    }
}
