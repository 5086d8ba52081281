//! Items that code expanded by the macros refers to. Not part of the public interface.

pub use cascade_macros::documents;
#[cfg(feature = "inventory")]
pub use inventory;

#[cfg(all(feature = "document", feature = "inventory"))]
pub use crate::document::documented;
#[cfg(debug_assertions)]
pub use crate::extension::FOR_COMMON_IDS;
pub use crate::extension::{Annotated, DeclarationWriter, Item, Policy};
pub use crate::extension::{Registration, assert_handled};
pub use crate::handler::{Invocation, MethodFuture, ReplyResult};
pub use crate::ids::{IdParser, NoFromStr};

/// Stands for no resource. An operation with a single root also implements `StartsFrom<NoResource>`: with a second
/// implementation the compiler does not infer the root, and reports a wrong root with the message of `StartsFrom`.
#[derive(Debug)]
pub struct NoResource;

/// Whether `others` contains `name`. Usable in constants.
pub const fn is_among(name: &str, others: &[&str]) -> bool {
    let mut i = 0;
    while i < others.len() {
        if is_same(name.as_bytes(), others[i].as_bytes()) {
            return true;
        }
        i += 1;
    }
    false
}

const fn is_same(a: &[u8], b: &[u8]) -> bool {
    if a.len() != b.len() {
        return false;
    }
    let mut i = 0;
    while i < a.len() {
        if a[i] != b[i] {
            return false;
        }
        i += 1;
    }
    true
}
