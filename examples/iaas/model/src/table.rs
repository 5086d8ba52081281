//! The table of a resource.

use cascade_core::Resource;

use crate::id::Id;

/// A resource that the inventory stores.
pub trait Stored: Resource<Id: Id> {
    /// The table, with one row per instance.
    const TABLE: &'static str;
    /// Whether a removed row is first marked as deleted, and then removed by the cleanup.
    const SOFT_DELETED: bool;

    /// The condition that selects live rows.
    const LIVE: &'static str = if Self::SOFT_DELETED { "deleted = 0" } else { "TRUE" };
}
