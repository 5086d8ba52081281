//! Ids in a line of text.

use std::fmt;

/// An id as it is shown in a line: control characters escaped, so that an id can neither break the line nor hide.
pub(crate) struct Printed<T>(pub(crate) T);

impl<T: fmt::Display> fmt::Display for Printed<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for char in self.0.to_string().chars() {
            if char.is_control() { write!(f, "{}", char.escape_default())? } else { write!(f, "{char}")? }
        }
        Ok(())
    }
}
