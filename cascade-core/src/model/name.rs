//! Names that are known at compile time or at run time.

use std::borrow::Cow;

/// A name that is known at compile time or at run time.
pub type Name = Cow<'static, str>;
