//! Source locations of declarations, which error messages show.

use std::fmt;
use std::panic::Location;

use serde::Serialize;

/// The source location of a declaration: package, file and line.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize)]
#[non_exhaustive]
pub struct Place {
    /// The cargo package that contains the declaration; empty if it is unknown.
    pub package: &'static str,
    /// The file path as rustc reports it: relative to the workspace root for members of a workspace.
    pub file: &'static str,
    /// The line; the first is 1.
    pub line: u32,
}

impl Place {
    /// A place from its parts. [`place!`](crate::place!) returns the place of its own invocation.
    pub const fn new(package: &'static str, file: &'static str, line: u32) -> Self {
        Self { package, file, line }
    }

    /// The place of a call, of which the package is unknown.
    pub(crate) const fn of(call: &Location<'static>) -> Self {
        Self { package: "", file: call.file(), line: call.line() }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.file, self.line)?;
        if self.package.is_empty() { Ok(()) } else { write!(f, " ({})", self.package) }
    }
}

/// The [`Place`](crate::Place) of this macro invocation.
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
