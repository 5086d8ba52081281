//! Ids in a line of output.

use std::fmt;

/// Prints an id with control characters escaped: an id cannot break the line or hide text from the reader.
pub(crate) struct Printed<T>(pub(crate) T);

impl<T: fmt::Display> fmt::Display for Printed<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for char in self.0.to_string().chars() {
            if char.is_control() { write!(f, "{}", char.escape_default())? } else { write!(f, "{char}")? }
        }
        Ok(())
    }
}
