//! Source locations of declarations, which error messages show.

use std::fmt;
use std::panic::Location;

use serde::Serialize;

use super::name::Name;
use super::printed::Printed;

/// Where a declaration was made: package, file and line, or a text.
///
/// A program that generates a graph from data makes all declarations at a few lines. A text says which part of the data a
/// declaration is from:
///
/// ```
/// use cascade_core::Place;
///
/// let constraint = Place::described(format!("constraint fk_{}", 1171));
/// assert_eq!(constraint.to_string(), "constraint fk_1171");
/// ```
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize)]
#[non_exhaustive]
pub struct Place {
    /// The cargo package that contains the declaration. Empty for a [`text`](Self::text), and if it is unknown.
    pub package: &'static str,
    /// The file path as rustc reports it: relative to the workspace root for members of a workspace. Or the
    /// [`text`](Self::text), if the line is 0.
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

    /// A place that a text describes, such as `constraint fk_1171`.
    ///
    /// A place is copied into faults, errors and documents, so the text lives as long as the program: an owned text is leaked.
    /// A program that builds graphs again and again should keep the places.
    pub fn described(text: impl Into<Name>) -> Self {
        let text = match text.into() {
            Name::Borrowed(text) => text,
            Name::Owned(text) => text.leak(),
        };
        // The text has no field of its own: a larger place would make each error that has one larger.
        Self::new("", text, 0)
    }

    /// The text of a [`described`](Self::described) place; `None` for a line of a file.
    pub const fn text(&self) -> Option<&'static str> {
        if self.line == 0 { Some(self.file) } else { None }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.text() {
            Some(text) => write!(f, "{}", Printed(text)),
            None if self.package.is_empty() => write!(f, "{}:{}", self.file, self.line),
            None => write!(f, "{}:{} ({})", self.file, self.line, self.package),
        }
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
