//! BatchIds of users' types, interned per resource into dense `u32` indices: the border between the typed world of
//! extensions and the engine, which touches no user type in its loops.

use std::any::Any;
use std::fmt;
use std::hash::BuildHasher;
use std::ops::Range;
use std::vec;

use foldhash::fast::RandomState;

use super::dense_map::{DenseMap, NOTHING};
use super::hash_index::HashIndex;
use super::id::ResourceId;
use super::integer_key::{is_number, number_of};
use super::sort;
use super::table::{Batch, BatchIds, IdTable};

/// The ids of one resource in the order of their discovery, each once.
pub(crate) struct Interner<Id> {
    ids: Vec<Id>,
    /// Where each id stands, while all of them are numbers that lie close together. Then nothing is hashed, and what
    /// follows each other lies next to each other.
    by_number: Option<DenseMap>,
    /// Where each id stands otherwise.
    by_id: HashIndex,
    hasher: RandomState,
}

/// Numbers lie close together if their range is at most so many times as long as there are of them: a list over it is
/// no larger than a hash table then.
const SPREAD: usize = 2;
/// A range that is not too long for anybody.
const SHORT: usize = 1024;
/// So many ids are looked up at once: what a processor can have on its way from memory, and some.
const AT_ONCE: usize = 64;

impl<Id: ResourceId> Interner<Id> {
    pub(crate) fn new() -> Self {
        Self {
            ids: Vec::new(),
            by_number: Some(DenseMap::new()),
            by_id: HashIndex::new(),
            hasher: RandomState::default(),
        }
    }

    /// The index of `id`, which is added if it is new.
    pub(crate) fn insert(&mut self, id: Id) -> u32 {
        self.insert_of(id, 0)
    }

    fn insert_of(&mut self, id: Id, expected: usize) -> u32 {
        let new = self.ids.len() as u32;
        if self.by_number.is_some() {
            let place = self.place(&id, expected).map(|place| {
                if *place == NOTHING {
                    *place = new;
                }
                *place
            });
            match place {
                Some(index) if index == new => {
                    if self.ids.len() == self.ids.capacity() {
                        self.ids.reserve_exact(room(self.ids.len(), expected) - self.ids.len());
                    }
                    self.ids.push(id);
                    return new;
                }
                Some(known) if self.ids[known as usize] == id => return known,
                // It is no number, lies far from the others, or another id has its number.
                _ => self.hash_all(expected),
            }
        }
        let hash = self.hasher.hash_one(&id);
        self.insert_hashed(id, hash, expected)
    }

    fn insert_hashed(&mut self, id: Id, hash: u64, expected: usize) -> u32 {
        let new = self.ids.len() as u32;
        if self.by_id.is_full() {
            self.grow(expected);
        }
        let Self { ids, by_id, .. } = self;
        let index = by_id.find_or_insert(hash, new, |index| ids[index as usize] == id);
        if index == new {
            ids.push(id);
        }
        index
    }

    #[cold]
    fn grow(&mut self, expected: usize) {
        let capacity = room(self.ids.len(), expected);
        self.by_id.grow(capacity);
        self.ids.reserve_exact(capacity - self.ids.len());
    }

    /// The place by number of an id; `None` where there is none.
    fn place(&mut self, id: &Id, expected: usize) -> Option<&mut u32> {
        let ids = self.ids.len() + 1;
        let (by_number, number) = (self.by_number.as_mut()?, number_of(id)?);
        let has_room =
            by_number.has_room(number) || by_number.make_room(number, number, longest(ids, expected));
        if has_room { by_number.get_mut(number) } else { None }
    }

    /// The indices of the ids in `found`, in their order; those that are new are added. `expected` is a guess of how many
    /// the table will hold in the end.
    pub(crate) fn insert_all<T>(
        &mut self,
        found: Vec<T>,
        (lend, give): (impl Fn(&T) -> &Id, impl Fn(T) -> Id),
        expected: usize,
    ) -> Vec<u32> {
        self.expect_numbers(found.iter().map(&lend), expected);
        let mut indices = Vec::with_capacity(found.len());
        let mut found = found.into_iter();
        self.insert_numbers(&mut found, (&lend, &give), expected, &mut indices);
        if !found.as_slice().is_empty() {
            if self.by_number.is_some() {
                self.hash_all(expected);
            }
            self.insert_hashed_all(found, (&lend, &give), expected, &mut indices);
        }
        indices
    }

