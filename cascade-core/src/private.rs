//! What expanded code needs. No part of the public interface.

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

/// No resource at all: what every operation with a root is said to start from, beside its root.
#[derive(Debug)]
pub struct NoResource;

/// Whether a name is among others, in constant evaluation.
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
