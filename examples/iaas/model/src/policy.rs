//! Deletion policies: what is deleted at once, and what is put off.

use cascade_core::{FindContext, Resource};

use crate::compute::VmInstance;
use crate::identity::Account;
use crate::storage::Volume;

/// Whether VMs and volumes with the policy `Delay` are put off in this cascade: where a person deletes them, or the
/// account that they are of. What a zone or a storage takes with it asks nobody for a policy.
///
/// What is put off keeps all it has, so that finders of what belongs to it must not find that.
pub fn is_asked_for(cx: &FindContext) -> bool {
    [VmInstance::NAME, Volume::NAME, Account::NAME].contains(&cx.root())
}