    /// The same where ids are hashed: some at a time, so that the table is read for all of them at once, and not for
    /// each after it was waited for the one before.
    fn insert_hashed_all<T>(
        &mut self,
        mut found: vec::IntoIter<T>,
        (lend, give): (impl Fn(&T) -> &Id, impl Fn(T) -> Id),
        expected: usize,
        indices: &mut Vec<u32>,
    ) {
        let (mut hashes, mut seen) = (Vec::new(), Vec::new());
        loop {
            let part = first_of(&found, AT_ONCE);
            let Some(first) = part.first() else { return };
            // What was found along one edge is often found along another in the same order: the one behind the last is
            // looked at first then, which is in the cache, and needs no hash.
            let mut next = indices.last().map_or(u32::MAX, |last| last + 1);
            if self.ids.get(next as usize) == Some(lend(first)) {
                for item in found.by_ref().take(AT_ONCE) {
                    let follows = self.ids.get(next as usize) == Some(lend(&item));
                    let index = if follows { next } else { self.insert_of(give(item), expected) };
                    next = index + 1;
                    indices.push(index);
                }
                continue;
            }
            hashes.clear();
            hashes.extend(part.iter().map(|item| self.hasher.hash_one(lend(item))));
            self.by_id.look(&hashes, &mut seen);
            for (item, (&hash, &seen)) in found.by_ref().take(AT_ONCE).zip(hashes.iter().zip(&seen)) {
                let is_known = self.ids.get(seen as usize) == Some(lend(&item));
                indices.push(if is_known { seen } else { self.insert_hashed(give(item), hash, expected) });
            }
        }
    }

    /// The same as long as the ids are kept by their numbers: leaves the first id that cannot be, for it is no number, or
    /// another has its number, and all behind it.
    fn insert_numbers<T>(
        &mut self,
        found: &mut vec::IntoIter<T>,
        (lend, give): (impl Fn(&T) -> &Id, impl Fn(T) -> Id),
        expected: usize,
        indices: &mut Vec<u32>,
    ) {
        let Self { ids, by_number, .. } = self;
        let Some(by_number) = by_number.as_mut() else { return };
        let mut seen = Vec::new();
        loop {
            let part = first_of(found, AT_ONCE);
            let len = part.len();
            if len == 0 {
                return;
            }
            // Mostly all of them are known, or all are new. All that are known are looked up before any is compared, where
            // that takes more than the number: these reads go anywhere, and wait for memory together.
            let numbers = part.iter().map_while(|item| number_of(lend(item)));
            seen.clear();
            seen.extend(numbers.map(|number| by_number.get(number)).take_while(|&index| index != NOTHING));
            let is_same =
                |&(&index, item): &(&u32, &T)| is_number::<Id>() || ids[index as usize] == *lend(item);
            let known = seen.iter().zip(part).take_while(is_same).count();
            indices.extend_from_slice(&seen[..known]);
            found.by_ref().take(known).for_each(drop);
            for _ in known..len {
                let item = &found.as_slice()[0];
                let Some(place) = number_of(lend(item)).and_then(|number| by_number.get_mut(number)) else {
                    return;
                };
                if *place == NOTHING {
                    *place = ids.len() as u32;
                    if ids.len() == ids.capacity() {
                        ids.reserve_exact(room(ids.len(), expected) - ids.len());
                    }
                    ids.extend(found.next().map(&give));
                } else if ids[*place as usize] == *lend(item) {
                    found.next();
                } else {
                    return;
                }
                indices.push(*place);
            }
        }
    }

    /// Makes room for all of these at once, as far as ids are kept by their numbers: one by one, the first of them would
    /// lie too far from each other.
    fn expect_numbers<'a>(&mut self, ids: impl ExactSizeIterator<Item = &'a Id>, expected: usize) {
        let Some(by_number) = &mut self.by_number else { return };
        let most = longest(self.ids.len() + ids.len(), expected);
        let mut range: Option<(u64, u64)> = None;
        for id in ids {
            let Some(number) = number_of(id) else { return };
            let (lowest, highest) = range.unwrap_or((number, number));
            range = Some((lowest.min(number), highest.max(number)));
        }
        by_number.expect(if range.is_some() { expected.min(most) } else { 0 });
        if let Some((lowest, highest)) = range
            && !by_number.make_room(lowest, highest, most)
        {
            self.hash_all(expected);
        }
    }

    /// Keeps the ids by their hashes from now on.
    #[cold]
    fn hash_all(&mut self, expected: usize) {
        self.by_number = None;
        self.grow(expected);
        let Self { ids, by_id, hasher, .. } = self;
        for (index, id) in (0..).zip(ids.iter()) {
            by_id.find_or_insert(hasher.hash_one(id), index, |_| false);
        }
    }

    pub(crate) fn index_of(&self, id: &Id) -> Option<u32> {
        if let Some(by_number) = &self.by_number {
            let index = by_number.get(number_of(id)?);
            return (self.ids.get(index as usize)? == id).then_some(index);
        }
        self.by_id.find(self.hasher.hash_one(id), |index| self.ids[index as usize] == *id)
    }

    /// The ids by their indices.
    pub(crate) fn all(&self) -> &[Id] {
        &self.ids
    }

    pub(crate) fn get(&self, index: u32) -> &Id {
        &self.ids[index as usize]
    }
}

