//! The parents that a finder's answer names, as indices.

/// The parents of an answer's pairs.
pub(crate) struct Parents {
    /// [`UNKNOWN_PARENT`](Self::UNKNOWN_PARENT) for one that is not in the table.
    pub(crate) indices: Vec<u32>,
    /// The first that was not asked about, printed.
    pub(crate) not_asked: Option<String>,
    /// Whether they are all the parents of each child; else only those of them that were asked about.
    pub(crate) are_owners: bool,
}

impl Parents {
    /// Stands for a parent that is not in the table. No instance has that index.
    pub(crate) const UNKNOWN_PARENT: u32 = u32::MAX;
}

/// Whether a parent is among those asked about. These are sorted, and often without a gap.
pub(crate) fn was_asked(asked: &[u32], parent: u32) -> bool {
    let (Some(&first), Some(&last)) = (asked.first(), asked.last()) else { return false };
    let without_gap = (last - first) as usize + 1 == asked.len();
    (first..=last).contains(&parent) && (without_gap || asked.binary_search(&parent).is_ok())
}
