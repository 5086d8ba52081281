//! What expanded code needs. No part of the public interface.

#[cfg(feature = "inventory")]
pub use inventory;

pub use crate::context::OperationContext;
pub use crate::link::{HandledBy, assert_handled};
pub use crate::registration::Registration;

use crate::resource::Resource;

/// What names the instances of `R`, asked about where the user wrote the type of ids.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not the id of `{R}`",
    label = "the ids of `{R}` are of another type",
    note = "the type of its ids stands where the resource is defined: `#[resource(id = …)]`"
)]
pub trait IdOf<R: Resource>: Sized {
    /// The same ids.
    fn these(ids: &[R::Id]) -> &[Self];
}

impl<R: Resource> IdOf<R> for R::Id {
    fn these(ids: &[R::Id]) -> &[Self] {
        ids
    }
}

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
