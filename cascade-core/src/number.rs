//! Ids that are a number inside.

use std::hash::{Hash, Hasher};

/// The number that an id is, if it is one: what it gives to a hasher is one integer and nothing else. That holds for
/// integers and for newtypes around them with the usual derives. Two ids that differ may well be the same number, where
/// somebody wrote their `Hash` so.
pub(crate) fn number_of(id: &impl Hash) -> Option<u64> {
    let mut seen = Seen { number: 0, writes: 0 };
    id.hash(&mut seen);
    (seen.writes == 1).then_some(seen.number)
}

/// A hasher that keeps what it is given.
struct Seen {
    number: u64,
    /// How often it was given something; what is no integer counts for more than one.
    writes: u8,
}

impl Seen {
    fn see(&mut self, number: u64) {
        self.number = number;
        self.writes = self.writes.saturating_add(1);
    }

    /// Negative numbers come right before the others.
    fn see_signed(&mut self, number: i64) {
        self.see(number.cast_unsigned() ^ (1 << 63));
    }
}

impl Hasher for Seen {
    fn finish(&self) -> u64 {
        self.number
    }

    fn write(&mut self, _: &[u8]) {
        self.writes = u8::MAX;
    }

    fn write_u8(&mut self, number: u8) {
        self.see(number.into());
    }

    fn write_u16(&mut self, number: u16) {
        self.see(number.into());
    }

    fn write_u32(&mut self, number: u32) {
        self.see(number.into());
    }

    fn write_u64(&mut self, number: u64) {
        self.see(number);
    }

    fn write_usize(&mut self, number: usize) {
        self.see(number as u64);
    }

    fn write_i8(&mut self, number: i8) {
        self.see_signed(number.into());
    }

    fn write_i16(&mut self, number: i16) {
        self.see_signed(number.into());
    }

    fn write_i32(&mut self, number: i32) {
        self.see_signed(number.into());
    }

    fn write_i64(&mut self, number: i64) {
        self.see_signed(number);
    }

    fn write_isize(&mut self, number: isize) {
        self.see_signed(number as i64);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Hash)]
    struct HostId(u32);

    #[test]
    fn integers_and_newtypes_around_them_are_numbers() {
        assert_eq!(number_of(&7_u64), Some(7));
        assert_eq!(number_of(&HostId(7)), Some(7));
        assert_eq!(number_of(&-1_i32).and_then(|number| number.checked_add(1)), number_of(&0_i64));
    }

    #[test]
    fn nothing_else_is() {
        assert_eq!(number_of(&"seven"), None);
        assert_eq!(number_of(&(7, 7)), None);
        assert_eq!(number_of(&7_u128), None);
        assert_eq!(number_of(&[7_u8; 4]), None);
        assert_eq!(number_of(&()), None);
    }
}
