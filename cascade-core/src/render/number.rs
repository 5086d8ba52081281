//! Formats counts.

use std::fmt;

/// A count with thousands separators: `10,000`.
pub(super) struct Count(pub(super) usize);

impl fmt::Display for Count {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let digits = self.0.to_string();
        let mut separated = String::with_capacity(digits.len() + digits.len() / 3);
        for (at, digit) in digits.chars().enumerate() {
            if at > 0 && (digits.len() - at).is_multiple_of(3) {
                separated.push(',');
            }
            separated.push(digit);
        }
        f.pad(&separated)
    }
}

/// A count with its noun: `1 edge`, `1,858 edges`.
#[cfg(feature = "document")]
pub(super) fn counted(count: usize, word: &str) -> String {
    let plural = if count == 1 { "" } else { "s" };
    format!("{} {word}{plural}", Count(count))
}

#[cfg(test)]
mod tests {
    use super::Count;

    #[test]
    fn thousands_are_separated() {
        let printed: Vec<String> =
            [0, 7, 999, 1000, 12_345, 123_456, 1_234_567].map(|count| Count(count).to_string()).to_vec();
        assert_eq!(printed, ["0", "7", "999", "1,000", "12,345", "123,456", "1,234,567"]);
    }
}
