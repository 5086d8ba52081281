//! The parents that a finder's answer names, by index.

use crate::ids::{Index, InstanceIx, PackedOption};

/// The parents that a finder's answer names.
pub(crate) struct Parents {
    /// The parent of each child; none for a parent that is not in the table.
    pub(crate) indices: Vec<PackedOption<InstanceIx>>,
    /// The first parent that the finder was not asked about, printed.
    pub(crate) not_asked: Option<String>,
    /// Whether the answer can name every parent of a child; if not, it names only those the finder was asked about.
    pub(crate) are_owners: bool,
}

/// Whether a finder was asked about the parent. `asked` is sorted, and often without gaps.
pub(crate) fn was_asked(asked: &[InstanceIx], parent: InstanceIx) -> bool {
    let (Some(&first), Some(&last)) = (asked.first(), asked.last()) else { return false };
    let without_gap = last.position() - first.position() + 1 == asked.len();
    (first..=last).contains(&parent) && (without_gap || asked.binary_search(&parent).is_ok())
}
