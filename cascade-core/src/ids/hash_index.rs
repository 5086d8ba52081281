//! Where things stand in a list, by their hashes.

use super::dense_map::NOTHING;

/// Positions in a list, each found by the hash of what stands there. The things themselves are kept by the list alone.
///
/// A slot holds half of the hash beside the position, in one word, and slots are looked at one after the other: for a
/// thing that is new, one cache line says so, where a table of positions has to look at the thing that stands there. And
/// the table grows without looking at any: with `hashbrown::HashTable` each would be hashed again.
#[derive(Clone, Debug, Default)]
pub(crate) struct HashIndex {
    /// In the upper half of each the upper half of the hash, in the lower half the position and one; zero where there
    /// is nothing. Slots are in the order of the hashes, so that a larger table is written from its front to its end.
    slots: Vec<u64>,
    len: usize,
}

impl HashIndex {
    pub(crate) const fn new() -> Self {
        Self { slots: Vec::new(), len: 0 }
    }

    /// Whether there is no room for another.
    pub(crate) fn is_full(&self) -> bool {
        // Above two thirds, free slots lie too far apart.
        self.len >= self.slots.len() / 3 * 2
    }

    /// Makes room for `count` in all.
    pub(crate) fn grow(&mut self, count: usize) {
        let slots = (count / 2 + 1) * 3;
        if slots <= self.slots.len() {
            return;
        }
        let old = std::mem::replace(&mut self.slots, vec![0; slots]);
        for slot in old.into_iter().filter(|&slot| slot != 0) {
            let mut at = self.home(slot >> 32);
            while self.slots[at] != 0 {
                at = self.behind(at);
            }
            self.slots[at] = slot;
        }
    }

    /// For each hash, the position of what may well be meant; [`NOTHING`] where there is none that is likely. This reads
    /// the slots of all of them without a pause, and they are in the cache afterwards.
    pub(crate) fn look(&self, hashes: &[u64], likely: &mut Vec<u32>) {
        likely.clear();
        if self.slots.is_empty() {
            likely.resize(hashes.len(), NOTHING);
            return;
        }
        likely.extend(hashes.iter().map(|hash| {
            let slot = self.slots[self.home(hash >> 32)];
            if slot != 0 && slot >> 32 == hash >> 32 { position(slot) } else { NOTHING }
        }));
    }

    /// The position of what has that hash and `is` admits.
    pub(crate) fn find(&self, hash: u64, is: impl FnMut(u32) -> bool) -> Option<u32> {
        if self.slots.is_empty() {
            return None;
        }
        self.search(hash, is).ok()
    }

    /// The same; where there is none, that is `new` from now on. There has to be room for it.
    pub(crate) fn find_or_insert(&mut self, hash: u64, new: u32, is: impl FnMut(u32) -> bool) -> u32 {
        match self.search(hash, is) {
            Ok(position) => position,
            Err(free) => {
                self.slots[free] = hash >> 32 << 32 | (u64::from(new) + 1);
                self.len += 1;
                new
            }
        }
    }

    /// The position of what has that hash and `is` admits, else the slot that is free for it.
    fn search(&self, hash: u64, mut is: impl FnMut(u32) -> bool) -> Result<u32, usize> {
        let half = hash >> 32;
        let mut at = self.home(half);
        loop {
            let slot = self.slots[at];
            if slot == 0 {
                return Err(at);
            }
            if slot >> 32 == half && is(position(slot)) {
                return Ok(position(slot));
            }
            at = self.behind(at);
        }
    }

    /// The first slot that may be that of a hash.
    fn home(&self, half: u64) -> usize {
        ((half * self.slots.len() as u64) >> 32) as usize
    }

    fn behind(&self, at: usize) -> usize {
        if at + 1 == self.slots.len() { 0 } else { at + 1 }
    }
}

fn position(slot: u64) -> u32 {
    (slot as u32).wrapping_sub(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Hashes that fall on few slots, and at the end.
    fn hash(thing: u32) -> u64 {
        u64::MAX - (u64::from(thing % 7) << 32)
    }

    #[test]
    fn what_was_put_in_is_found_after_any_growth_and_nothing_else_is() {
        let mut index = HashIndex::new();
        assert_eq!(index.find(hash(1), |_| true), None);
        let things: Vec<u32> = (0..500).map(|number| number * 3).collect();
        for (position, &thing) in (0..).zip(&things) {
            if index.is_full() {
                index.grow(position as usize * 2 + 1);
            }
            let mut insert = |new| index.find_or_insert(hash(thing), new, |at| things[at as usize] == thing);
            assert_eq!(insert(position), position);
            assert_eq!(insert(u32::MAX - 1), position);
        }
        for thing in 0..1600 {
            let found = index.find(hash(thing), |at| things[at as usize] == thing);
            assert_eq!(found, things.iter().position(|&it| it == thing).map(|at| at as u32));
        }
    }
    #[test]
    fn a_look_finds_most_at_once_and_takes_nothing_for_another() {
        let spread = |thing: u64| thing.wrapping_mul(0x9E37_79B9_7F4A_7C15);
        let (known, others): (Vec<u64>, Vec<u64>) = (0..2000).map(spread).partition(|hash| hash % 2 == 0);
        let mut index = HashIndex::new();
        let mut likely = Vec::new();
        index.look(&known, &mut likely);
        assert!(likely.iter().all(|&position| position == NOTHING));
        index.grow(known.len());
        for (position, &hash) in (0..).zip(&known) {
            index.find_or_insert(hash, position, |_| false);
        }
        index.look(&others, &mut likely);
        assert!(likely.iter().all(|&position| position == NOTHING));
        index.look(&known, &mut likely);
        let found = likely.iter().zip(0..).filter(|&(&position, at)| position == at).count();
        assert_eq!(likely.iter().filter(|position| **position != NOTHING).count(), found);
        assert!(found > known.len() / 2, "{found}");
    }
}
