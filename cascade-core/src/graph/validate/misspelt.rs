//! Misspelt parents: one misspelling is one fault.

use std::borrow::Cow;

use crate::model::{ExtensionDescriptor, ResourceDescriptor, nearest};

/// The declaration as it was probably meant: each parent of a rule or finder that is not an edge is replaced by the edge with
/// the nearest name. Otherwise the edge that was meant would be reported too, as undecided or without a finder.
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

fn is_edge(extension: &ExtensionDescriptor, parent: &ResourceDescriptor) -> bool {
    extension.edges.iter().any(|edge| edge.parent.is_same(parent))
}

/// The parent of the edge that was probably meant; `None` if `parent` is an edge, or no name is near.
fn meant<'a>(
    extension: &'a ExtensionDescriptor,
    parent: &ResourceDescriptor,
) -> Option<&'a ResourceDescriptor> {
    if is_edge(extension, parent) {
        return None;
    }
    let edges = extension.edges.iter().map(|edge| &edge.parent);
    let name = nearest(edges.clone().map(ResourceDescriptor::name), parent.name())?;
    edges.into_iter().find(|edge| edge.name() == name)
}
