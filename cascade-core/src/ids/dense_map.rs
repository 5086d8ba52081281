//! A map from integer keys within a small range, stored as a list over that range.

use super::index::{InstanceIx, PackedOption};

/// Instances of one resource by key. An access hashes nothing, and consecutive keys are adjacent in memory.
#[derive(Clone, Debug, Default)]
pub(crate) struct DenseMap {
    /// The key of the first value.
    first: u64,
    values: Vec<PackedOption<InstanceIx>>,
}

impl DenseMap {
    pub(crate) const fn new() -> Self {
        Self { first: 0, values: Vec::new() }
    }

    /// The value of a key, if there is one.
    pub(crate) fn get(&self, key: u64) -> PackedOption<InstanceIx> {
        self.values.get(self.position(key)).copied().unwrap_or(PackedOption::NONE)
    }

    /// Whether the key is within the range.
    pub(crate) fn has_room(&self, key: u64) -> bool {
        self.position(key) < self.values.len()
    }

    /// The value of a key, for writing; `None` if the key is outside the range.
    pub(crate) fn get_mut(&mut self, key: u64) -> Option<&mut PackedOption<InstanceIx>> {
        let position = self.position(key);
        self.values.get_mut(position)
    }

    /// Allocates memory for a range of `len` keys.
    pub(crate) fn reserve(&mut self, len: usize) {
        self.values.reserve_exact(len.saturating_sub(self.values.len()));
    }

    /// All keys of the range, each with its value, if it has one.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (u64, PackedOption<InstanceIx>)> {
        (self.first..).zip(self.values.iter().copied())
    }

    /// The values of all keys of the range; none for a key that has no value.
    pub(crate) fn values(&self) -> impl Iterator<Item = PackedOption<InstanceIx>> {
        self.values.iter().copied()
    }

    /// Extends the range to include `lowest..=highest`. Returns false, and changes nothing that is stored, if the range would
    /// exceed `most` keys.
    pub(crate) fn make_room(&mut self, lowest: u64, highest: u64, most: usize) -> bool {
        let Some(end) = highest.checked_add(1) else { return false };
        if self.values.is_empty() {
            self.first = lowest;
        }
        let known_end = self.first + self.values.len() as u64;
        let (first, end) = (self.first.min(lowest), known_end.max(end));
        if end - first > most as u64 {
            return false;
        }
        if first < self.first {
            // At least doubles the length, so that descending keys do not move all values each time.
            let extra = (self.first - first).max(self.values.len() as u64);
            let first = self.first.saturating_sub(extra).max(end.saturating_sub(most as u64)).min(first);
            let mut values = Vec::with_capacity((end - first) as usize);
            values.resize((self.first - first) as usize, PackedOption::NONE);
            values.append(&mut self.values);
            (self.first, self.values) = (first, values);
        }
        self.values.resize((end - self.first) as usize, PackedOption::NONE);
        true
    }

    /// Appends the values of the keys from `first` on. Returns false, and appends nothing, if `first` is not the key after the
    /// range.
    pub(crate) fn append(&mut self, first: u64, values: &[PackedOption<InstanceIx>]) -> bool {
        if self.values.is_empty() {
            self.first = first;
        }
        let follows = self.first + self.values.len() as u64 == first;
        if follows {
            self.values.extend_from_slice(values);
        }
        follows
    }

    fn position(&self, key: u64) -> usize {
        // For a key below the first, this wraps around to a position outside the list.
        usize::try_from(key.wrapping_sub(self.first)).unwrap_or(usize::MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::Index;

    #[test]
    fn values_are_found_after_growth_in_either_direction() {
        let mut map = DenseMap::new();
        let number = |key: u64, map: &DenseMap| map.get(key).get().map(Index::number);
        assert_eq!(number(0, &map), None);
        for (value, key) in [50, 51, 40, 70, 39, 0, u64::from(u32::MAX)].into_iter().enumerate() {
            let has_room = map.make_room(key, key, 100);
            assert_eq!(has_room, key < 100, "{key}");
            if let Some(position) = map.get_mut(key) {
                *position = PackedOption::some(InstanceIx::at(value));
            }
        }
        let found: Vec<_> = map.values().filter_map(PackedOption::get).map(Index::number).collect();
        assert_eq!(found, [5, 4, 2, 0, 1, 3]);
        assert_eq!([0, 39, 40, 50, 51, 70].map(|key| number(key, &map)), [5, 4, 2, 0, 1, 3].map(Some));
        assert_eq!([52, u64::MAX].map(|key| number(key, &map)), [None, None]);
        assert!(!map.make_room(u64::MAX, u64::MAX, usize::MAX));
    }

    #[test]
    fn descending_keys_rarely_move_the_values() {
        let mut map = DenseMap::new();
        let mut moved = 0;
        for key in (0..10_000).rev() {
            let before = map.values.as_ptr();
            assert!(map.make_room(key, key, 20_000));
            moved += usize::from(map.values.as_ptr() != before);
        }
        assert!(moved < 30, "{moved}");
    }
}
