//! What is compiled of this crate for ids of common types is compiled here, once: where a build is not optimised, crates
//! take it from here, and compile it only for other types of ids. An optimised build has each crate compile its own, and
//! leaves this out.

use crate::outcome::{DynFound, Found};
use crate::resource::{IdKind, ResourceId};

/// What there is for ids of one type: tables of them, and answers of finders between two resources that have them.
type ForIds<Id> = (fn() -> IdKind, fn(Found<Id, Id>) -> Box<dyn DynFound>);

const fn for_ids<Id: ResourceId>() -> ForIds<Id> {
    (IdKind::of::<Id>, |found| Box::new(found))
}

/// Public in name, so that it is compiled at all.
#[doc(hidden)]
#[expect(private_interfaces, reason = "nobody is to use it")]
pub static FOR_COMMON_IDS: (ForIds<u64>, ForIds<i64>, ForIds<String>) = (for_ids(), for_ids(), for_ids());
