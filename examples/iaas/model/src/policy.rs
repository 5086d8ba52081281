//! Deletion policies: immediate or delayed.

use cascade_core::FindContext;

use crate::compute::VmInstance;
use crate::identity::Account;
use crate::storage::Volume;

/// Whether this cascade delays the deletion of VMs and volumes with the policy `Delay`: if a user deletes them, or the
/// account that owns them. A zone or a storage ignores the policy.
///
/// An instance with delayed deletion keeps its dependents, so their finders must not find them.
pub fn is_asked_for(cx: &FindContext) -> bool {
    cx.started_at::<VmInstance>() || cx.started_at::<Volume>() || cx.started_at::<Account>()
}
