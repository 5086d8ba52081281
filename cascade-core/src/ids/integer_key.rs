//! Integer keys of ids: integers, and newtypes of integers.

use std::any::{Any, TypeId};
use std::hash::{Hash, Hasher};

/// The integer key of an id, if it has one: its `Hash` writes exactly one integer. That holds for integers, and for newtypes of
/// integers with a derived `Hash`. Different ids may have the same key if their `Hash` is written by hand.
pub(crate) fn integer_key(id: &impl Hash) -> Option<u64> {
    let mut hasher = KeyHasher { key: 0, writes: 0 };
    id.hash(&mut hasher);
    (hasher.writes == 1).then_some(hasher.key)
}

/// Whether ids of this type are integers: they have unique keys, in the same order.
pub(crate) fn is_integer<Id: Any>() -> bool {
    let id_type = TypeId::of::<Id>();
    let is_one_of = |integers: [TypeId; 5]| integers.contains(&id_type);
    is_one_of([
        TypeId::of::<u8>(),
        TypeId::of::<u16>(),
        TypeId::of::<u32>(),
        TypeId::of::<u64>(),
        TypeId::of::<usize>(),
    ]) || is_one_of([
        TypeId::of::<i8>(),
        TypeId::of::<i16>(),
        TypeId::of::<i32>(),
        TypeId::of::<i64>(),
        TypeId::of::<isize>(),
    ])
}

/// A hasher that records the last integer that it receives.
struct KeyHasher {
    key: u64,
    /// The number of integers that it received, saturating; any other input sets it to the maximum.
    writes: u8,
}

impl KeyHasher {
    fn record(&mut self, key: u64) {
        self.key = key;
        self.writes = self.writes.saturating_add(1);
    }

    /// Flips the sign bit, so that keys have the order of the signed integers.
    fn record_signed(&mut self, number: i64) {
        self.record(number.cast_unsigned() ^ (1 << 63));
    }
}

impl Hasher for KeyHasher {
    fn finish(&self) -> u64 {
        self.key
    }

    fn write(&mut self, _: &[u8]) {
        self.writes = u8::MAX;
    }

    fn write_u8(&mut self, number: u8) {
        self.record(number.into());
    }

    fn write_u16(&mut self, number: u16) {
        self.record(number.into());
    }

    fn write_u32(&mut self, number: u32) {
        self.record(number.into());
    }

    fn write_u64(&mut self, number: u64) {
        self.record(number);
    }

    fn write_usize(&mut self, number: usize) {
        self.record(number as u64);
    }

    fn write_i8(&mut self, number: i8) {
        self.record_signed(number.into());
    }

    fn write_i16(&mut self, number: i16) {
        self.record_signed(number.into());
    }

    fn write_i32(&mut self, number: i32) {
        self.record_signed(number.into());
    }

    fn write_i64(&mut self, number: i64) {
        self.record_signed(number);
    }

    fn write_isize(&mut self, number: isize) {
        self.record_signed(number as i64);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Hash)]
    struct HostId(u32);

    #[test]
    fn integers_and_their_newtypes_have_keys() {
        assert_eq!(integer_key(&7_u64), Some(7));
        assert_eq!(integer_key(&HostId(7)), Some(7));
        assert_eq!(integer_key(&-1_i32).and_then(|key| key.checked_add(1)), integer_key(&0_i64));
    }

    #[test]
    fn keys_of_integers_are_in_the_same_order() {
        fn is_in_order<Id: Any + Hash>(ids: &[Id]) -> bool {
            is_integer::<Id>() && ids.iter().map(integer_key).is_sorted_by(|a, b| a < b)
        }
        assert!(is_in_order(&[0, 1, u64::MAX]) && is_in_order(&[0, u8::MAX]) && is_in_order(&[0, u32::MAX]));
        assert!(is_in_order(&[i64::MIN, -1, 0, i64::MAX]) && is_in_order(&[i8::MIN, -1, 0, i8::MAX]));
        assert!(is_in_order(&[isize::MIN, -1, 0]) && is_in_order(&[i16::MIN, -1, 0]));
        assert!(
            !is_integer::<HostId>()
                && !is_integer::<u128>()
                && !is_integer::<bool>()
                && !is_integer::<char>()
        );
    }

    #[test]
    fn other_types_have_no_key() {
        assert_eq!(integer_key(&"seven"), None);
        assert_eq!(integer_key(&(7, 7)), None);
        assert_eq!(integer_key(&7_u128), None);
        assert_eq!(integer_key(&[7_u8; 4]), None);
        assert_eq!(integer_key(&()), None);
    }
}
