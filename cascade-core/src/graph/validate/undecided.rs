//! Operations that leave an edge undecided.

use std::collections::BTreeMap;

use crate::model::{ExtensionDescriptor, Fault, FaultKind, OperationDescriptor, Rule};

/// Edges for which an operation of this extension has no rule.
pub(crate) fn undecided(extension: &ExtensionDescriptor, faults: &mut Vec<Fault>) {
    let operations: BTreeMap<&str, OperationDescriptor> =
        extension.rules.iter().map(|rule| (rule.operation.code(), rule.operation)).collect();
    for operation in operations.values() {
        for edge in &extension.edges {
            let decides = |rule: &&Rule| {
                rule.operation.is_same(operation) && rule.from.iter().any(|from| from.is_same(&edge.parent))
            };
            if extension.rules.iter().filter(decides).any(|rule| rule.roots.is_empty()) {
                continue;
            }
            let (child, parent, operation) =
                (extension.resource.name(), edge.parent.name(), operation.name());
            let for_some_roots = extension.rules.iter().any(|rule| decides(&rule));
            let only = if for_some_roots { " that is not limited to some roots" } else { "" };
            faults.push(
                Fault::new(
                    FaultKind::Undecided,
                    format!("`{child}` has no rule for `{operation}` from `{parent}`{only}"),
                    format!("name `{parent}` in a `from`, or write `ignore({operation}, from = [{parent}])`"),
                )
                .at(edge.place),
            );
        }
    }
}
