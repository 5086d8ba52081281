//! The digest of a plan: what a confirmation is bound to.

use crate::affected::Affected;
use crate::model::{Fields, bits};

/// The SHA-256 of the operation with its payload, the roots, and every affected instance with its effects and
/// whether it goes, in hex.
///
/// It is taken over sorted names and ids, so that neither the link order nor the order of finders' answers shows.
pub(crate) fn of(affected: &Affected) -> Result<String, serde_json::Error> {
    let mut fields = Fields::default();
    let mut field = |text: &str| fields.add(text);
    field(affected.operation.descriptor().code());
    field(&affected.operation.to_json()?.to_string());
    for (resource, column) in affected.columns.iter().enumerate() {
        field(affected.resource_name(resource));
        field(&affected.instances(resource).count().to_string());
        for index in affected.sorted(resource) {
            field(&column.ids.id_to_json(index)?.to_string());
            field(if affected.is_root(resource, index) { "root" } else { "" });
            field(if affected.is_going(resource, index) { "goes" } else { "" });
            for effect in bits(affected.effects(resource, index)) {
                // With the extension: an owner and its add-ons may have effects of one name.
                let effect = &affected.graph.resources[resource].effects[effect];
                field(&affected.graph.extensions[effect.extension].name);
                field(&effect.name);
            }
        }
    }
    Ok(fields.hex())
}
