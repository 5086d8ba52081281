//! Identity: the owners of instances.

use cascade_core::Resource;

use crate::id::string_id;
use crate::table::Stored;

/// An owner of instances. The system account is `account-admin`.
#[derive(Debug, Resource)]
#[resource(id = AccountId)]
pub struct Account;

string_id! {
    /// Names a [`Account`].
    AccountId
}

impl Stored for Account {
    const TABLE: &'static str = "account";
    const SOFT_DELETED: bool = false;
}
