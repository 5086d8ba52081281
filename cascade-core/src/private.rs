//! What expanded code needs. No part of the public interface.

pub use cascade_macros::documents;
#[cfg(feature = "inventory")]
pub use inventory;

pub use crate::adapt::{Answered, Call, Called};
pub use crate::annotated::{Annotated, Part, Policy, Written};
#[cfg(debug_assertions)]
pub use crate::common_ids::FOR_COMMON_IDS;
#[cfg(all(feature = "document", feature = "inventory"))]
pub use crate::document::documented;
pub use crate::link::assert_handled;
pub use crate::registration::Registration;

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
