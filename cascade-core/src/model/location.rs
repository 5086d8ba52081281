//! Where something was declared, so that every error can say so.

use std::fmt;

use serde::Serialize;

/// A place in a user's source: the package, the file and the line of a declaration.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize)]
#[non_exhaustive]
pub struct Place {
    /// The cargo package that the declaration was compiled in.
    pub package: &'static str,
    /// The file, as rustc names it: relative to the workspace for workspace members.
    pub file: &'static str,
    /// The line, from 1.
    pub line: u32,
}

impl Place {
    /// A place by its parts. Use [`place!`](super::location) to name the place it is written at.
    pub const fn new(package: &'static str, file: &'static str, line: u32) -> Self {
        Self { package, file, line }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{} ({})", self.file, self.line, self.package)
    }
}

/// The [`Place`](crate::Place) this macro is written at.
///
/// ```
/// let here = cascade_core::place!();
/// assert!(here.line > 0);
/// ```
#[macro_export]
macro_rules! place {
    () => {
        $crate::Place::new(env!("CARGO_PKG_NAME"), file!(), line!())
    };
}
