//! A hash table of the indices of a list.

use super::index::{Index, InstanceIx, PackedOption};

/// A hash table with linear probing. It finds positions in a list by the hashes of the items; the list alone holds the items.
///
/// A slot is one word: half of the hash, and the position. So a lookup of an unknown item usually reads one cache line and no
/// item, and the table grows without hashing the items again, unlike `hashbrown::HashTable`.
#[derive(Clone, Debug, Default)]
pub(crate) struct HashIndex {
    /// The upper half of a slot is the upper half of the hash, the lower half is the position plus one. Zero is an empty slot.
    /// Slots are in the order of the hashes, so that growth writes the larger table sequentially.
    slots: Vec<u64>,
    len: usize,
}

impl HashIndex {
    pub(crate) const fn new() -> Self {
        Self { slots: Vec::new(), len: 0 }
    }

    /// Whether the table must grow before the next insertion.
    pub(crate) fn is_full(&self) -> bool {
        // Above a load of two thirds, probe sequences get long.
        self.len >= self.slots.len() / 3 * 2
    }

    /// Makes room for `count` positions in total.
    pub(crate) fn grow(&mut self, count: usize) {
        let slots = (count / 2 + 1) * 3;
        if slots <= self.slots.len() {
            return;
        }
        let old = std::mem::replace(&mut self.slots, vec![0; slots]);
        for slot in old.into_iter().filter(|&slot| slot != 0) {
            let mut slot_index = self.home(slot >> 32);
            while self.slots[slot_index] != 0 {
                slot_index = self.next_slot(slot_index);
            }
            self.slots[slot_index] = slot;
        }
    }

    /// For each hash, a candidate: the position in its first slot, if half of the hash is equal. The reads are
    /// independent of each other, so the processor overlaps their cache misses, and the slots are in the cache afterwards.
    pub(crate) fn candidates(&self, hashes: &[u64], candidates: &mut Vec<PackedOption<InstanceIx>>) {
        candidates.clear();
        if self.slots.is_empty() {
            candidates.resize(hashes.len(), PackedOption::NONE);
            return;
        }
        candidates.extend(hashes.iter().map(|hash| {
            let slot = self.slots[self.home(hash >> 32)];
            if slot != 0 && slot >> 32 == hash >> 32 {
                PackedOption::some(position(slot))
            } else {
                PackedOption::NONE
            }
        }));
    }

    /// The position of the item with this hash for which `is` returns true.
    pub(crate) fn find(&self, hash: u64, is: impl FnMut(InstanceIx) -> bool) -> Option<InstanceIx> {
        if self.slots.is_empty() {
            return None;
        }
        self.search(hash, is).ok()
    }

    /// The same; if there is none, inserts `new`. The table must not be full.
    pub(crate) fn find_or_insert(
        &mut self,
        hash: u64,
        new: InstanceIx,
        is: impl FnMut(InstanceIx) -> bool,
    ) -> InstanceIx {
        match self.search(hash, is) {
            Ok(position) => position,
            Err(free) => {
                self.slots[free] = hash >> 32 << 32 | (u64::from(new.number()) + 1);
                self.len += 1;
                new
            }
        }
    }

    /// The position of the item with this hash for which `is` returns true, else the slot to insert it into.
    fn search(&self, hash: u64, mut is: impl FnMut(InstanceIx) -> bool) -> Result<InstanceIx, usize> {
        let half = hash >> 32;
        let mut slot_index = self.home(half);
        loop {
            let slot = self.slots[slot_index];
            if slot == 0 {
                return Err(slot_index);
            }
            if slot >> 32 == half && is(position(slot)) {
                return Ok(position(slot));
            }
            slot_index = self.next_slot(slot_index);
        }
    }

    /// The first slot of the probe sequence, from the upper half of a hash.
    fn home(&self, half: u64) -> usize {
        ((half * self.slots.len() as u64) >> 32) as usize
    }

    fn next_slot(&self, slot_index: usize) -> usize {
        if slot_index + 1 == self.slots.len() { 0 } else { slot_index + 1 }
    }
}

fn position(slot: u64) -> InstanceIx {
    InstanceIx::new((slot as u32).wrapping_sub(1))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Hashes that collide, in the last slots of the table.
    fn hash(item: u32) -> u64 {
        u64::MAX - (u64::from(item % 7) << 32)
    }

    #[test]
    fn exactly_the_inserted_items_are_found_after_growth() {
        let mut index = HashIndex::new();
        assert_eq!(index.find(hash(1), |_| true), None);
        let items: Vec<u32> = (0..500).map(|number| number * 3).collect();
        for (position, &item) in InstanceIx::all(items.len()).zip(&items) {
            if index.is_full() {
                index.grow(position.position() * 2 + 1);
            }
            let mut insert =
                |new| index.find_or_insert(hash(item), new, |it: InstanceIx| items[it.position()] == item);
            assert_eq!(insert(position), position);
            assert_eq!(insert(InstanceIx::new(u32::MAX - 1)), position);
        }
        for item in 0..1600 {
            let found = index.find(hash(item), |it| items[it.position()] == item);
            assert_eq!(found, items.iter().position(|&it| it == item).map(InstanceIx::at));
        }
    }

    #[test]
    fn candidates_include_most_known_items_and_no_others() {
        let spread = |item: u64| item.wrapping_mul(0x9E37_79B9_7F4A_7C15);
        let (known, others): (Vec<u64>, Vec<u64>) = (0..2000).map(spread).partition(|hash| hash % 2 == 0);
        let mut index = HashIndex::new();
        let mut candidates = Vec::new();
        index.candidates(&known, &mut candidates);
        assert!(candidates.iter().all(|position| position.is_none()));
        index.grow(known.len());
        for (position, &hash) in InstanceIx::all(known.len()).zip(&known) {
            index.find_or_insert(hash, position, |_| false);
        }
        index.candidates(&others, &mut candidates);
        assert!(candidates.iter().all(|position| position.is_none()));
        index.candidates(&known, &mut candidates);
        let found = candidates
            .iter()
            .zip(InstanceIx::all(known.len()))
            .filter(|(it, position)| it.get() == Some(*position))
            .count();
        assert_eq!(candidates.iter().filter(|position| !position.is_none()).count(), found);
        assert!(found > known.len() / 2, "{found}");
    }
}
