//! Validation of a set of extensions: reports all faults at once.
//!
//! `#[cascade]` rejects faults within one `impl` at compile time. They are checked here again, for declarations that are
//! made by hand.

mod calls;
mod cuts;
mod edges;
mod effects;
mod finders;
mod misspelt;
mod names;
mod owners;
mod phases;
mod rules;
mod settings;
mod shared;
mod undecided;
mod words;

use super::order_faults::contradictions;
use crate::model::{ExtensionDescriptor, Fault};

/// Returns all faults. The caller sorts the extensions, so that the order of the faults is fixed.
pub(crate) fn validate(extensions: &[ExtensionDescriptor]) -> Vec<Fault> {
    let mut faults = Vec::new();
    names::of_resources(extensions, &mut faults);
    names::of_operations(extensions, &mut faults);
    let extended = owners::extended_resources(extensions, &mut faults);
    contradictions(extensions, &mut faults);
    cuts::without_cycle(extensions, &mut faults);
    owners::claimed_by_two_extensions(extensions, &mut faults);
    shared::along_two_edges(extensions, &mut faults);
    effects::too_many(extensions, &mut faults);
    let total = undecided::total_operations(extensions);
    for extension in extensions {
        let corrected = misspelt::corrected(extension);
        names::within(extension, &mut faults);
        calls::left(extension, &mut faults);
        settings::settings(extension, &mut faults);
        edges::edges(extension, &extended, &mut faults);
        finders::finders(extension, &corrected, &mut faults);
        effects::effects(extension, &mut faults);
        effects::leaves_supersede_removals(extension, &mut faults);
        rules::rules(extension, &extended, &mut faults);
        undecided::undecided(&corrected, &total, &mut faults);
        phases::phases(extension, &mut faults);
    }
    faults
}
