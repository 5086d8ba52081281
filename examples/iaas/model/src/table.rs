//! Which table a resource is kept in.

use cascade_core::Resource;

use crate::id::Id;

/// A resource that the inventory keeps.
pub trait Stored: Resource<Id: Id> {
    /// The table, with one row per instance.
    const TABLE: &'static str;
    /// Whether a row that goes is first marked as deleted, and removed by the clean-up.
    const SOFT_DELETED: bool;

    /// The condition that picks the live rows of the table.
    const LIVE: &'static str = if Self::SOFT_DELETED { "deleted = 0" } else { "TRUE" };
}
