//! BatchIds that are a number inside.

use std::any::{Any, TypeId};
use std::hash::{Hash, Hasher};

/// The number that an id is, if it is one: what it gives to a hasher is one integer and nothing else. That holds for
/// integers and for newtypes around them with the usual derives. Two ids that differ may well be the same number, where
/// somebody wrote their `Hash` so.
pub(crate) fn number_of(id: &impl Hash) -> Option<u64> {
    let mut seen = Seen { number: 0, writes: 0 };
    id.hash(&mut seen);
    (seen.writes == 1).then_some(seen.number)
}

/// Whether ids of that type are nothing but their number: different ones have different numbers, in the same order.
pub(crate) fn is_number<Id: Any>() -> bool {
    let id = TypeId::of::<Id>();
    let is = |integers: [TypeId; 5]| integers.contains(&id);
    is([
        TypeId::of::<u8>(),
        TypeId::of::<u16>(),
        TypeId::of::<u32>(),
        TypeId::of::<u64>(),
        TypeId::of::<usize>(),
    ]) || is([
        TypeId::of::<i8>(),
        TypeId::of::<i16>(),
        TypeId::of::<i32>(),
        TypeId::of::<i64>(),
        TypeId::of::<isize>(),
    ])
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
    fn only_integers_are_nothing_but_their_number() {
        fn is_in_order<Id: Any + Hash>(ids: &[Id]) -> bool {
            is_number::<Id>() && ids.iter().map(number_of).is_sorted_by(|a, b| a < b)
        }
        assert!(is_in_order(&[0, 1, u64::MAX]) && is_in_order(&[0, u8::MAX]) && is_in_order(&[0, u32::MAX]));
        assert!(is_in_order(&[i64::MIN, -1, 0, i64::MAX]) && is_in_order(&[i8::MIN, -1, 0, i8::MAX]));
        assert!(is_in_order(&[isize::MIN, -1, 0]) && is_in_order(&[i16::MIN, -1, 0]));
        assert!(
            !is_number::<HostId>() && !is_number::<u128>() && !is_number::<bool>() && !is_number::<char>()
        );
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
