//! A map from numbers that lie close together: a plain list over their range.

/// Stands where there is nothing. No value is that large.
pub(crate) const NOTHING: u32 = u32::MAX;

/// Values by number. Reading and writing touch one place, next to that of the next number, and hash nothing.
#[derive(Clone, Debug, Default)]
pub(crate) struct DenseMap {
    /// The number of the first place.
    first: u64,
    values: Vec<u32>,
}

impl DenseMap {
    pub(crate) const fn new() -> Self {
        Self { first: 0, values: Vec::new() }
    }

    /// The value of a number, or [`NOTHING`].
    pub(crate) fn get(&self, number: u64) -> u32 {
        self.values.get(self.place(number)).copied().unwrap_or(NOTHING)
    }

    pub(crate) fn has_room(&self, number: u64) -> bool {
        self.place(number) < self.values.len()
    }

    /// The place of a number; `None` where there is no room for it.
    pub(crate) fn get_mut(&mut self, number: u64) -> Option<&mut u32> {
        let place = self.place(number);
        self.values.get_mut(place)
    }

    /// Room for so many places will be needed.
    pub(crate) fn expect(&mut self, places: usize) {
        self.values.reserve_exact(places.saturating_sub(self.values.len()));
    }

    /// The numbers there is room for, each with its value or [`NOTHING`].
    pub(crate) fn iter(&self) -> impl Iterator<Item = (u64, u32)> {
        (self.first..).zip(self.values.iter().copied())
    }

    /// The values or [`NOTHING`], by number.
    pub(crate) fn values(&self) -> impl Iterator<Item = u32> {
        self.values.iter().copied()
    }

    /// Makes room from `lowest` to `highest`, unless that takes more than `most` places in all: says whether there is.
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
            // Numbers that come from above to below are not to move all that is there each time.
            let before = (self.first - first).max(self.values.len() as u64);
            let first = self.first.saturating_sub(before).max(end.saturating_sub(most as u64)).min(first);
            let mut values = Vec::with_capacity((end - first) as usize);
            values.resize((self.first - first) as usize, NOTHING);
            values.append(&mut self.values);
            (self.first, self.values) = (first, values);
        }
        self.values.resize((end - self.first) as usize, NOTHING);
        true
    }

    /// Adds the values of the numbers from `first` on, if there is room for none of them and for all before: says whether
    /// it has.
    pub(crate) fn append(&mut self, first: u64, values: &[u32]) -> bool {
        if self.values.is_empty() {
            self.first = first;
        }
        let follows = self.first + self.values.len() as u64 == first;
        if follows {
            self.values.extend_from_slice(values);
        }
        follows
    }

    fn place(&self, number: u64) -> usize {
        // Below the first, this wraps around to a place that is not there.
        usize::try_from(number.wrapping_sub(self.first)).unwrap_or(usize::MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_put_in_is_found_in_whichever_direction_it_grew() {
        let mut map = DenseMap::new();
        assert_eq!(map.get(0), NOTHING);
        for (value, number) in [50, 51, 40, 70, 39, 0, u64::from(u32::MAX)].into_iter().enumerate() {
            let has_room = map.make_room(number, number, 100);
            assert_eq!(has_room, number < 100, "{number}");
            if let Some(place) = map.get_mut(number) {
                *place = value as u32;
            }
        }
        let found: Vec<_> = map.values().filter(|value| *value != NOTHING).collect();
        assert_eq!(found, [5, 4, 2, 0, 1, 3]);
        assert_eq!([0, 39, 40, 50, 51, 70].map(|number| map.get(number)), [5, 4, 2, 0, 1, 3]);
        assert_eq!(map.get(52), NOTHING);
        assert_eq!(map.get(u64::MAX), NOTHING);
        assert!(!map.make_room(u64::MAX, u64::MAX, usize::MAX));
    }

    #[test]
    fn numbers_that_fall_move_what_is_there_seldom() {
        let mut map = DenseMap::new();
        let mut moved = 0;
        for number in (0..10_000).rev() {
            let had = map.values.as_ptr();
            assert!(map.make_room(number, number, 20_000));
            moved += usize::from(map.values.as_ptr() != had);
        }
        assert!(moved < 30, "{moved}");
    }
}