/// Room for as many ids again as are known or, where more are expected, for up to eight times as many.
fn room(known: usize, expected: usize) -> usize {
    expected.clamp((known * 2).max(4), (known * 8).max(1024))
}

/// The first of what is left, at most so many.
fn first_of<T>(left: &vec::IntoIter<T>, most: usize) -> &[T] {
    let left = left.as_slice();
    &left[..left.len().min(most)]
}

/// The indices that nodes have counted from `first`, where they stand in a row.
fn row(nodes: &[u32], first: u32) -> Option<Range<usize>> {
    let start = nodes.first().map_or(0, |node| node - first);
    let in_a_row = nodes.iter().zip(start..).all(|(&node, index)| node - first == index);
    in_a_row.then_some(start as usize..start as usize + nodes.len())
}

/// How long the range of so many numbers may be, where so many are expected.
fn longest(numbers: usize, expected: usize) -> usize {
    (numbers.max(expected) * SPREAD).max(SHORT)
}

impl<Id: ResourceId> IdTable for Interner<Id> {
    fn len(&self) -> usize {
        self.ids.len()
    }

    fn fmt_id(&self, index: u32, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.ids[index as usize], f)
    }

    fn id_to_json(&self, index: u32) -> Result<serde_json::Value, serde_json::Error> {
        serde_json::to_value(&self.ids[index as usize])
    }

    fn parse_and_insert(&mut self, text: &str) -> Result<u32, serde_json::Error> {
        let as_text = serde_json::from_value(serde_json::Value::String(text.to_owned()));
        let id = as_text.or_else(|error| serde_json::from_str(text).map_err(|_| error))?;
        Ok(self.insert(id))
    }

    fn insert_json(&mut self, id: serde_json::Value) -> Result<u32, serde_json::Error> {
        Ok(self.insert(serde_json::from_value(id)?))
    }

    fn known(&self, ids: &Batch<'_>) -> Vec<Option<u32>> {
        ids.typed::<Id>().unwrap_or_default().iter().map(|id| self.index_of(id)).collect()
    }

    fn insert_batch(&mut self, ids: &Batch<'_>, expected: usize) -> Vec<u32> {
        self.insert_all(ids.typed::<Id>().unwrap_or_default().to_vec(), (|id| id, |id| id), expected)
    }

    fn sorted(&self) -> Vec<u32> {
        let Some(by_number) = &self.by_number else {
            return sort::sorted(&self.ids, (0..self.ids.len() as u32).collect());
        };
        let mut indices = Vec::with_capacity(self.ids.len());
        indices.extend(by_number.values().filter(|&index| index != NOTHING));
        if is_number::<Id>() { indices } else { sort::sorted(&self.ids, indices) }
    }

    fn in_parts(&self, indices: Vec<u32>, size: usize) -> Vec<u32> {
        if self.by_number.is_none() {
            let parts = sort::parts(&self.ids, &indices, size);
            return sort::in_parts(indices, &parts, size);
        }
        // Numbers mostly stand in their order as it is: there is nothing to select.
        let mut sorted = self.sorted();
        if indices.len() < sorted.len() {
            let mut asked = vec![false; self.ids.len()];
            for &index in &indices {
                asked[index as usize] = true;
            }
            sorted.retain(|&index| asked[index as usize]);
        }
        if sorted.chunks(size).all(<[u32]>::is_sorted) {
            return sorted;
        }
        let parts = sort::by_index(&sorted, size, self.ids.len());
        sort::in_parts(indices, &parts, size)
    }

    fn copied(&self) -> Box<dyn IdTable> {
        let Self { ids, by_number, by_id, hasher } = self;
        Box::new(Self {
            ids: ids.clone(),
            by_number: by_number.clone(),
            by_id: by_id.clone(),
            hasher: hasher.clone(),
        })
    }

    fn select(&self, indices: &[u32]) -> Batch<'static> {
        let ids: Vec<Id> = indices.iter().map(|&index| self.ids[index as usize].clone()).collect();
        Batch::Own(Box::new(ids))
    }

    fn row(&self, nodes: &[u32], first: u32) -> Option<BatchIds<'_>> {
        let range = row(nodes, first)?;
        Some(BatchIds::Part(self, range.start, range.end))
    }

    fn batch(&self, nodes: &[u32], first: u32) -> Batch<'_> {
        if let Some(range) = row(nodes, first) {
            return Batch::Part(self, range);
        }
        let ids: Vec<Id> = nodes.iter().map(|node| self.ids[(node - first) as usize].clone()).collect();
        Batch::Own(Box::new(ids))
    }

    fn as_any(&self) -> &dyn Any {
        self
    }

    fn as_any_mut(&mut self) -> &mut dyn Any {
        self
    }
}

