//! Percent-escapes of the characters that separate the parts of a printed id.

use std::fmt::{self, Write};

/// Writes text with those characters escaped, each byte as `%` and two hexadecimal digits.
pub(super) struct Escaped<W>(pub(super) W);

/// `"` is escaped so that an id in JSON is never also a printed id.
fn is_escaped(char: char) -> bool {
    matches!(char, '/' | '%' | '"') || char.is_control()
}

impl<W: Write> Write for Escaped<W> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        text.chars().try_for_each(|char| self.write_char(char))
    }

    fn write_char(&mut self, char: char) -> fmt::Result {
        if !is_escaped(char) {
            return self.0.write_char(char);
        }
        let mut bytes = [0; 4];
        char.encode_utf8(&mut bytes).bytes().try_for_each(|byte| write!(self.0, "%{byte:02X}"))
    }
}

/// The text without escapes; `None` if an escape is invalid, or a character is not escaped that has to be.
pub(super) fn unescaped(text: &str) -> Option<String> {
    let mut parts = text.split('%');
    let is_plain = |part: &str| !part.contains(is_escaped);
    let mut bytes = parts.next().filter(|part| is_plain(part))?.as_bytes().to_vec();
    for part in parts {
        let (digits, rest) = part.split_at_checked(2)?;
        if !digits.bytes().all(|digit| digit.is_ascii_hexdigit()) || !is_plain(rest) {
            return None;
        }
        bytes.push(u8::from_str_radix(digits, 16).ok()?);
        bytes.extend(rest.as_bytes());
    }
    String::from_utf8(bytes).ok()
}
