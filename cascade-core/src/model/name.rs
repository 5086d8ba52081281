//! Names in declarations.

use std::borrow::Cow;

/// A name: static if the macros generated the declaration, owned if it was made at run time.
pub type Name = Cow<'static, str>;
