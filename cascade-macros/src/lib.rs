//! The attribute and the derives of `cascade-core`. Use them through that crate, which re-exports them.
