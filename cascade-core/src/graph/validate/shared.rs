//! Resources that an operation shares along two edges.

use std::collections::BTreeSet;

use super::words::help;
use crate::model::{EdgeParent, ExtensionDescriptor, Fault, FaultKind, ResourceDescriptor, Rule};

/// A `shared` rule, and one of the edges that it is for.
#[derive(Clone, Copy)]
struct SharedEdge<'a> {
    rule: &'a Rule,
    owner: &'a EdgeParent,
}

/// Resources that one operation shares along two edges. The finder of an edge names only the owners along that edge, so the
/// removal of the last owner of one kind would remove an instance that still has an owner of the other kind.
pub(crate) fn along_two_edges(extensions: &[ExtensionDescriptor], faults: &mut Vec<Fault>) {
    let same_resource =
        |a: &ExtensionDescriptor, b: &ExtensionDescriptor| a.resource.name() == b.resource.name();
    for extensions in extensions.chunk_by(same_resource) {
        let rules: Vec<&Rule> = extensions.iter().flat_map(|extension| &extension.rules).collect();
        let shared: Vec<SharedEdge<'_>> = rules
            .iter()
            .filter(|rule| rule.decision.is_shared())
            .flat_map(|&rule| rule.from.iter().map(move |owner| SharedEdge { rule, owner }))
            .collect();
        let mut reported = BTreeSet::new();
        for (index, &edge) in shared.iter().enumerate() {
            let conflicts = |other: &&SharedEdge<'_>| {
                !other.owner.is_same(edge.owner)
                    && other.rule.operation.is_same(&edge.rule.operation)
                    && both_apply(&rules, **other, edge)
            };
            let Some(&other) = shared[..index].iter().find(conflicts) else { continue };
            let (operation, owners) = (edge.rule.operation.name(), [other.owner.label(), edge.owner.label()]);
            if reported.insert((operation, owners)) {
                faults.push(shared_twice(extensions[0].resource.name(), other, edge));
            }
        }
    }
}

fn shared_twice(child: &str, first: SharedEdge<'_>, second: SharedEdge<'_>) -> Fault {
    let (operation, first_owner, second_owner) =
        (second.rule.operation.name(), first.owner.label(), second.owner.label());
    let message = format!(
        "for `{operation}`, `{child}` is `shared` along the edges from `{first_owner}` and from `{second_owner}`: the \
         removal of the last `{first_owner}` would remove an instance that still has a `{second_owner}`, and vice versa"
    );
    let help = help(
        second.rule.by_hand,
        "keep one `Rule::shared` or `with_last_owner`; along the other edge, use `Rule::restrict` or an effect that \
         checks for owners itself",
        "keep one `shared`; along the other edge, use `restrict` or an effect that checks for owners itself",
    );
    Fault::new(FaultKind::SharedTwice, message, help).at(second.rule.place).at(first.rule.place)
}

/// Whether there is a root for which both rules, which are for the same operation, decide their edges.
fn both_apply(rules: &[&Rule], a: SharedEdge<'_>, b: SharedEdge<'_>) -> bool {
    let names_root =
        |rule: &Rule, root: &ResourceDescriptor| rule.roots.iter().any(|named| named.is_same(root));
    // `None` is a root that no rule names.
    let decides = |SharedEdge { rule, owner }: SharedEdge<'_>, root: Option<&ResourceDescriptor>| match root {
        Some(root) if rule.roots.is_empty() => !rules.iter().any(|other| {
            other.operation.is_same(&rule.operation)
                && other.from.iter().any(|from| from.is_same(owner))
                && names_root(other, root)
        }),
        Some(root) => names_root(rule, root),
        None => rule.roots.is_empty(),
    };
    let roots = rules.iter().flat_map(|rule| &rule.roots).map(Some);
    roots.chain([None]).any(|root| decides(a, root) && decides(b, root))
}
