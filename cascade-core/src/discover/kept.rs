//! What a refresh of a plan takes from the plan instead of from finders.

use crate::affected::{Affected, Begun};
use crate::graph::Reach;
use crate::ids::{Index, InstanceIx, ResourceIx};

/// What a refresh takes from the plan: the dispositions of the instances that have begun, and the dependents of those that may
/// be gone.
#[derive(Clone, Copy)]
pub(super) struct Kept<'a> {
    pub(super) affected: &'a Affected,
    pub(super) begun: &'a Begun,
}

impl Kept<'_> {
    /// Whether an instance would get more along an edge than the plan gives it, or is not in the plan. Such an instance is a late
    /// dependent. The refresh does not look for its dependents: the run must not remove them while that instance stays.
    pub(super) fn exceeds_plan(
        self,
        resource: ResourceIx,
        index: InstanceIx,
        reach: Reach,
        root: usize,
    ) -> bool {
        if matches!(reach, Reach::Retained | Reach::Restricts) {
            return false;
        }
        let column = &self.affected.columns[resource];
        let is_known = index.position() < column.len();
        let planned = is_known.then(|| column.dispositions.get(index));
        planned.is_none_or(|planned| planned.after(reach, root) != planned)
    }
}
