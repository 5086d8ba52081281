//! What a refresh of a plan takes from the plan instead of from finders.

use crate::affected::{Affected, Begun};

/// What a refresh takes from the plan: the dispositions of the instances that have begun, and the dependents of those that may
/// be gone.
#[derive(Clone, Copy)]
pub(super) struct Kept<'a> {
    pub(super) affected: &'a Affected,
    pub(super) begun: &'a Begun,
}
