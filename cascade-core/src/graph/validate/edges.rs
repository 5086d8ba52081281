//! Edges and the resources at their ends.

use std::collections::BTreeSet;

use super::names::unprintable;
use super::words::{did_you_mean, help};
use crate::model::{EdgeDeclaration, ExtensionDescriptor, Fault, FaultKind, ResourceDescriptor};

/// Edges that are declared twice or lead to no extension.
pub(crate) fn edges(extension: &ExtensionDescriptor, extended: &BTreeSet<&str>, faults: &mut Vec<Fault>) {
    for (index, edge) in extension.edges.iter().enumerate() {
        if extension.edges[..index].iter().any(|earlier| earlier.parent.collides_with(&edge.parent)) {
            faults.push(edge_twice(extension, edge));
        }
        faults.extend(unusable_role(edge, extended));
        if !extended.contains(edge.parent.name()) {
            faults.push(
                not_linked(extension, edge.parent.resource(), "has an edge to", extended).at(edge.place),
            );
        }
    }
    for after in extension.after.iter().filter(|after| !extended.contains(after.parent.name())) {
        faults.push(
            not_linked(extension, after.parent.resource(), "is ordered after", extended).at(after.place),
        );
    }
    if !extension.ids_fit {
        let (resource, ids) = (extension.resource.name(), extension.resource.id_type());
        faults.push(
            Fault::new(
                FaultKind::Finder,
                format!("the id type of `{}` differs from that of its resource `{resource}`", extension.name),
                format!("declare it with ids of type `{ids}`: `Declaration::<_, {ids}>::new(…)`"),
            )
            .at(extension.place),
        );
    }
}

/// A resource that is named, but has no extension.
pub(crate) fn not_linked(
    extension: &ExtensionDescriptor,
    resource: &ResourceDescriptor,
    relation: &str,
    extended: &BTreeSet<&str>,
) -> Fault {
    let (child, parent) = (extension.resource.name(), resource.name());
    let linked = if resource.is_runtime() { "" } else { "linked " };
    let message = format!("`{child}` {relation} `{parent}`, but no {linked}extension is for `{parent}`");
    let help = if resource.is_runtime() {
        let declare =
            format!("declare its extension too: `builder.declare(…)` with a declaration for `{parent}`");
        did_you_mean(extended.iter().copied(), parent, declare)
    } else {
        let package = resource.place().package;
        format!(
            "link the crate with the extension of `{parent}` into the binary: `cascade_core::link!(…);`. Package \
             `{package}` defines the resource itself"
        )
    };
    Fault::new(FaultKind::UnknownResource, message, help)
}

/// The fault of an edge that an earlier declaration has too.
pub(crate) fn edge_twice(extension: &ExtensionDescriptor, edge: &EdgeDeclaration) -> Fault {
    let (child, parent) = (extension.resource.name(), edge.parent.name());
    let (message, help) = match edge.parent.role() {
        Some(role) => (
            format!("two edges of `{child}` have the role `{role}`"),
            String::from("give one of them another role, or remove it"),
        ),
        None => (
            format!("the edge from `{parent}` to `{child}` is declared twice"),
            help(
                edge.by_hand,
                format!(
                    "remove one of the two declarations, or give one a role: \
                     `declaration.edge({parent}.in_role(\"…\"), place!())`"
                ),
                format!("remove one of the two declarations, or give one a role: `edges = [role: {parent}]`"),
            ),
        ),
    };
    Fault::new(FaultKind::EdgeTwice, message, help).at(edge.place)
}

/// A role that cannot be printed, or that is the name of a resource: `from` could mean either.
fn unusable_role(edge: &EdgeDeclaration, extended: &BTreeSet<&str>) -> Option<Fault> {
    let role = edge.parent.role()?;
    if extended.contains(role) || role == edge.parent.name() {
        let message = format!("the role `{role}` has the name of a resource");
        let help = "give the role another name, such as that of the column with the reference";
        return Some(Fault::new(FaultKind::Name, message, help).at(edge.place));
    }
    unprintable("role", role, edge.place)
}
