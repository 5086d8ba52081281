//! The digest of a plan. A confirmation holds only for the plan with that digest.

use super::cut::cuts;
use crate::affected::Affected;
use crate::model::Fields;

/// The SHA-256, in hex, of the operation with its payload, and of every affected instance: its id, whether it is a
/// root, whether it is removed, and its effects. Then the cuts.
///
/// The input is sorted by resource and id, so that the digest depends neither on the link order nor on the order of
/// finders' answers.
pub(crate) fn of(affected: &Affected) -> Result<String, serde_json::Error> {
    let mut fields = Fields::default();
    let mut add = |text: &str| fields.add(text);
    add(affected.operation.descriptor().code());
    add(&affected.operation.to_json()?.to_string());
    for (resource, column) in affected.columns.enumerate() {
        add(affected.resource_name(resource));
        add(&affected.instances(resource).count().to_string());
        for index in affected.sorted(resource) {
            add(&column.ids.id_to_json(index)?.to_string());
            add(if affected.is_root(resource, index) { "root" } else { "" });
            add(if affected.is_going(resource, index) { "goes" } else { "" });
            for effect in affected.effects(resource, index).iter() {
                // With the extension, because an owner and its add-ons may have effects of the same name.
                let effect = &affected.graph.resources[resource].effects[effect];
                add(&affected.graph.extensions[effect.extension].name);
                add(&effect.name);
            }
        }
    }
    // A plan without cuts keeps the digest that it had before cuts were part of it.
    for cut in cuts(affected) {
        let (parent, child) = (&cut.parent, &cut.child);
        let part = if cut.end_only { "end" } else { "all" };
        for text in ["cut", part, &parent.resource, &parent.text, &child.resource, &child.text] {
            add(text);
        }
        if let Some(role) = &cut.role {
            add("role");
            add(role);
        }
    }
    Ok(fields.hex())
}