#[cfg(test)]
mod tests {
    use std::cmp::Reverse;

    use serde::{Deserialize, Serialize};

    use super::*;

    /// BatchIds that differ and give the same number to a hasher.
    #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
    struct Named(u64, char);

    impl std::hash::Hash for Named {
        fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
            self.0.hash(state);
        }
    }

    impl fmt::Display for Named {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            write!(f, "{} {}", self.0, self.1)
        }
    }

    /// Numbers, the highest first.
    #[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
    struct Down(Reverse<u64>);

    impl fmt::Display for Down {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            self.0.0.fmt(f)
        }
    }

    /// What every table promises, whichever way it keeps its ids.
    fn check<Id: ResourceId>(ids: &[Id]) -> Interner<Id> {
        let mut table = Interner::new();
        for (batch, expected) in ids.chunks(7).zip([0, 3, 100_000].into_iter().cycle()) {
            let indices = table.insert_all(batch.to_vec(), (|id| id, |id| id), expected);
            for (id, index) in batch.iter().zip(indices) {
                assert_eq!(table.get(index), id);
            }
        }
        let mut known: Vec<Id> = Vec::new();
        for id in ids {
            if !known.contains(id) {
                known.push(id.clone());
            }
        }
        assert_eq!(table.ids, known);
        for (index, id) in (0..).zip(&known) {
            assert_eq!(table.index_of(id), Some(index));
            assert_eq!(table.insert(id.clone()), index);
        }
        let all: Vec<u32> = (0..known.len() as u32).collect();
        check_parts(&table, &all);
        check_parts(&table, &all.into_iter().filter(|index| index % 3 != 1).collect::<Vec<_>>());
        table
    }

    fn check_parts<Id: ResourceId>(table: &Interner<Id>, indices: &[u32]) {
        let mut sorted = indices.to_vec();
        sorted.sort_by_key(|&index| table.get(index));
        for size in [1, 7, 100] {
            let mut parted = sorted.clone();
            parted.chunks_mut(size).for_each(<[u32]>::sort_unstable);
            assert_eq!(table.in_parts(indices.to_vec(), size), parted, "{size}");
        }
    }

    #[test]
    fn close_numbers_are_kept_by_number() {
        let numbers: Vec<u64> = (0..500).map(|at| 1_000_000 + at * 37 % 500).collect();
        let table = check(&numbers);
        assert!(
            table.by_number.is_some() && table.index_of(&7).is_none() && table.index_of(&u64::MAX).is_none()
        );
        assert!(check(&(0..500_i32).map(|at| 250 - at).collect::<Vec<_>>()).by_number.is_some());
    }

    #[test]
    fn numbers_that_come_again_are_known() {
        let numbers = |(factor, range)| (0..500_u64).map(move |at| at * factor % range);
        check(&numbers((37, 100)).chain(numbers((1, 300))).chain(numbers((41, 400))).collect::<Vec<_>>());
        check(&(0..20).chain(0..20).chain([5, 5, 77, 77, 5]).collect::<Vec<u8>>());
    }

    #[test]
    fn the_order_of_ids_need_not_be_that_of_their_numbers() {
        let table = check(&(0..200).map(|at| Down(Reverse(at * 7 % 200))).collect::<Vec<_>>());
        assert!(table.by_number.is_some());
    }

    #[test]
    fn numbers_far_apart_are_hashed_from_the_first_far_one() {
        let far = |at: u64| if at < 200 { at } else { at << 40 };
        let table = check(&(0..500).map(far).collect::<Vec<_>>());
        assert!(table.by_number.is_none() && table.index_of(&1000).is_none());
        check(&[0, u64::MAX, 1, u64::MAX - 1, 0]);
        check(&[i64::MIN, i64::MAX, 0]);
    }

    #[test]
    fn ids_that_are_no_numbers_or_share_one_are_hashed() {
        check(&(0..50).map(|at| format!("vm-{}", at % 40)).collect::<Vec<_>>());
        let table = check(&[Named(1, 'a'), Named(2, 'a'), Named(1, 'b'), Named(1, 'a'), Named(3, 'c')]);
        assert!(table.by_number.is_none());
    }
}
