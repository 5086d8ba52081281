//! What expanded code needs. No part of the public interface.

#[cfg(feature = "inventory")]
pub use inventory;

pub use crate::link::{HandledBy, assert_handled};
pub use crate::registration::Registration;

/// Whether two names differ, in constant evaluation.
pub const fn names_differ(a: &str, b: &str) -> bool {
    let (a, b) = (a.as_bytes(), b.as_bytes());
    if a.len() != b.len() {
        return true;
    }
    let mut i = 0;
    while i < a.len() {
        if a[i] != b[i] {
            return true;
        }
        i += 1;
    }
    false
}
