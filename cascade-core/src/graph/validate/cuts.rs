//! Edges whose order may be given up, although they close no cycle.

use std::collections::{BTreeMap, BTreeSet};

use super::words::help;
use crate::graph::components::components;
use crate::model::{ExtensionDescriptor, Fault, FaultKind};

/// Edges with `may_cut` that no operation follows in a cycle of resources: their order is never given up.
pub(crate) fn without_cycle(extensions: &[ExtensionDescriptor], faults: &mut Vec<Fault>) {
    if !extensions.iter().flat_map(|extension| &extension.edges).any(|edge| edge.may_cut) {
        return;
    }
    let on_cycle = arcs_on_cycles(extensions);
    let extended: BTreeSet<&str> = extensions.iter().map(|extension| extension.resource.name()).collect();
    let edges = extensions.iter().flat_map(|extension| std::iter::repeat(extension).zip(&extension.edges));
    for (extension, edge) in edges.filter(|(_, edge)| edge.may_cut) {
        let (child, parent) = (extension.resource.name(), edge.parent.name());
        let label = edge.parent.label();
        // A parent without an extension is a fault of its own.
        if on_cycle.contains(&(parent, child, edge.parent.role())) || !extended.contains(parent) {
            continue;
        }
        let message = format!(
            "the order along the edge from `{label}` to `{child}` may be given up, but `{parent}` never depends on \
             `{child}`, so the edge closes no cycle"
        );
        let help = help(
            edge.by_hand,
            format!("remove the call of `may_cut` for `{label}`"),
            format!("remove `{label}` from `may_cut`"),
        );
        faults.push(Fault::new(FaultKind::MayCut, message, help).at(edge.place));
    }
}

/// The parent, the child and the role of an edge.
type Ends<'a> = (&'a str, &'a str, Option<&'a str>);

/// The edges that some operation follows in a cycle of resources.
fn arcs_on_cycles(extensions: &[ExtensionDescriptor]) -> BTreeSet<Ends<'_>> {
    let mut followed: BTreeMap<&str, BTreeSet<Ends<'_>>> = BTreeMap::new();
    for extension in extensions {
        for rule in extension.rules.iter().filter(|rule| rule.decision.orders()) {
            let of_operation = followed.entry(rule.operation.code()).or_default();
            let child = extension.resource.name();
            of_operation.extend(rule.from.iter().map(|parent| (parent.name(), child, parent.role())));
        }
    }
    let mut on_cycle = BTreeSet::new();
    for arcs in followed.values() {
        let ends = arcs.iter().flat_map(|&(parent, child, _)| [parent, child]);
        let names: Vec<&str> = ends.collect::<BTreeSet<&str>>().into_iter().collect();
        let number = |name: &str| names.partition_point(|&known| known < name) as u32;
        let numbered: Vec<(u32, u32)> =
            arcs.iter().map(|&(parent, child, _)| (number(parent), number(child))).collect();
        let group_of = components(names.len(), &numbered);
        let arcs = arcs.iter().copied().zip(numbered);
        let is_inside = |(parent, child): (u32, u32)| group_of[parent as usize] == group_of[child as usize];
        on_cycle.extend(arcs.filter(|&(_, ends)| is_inside(ends)).map(|(arc, _)| arc));
    }
    on_cycle
}
