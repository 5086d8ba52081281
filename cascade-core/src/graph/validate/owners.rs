//! Which extension owns a resource, an edge and the rule of a root instance.

use std::collections::{BTreeMap, BTreeSet};

use super::edges::edge_twice;
use super::rules::{have_equal_precedence, rule_twice};
use super::words::help;
use crate::model::{ExtensionDescriptor, Fault, FaultKind, Rule};

/// The names of the resources that have an extension. Reports each that has no owner, or several: an owner is an extension that
/// is not an add-on.
pub(crate) fn extended_resources<'a>(
    extensions: &'a [ExtensionDescriptor],
    faults: &mut Vec<Fault>,
) -> BTreeSet<&'a str> {
    let mut by_name: BTreeMap<&str, Vec<&ExtensionDescriptor>> = BTreeMap::new();
    for extension in extensions {
        by_name.entry(extension.resource.name()).or_default().push(extension);
    }
    for (name, extensions) in &by_name {
        let owners: Vec<_> = extensions.iter().filter(|extension| !extension.addon).collect();
        match owners.as_slice() {
            [_] => {}
            [] => faults.push(extensions.iter().fold(
                Fault::new(
                    FaultKind::AddonAlone,
                    format!("`{name}` has only add-ons as extensions"),
                    help(
                        extensions.iter().any(|addon| addon.by_hand),
                        format!(
                            "declare the extension that owns `{name}`: `builder.declare(…)`, or remove one call \
                             `addon()`"
                        ),
                        format!("link the crate whose extension owns `{name}`, or remove `addon` from one"),
                    ),
                ),
                |fault, addon| fault.at(addon.place),
            )),
            owners => faults.push(owners.iter().fold(
                Fault::new(
                    FaultKind::ResourceClaimedTwice,
                    format!("`{name}` has {} extensions that are not add-ons", owners.len()),
                    help(
                        owners.iter().any(|owner| owner.by_hand),
                        "keep one, and mark those that only add edges: `declaration.addon()`",
                        "keep one, and mark those that only add edges with `#[cascade(…, addon)]`",
                    ),
                ),
                |fault, owner| fault.at(owner.place),
            )),
        }
    }
    by_name.into_keys().collect()
}

/// Edges and root rules that two extensions of one resource declare. The modules `edges` and `rules` check each extension alone.
pub(crate) fn claimed_by_two_extensions(extensions: &[ExtensionDescriptor], faults: &mut Vec<Fault>) {
    let mut by_resource: BTreeMap<&str, Vec<&ExtensionDescriptor>> = BTreeMap::new();
    for second in extensions {
        let earlier = by_resource.entry(second.resource.name()).or_default();
        for first in earlier.iter() {
            for edge in &second.edges {
                if let Some(claimed) =
                    first.edges.iter().find(|known| known.parent.collides_with(&edge.parent))
                {
                    faults.push(edge_twice(second, edge).at(claimed.place));
                }
            }
            for rule in root_rules(second) {
                if let Some(claimed) = root_rules(first).find(|claim| have_equal_precedence(claim, rule)) {
                    faults.push(rule_twice(second, rule).at(claimed.place));
                }
            }
        }
        earlier.push(second);
    }
}

fn root_rules(extension: &ExtensionDescriptor) -> impl Iterator<Item = &Rule> {
    extension.rules.iter().filter(|rule| rule.from.is_empty())
}
