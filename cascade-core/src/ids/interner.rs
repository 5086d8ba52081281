//! The interner: maps the ids of one resource to dense indices. The engine's loops use the indices only.

use std::any::Any;
use std::fmt;
use std::hash::BuildHasher;
use std::ops::Range;
use std::vec;

use foldhash::fast::RandomState;

use super::dense_map::DenseMap;
use super::hash_index::HashIndex;
use super::id::ResourceId;
use super::index::{Index, InstanceIx, NodeIx, PackedOption};
use super::integer_key::{integer_key, is_integer};
use super::parse::from_text;
use super::sort;
use super::table::{Batch, BatchIds, IdTable};

/// The distinct ids of one resource, in the order of their insertion.
pub(crate) struct Interner<Id> {
    ids: Vec<Id>,
    /// Indices by integer key, while all ids have distinct keys within a small range. Lookups then hash nothing, and consecutive
    /// keys are adjacent in memory. `None` once an id did not fit.
    by_key: Option<DenseMap>,
    /// Indices by hash, once `by_key` is `None`.
    by_hash: HashIndex,
    hasher: RandomState,
}

/// The maximum length of the key range, as a multiple of the number of ids. With this limit, the list is no larger than a hash
/// table.
const MAX_RANGE_PER_ID: usize = 2;
/// A key range up to this length is allowed for any number of ids.
const SHORT_RANGE: usize = 1024;
/// The number of ids that are looked up together: somewhat more than the memory reads that a processor keeps in flight.
const LOOKAHEAD: usize = 64;

impl<Id: ResourceId> Interner<Id> {
    pub(crate) fn new() -> Self {
        Self {
            ids: Vec::new(),
            by_key: Some(DenseMap::new()),
            by_hash: HashIndex::new(),
            hasher: RandomState::default(),
        }
    }

    /// The index of `id`; adds the id if it is new.
    pub(crate) fn insert(&mut self, id: Id) -> InstanceIx {
        self.insert_expecting(id, 0)
    }

    fn insert_expecting(&mut self, id: Id, expected: usize) -> InstanceIx {
        let new = InstanceIx::at(self.ids.len());
        if self.by_key.is_some() {
            let index = self.index_by_key(&id, expected).map(|index| {
                let known = index.get();
                *index = PackedOption::some(known.unwrap_or(new));
                known.unwrap_or(new)
            });
            match index {
                Some(index) if index == new => {
                    if self.ids.len() == self.ids.capacity() {
                        self.ids.reserve_exact(new_capacity(self.ids.len(), expected) - self.ids.len());
                    }
                    self.ids.push(id);
                    return new;
                }
                Some(known) if self.ids[known.position()] == id => return known,
                // The id has no key, its key is too far from the others, or another id has the same key.
                _ => self.switch_to_hashes(expected),
            }
        }
        let hash = self.hasher.hash_one(&id);
        self.insert_hashed(id, hash, expected)
    }

    fn insert_hashed(&mut self, id: Id, hash: u64, expected: usize) -> InstanceIx {
        let new = InstanceIx::at(self.ids.len());
        if self.by_hash.is_full() {
            self.grow(expected);
        }
        let Self { ids, by_hash, .. } = self;
        let index = by_hash.find_or_insert(hash, new, |index| ids[index.position()] == id);
        if index == new {
            ids.push(id);
        }
        index
    }

    #[cold]
    fn grow(&mut self, expected: usize) {
        let capacity = new_capacity(self.ids.len(), expected);
        self.by_hash.grow(capacity);
        self.ids.reserve_exact(capacity - self.ids.len());
    }

    /// The entry of an id in `by_key`, which is extended if necessary; `None` if the id does not fit.
    fn index_by_key(&mut self, id: &Id, expected: usize) -> Option<&mut PackedOption<InstanceIx>> {
        let ids = self.ids.len() + 1;
        let (by_key, key) = (self.by_key.as_mut()?, integer_key(id)?);
        let has_room = by_key.has_room(key) || by_key.make_room(key, key, max_range(ids, expected));
        if has_room { by_key.get_mut(key) } else { None }
    }

    /// The indices of the ids of `found`, in the same order; adds the new ones. `expected` estimates the final number of ids in
    /// the table.
    pub(crate) fn insert_all<T>(
        &mut self,
        found: Vec<T>,
        id_of: impl Fn(&T) -> &Id,
        into_id: impl Fn(T) -> Id,
        expected: usize,
    ) -> Vec<InstanceIx> {
        self.reserve_keys(found.iter().map(&id_of), expected);
        let mut indices = Vec::with_capacity(found.len());
        let mut found = found.into_iter();
        self.insert_by_key(&mut found, &id_of, &into_id, expected, &mut indices);
        if !found.as_slice().is_empty() {
            if self.by_key.is_some() {
                self.switch_to_hashes(expected);
            }
            self.insert_all_hashed(found, &id_of, &into_id, expected, &mut indices);
        }
        indices
    }

    /// Inserts ids by hash, in groups: the independent table reads of a group overlap, instead of each waiting for the one before.
    fn insert_all_hashed<T>(
        &mut self,
        mut found: vec::IntoIter<T>,
        id_of: impl Fn(&T) -> &Id,
        into_id: impl Fn(T) -> Id,
        expected: usize,
        indices: &mut Vec<InstanceIx>,
    ) {
        let (mut hashes, mut candidates) = (Vec::new(), Vec::new());
        loop {
            let group = prefix(&found, LOOKAHEAD);
            let Some(first) = group.first() else { return };
            // The finders of two edges often return the same ids in the same order. So the index after the last one is tried
            // first: its id is in the cache, and needs no hash.
            let mut next = indices.last().map_or(usize::MAX, |last| last.position() + 1);
            if self.ids.get(next) == Some(id_of(first)) {
                for item in found.by_ref().take(LOOKAHEAD) {
                    let follows = self.ids.get(next) == Some(id_of(&item));
                    let index = if follows {
                        Index::at(next)
                    } else {
                        self.insert_expecting(into_id(item), expected)
                    };
                    next = index.position() + 1;
                    indices.push(index);
                }
                continue;
            }
            hashes.clear();
            hashes.extend(group.iter().map(|item| self.hasher.hash_one(id_of(item))));
            self.by_hash.candidates(&hashes, &mut candidates);
            for (item, (&hash, &candidate)) in
                found.by_ref().take(LOOKAHEAD).zip(hashes.iter().zip(&candidates))
            {
                let is_same = |known: &InstanceIx| self.ids[known.position()] == *id_of(&item);
                let known = candidate.get().filter(is_same);
                indices.push(known.unwrap_or_else(|| self.insert_hashed(into_id(item), hash, expected)));
            }
        }
    }

    /// Inserts ids by key. Stops at the first id that has no key in the range, or the key of another id, and leaves it and the
    /// remaining ids in `found`.
    fn insert_by_key<T>(
        &mut self,
        found: &mut vec::IntoIter<T>,
        id_of: impl Fn(&T) -> &Id,
        into_id: impl Fn(T) -> Id,
        expected: usize,
        indices: &mut Vec<InstanceIx>,
    ) {
        let Self { ids, by_key, .. } = self;
        let Some(by_key) = by_key.as_mut() else { return };
        let mut known_indices = Vec::new();
        loop {
            let group = prefix(found, LOOKAHEAD);
            let len = group.len();
            if len == 0 {
                return;
            }
            // Usually all ids of a group are known, or all are new. First all keys are looked up, then the ids are compared, if
            // equal keys do not imply equal ids: the comparisons read random memory, and so their cache misses overlap.
            let keys = group.iter().map_while(|item| integer_key(id_of(item)));
            known_indices.clear();
            known_indices.extend(keys.map_while(|key| by_key.get(key).get()));
            let is_same = |&(&index, item): &(&InstanceIx, &T)| {
                is_integer::<Id>() || ids[index.position()] == *id_of(item)
            };
            let known = known_indices.iter().zip(group).take_while(is_same).count();
            indices.extend_from_slice(&known_indices[..known]);
            found.by_ref().take(known).for_each(drop);
            for _ in known..len {
                let item = &found.as_slice()[0];
                let Some(entry) = integer_key(id_of(item)).and_then(|key| by_key.get_mut(key)) else {
                    return;
                };
                let known = entry.get();
                let index = known.unwrap_or(InstanceIx::at(ids.len()));
                if known.is_none() {
                    *entry = PackedOption::some(index);
                    if ids.len() == ids.capacity() {
                        ids.reserve_exact(new_capacity(ids.len(), expected) - ids.len());
                    }
                    ids.extend(found.next().map(&into_id));
                } else if ids[index.position()] == *id_of(item) {
                    found.next();
                } else {
                    return;
                }
                indices.push(index);
            }
        }
    }

    /// Extends the key range for all of these ids at once, if all have keys. One by one, the first ids could be too far apart for
    /// the allowed range. Switches to hashes if the range would be too long.
    fn reserve_keys<'a>(&mut self, ids: impl ExactSizeIterator<Item = &'a Id>, expected: usize) {
        let Some(by_key) = &mut self.by_key else { return };
        let max_range = max_range(self.ids.len() + ids.len(), expected);
        let mut range: Option<(u64, u64)> = None;
        for id in ids {
            let Some(key) = integer_key(id) else { return };
            let (lowest, highest) = range.unwrap_or((key, key));
            range = Some((lowest.min(key), highest.max(key)));
        }
        by_key.reserve(if range.is_some() { expected.min(max_range) } else { 0 });
        if let Some((lowest, highest)) = range
            && !by_key.make_room(lowest, highest, max_range)
        {
            self.switch_to_hashes(expected);
        }
    }

    /// Indexes the ids by hash from now on.
    #[cold]
    fn switch_to_hashes(&mut self, expected: usize) {
        self.by_key = None;
        self.grow(expected);
        let Self { ids, by_hash, hasher, .. } = self;
        for (index, id) in InstanceIx::all(ids.len()).zip(ids.iter()) {
            by_hash.find_or_insert(hasher.hash_one(id), index, |_| false);
        }
    }

    pub(crate) fn index_of(&self, id: &Id) -> Option<InstanceIx> {
        if let Some(by_key) = &self.by_key {
            let index = by_key.get(integer_key(id)?).get()?;
            return (self.ids[index.position()] == *id).then_some(index);
        }
        self.by_hash.find(self.hasher.hash_one(id), |index| self.ids[index.position()] == *id)
    }

    /// The ids by their indices.
    pub(crate) fn all(&self) -> &[Id] {
        &self.ids
    }

    pub(crate) fn get(&self, index: InstanceIx) -> &Id {
        &self.ids[index.position()]
    }
}

/// The capacity to grow to: `expected`, but at least twice `known` (or 4), and at most eight times `known` (or 1024).
fn new_capacity(known: usize, expected: usize) -> usize {
    expected.clamp((known * 2).max(4), (known * 8).max(1024))
}

/// The next items of the iterator, at most `max`.
fn prefix<T>(items: &vec::IntoIter<T>, max: usize) -> &[T] {
    let items = items.as_slice();
    &items[..items.len().min(max)]
}

/// The indices of nodes, if they are consecutive; `first` is the node of index 0.
fn index_range(nodes: &[NodeIx], first: NodeIx) -> Option<Range<usize>> {
    let start = nodes.first().map_or(0, |node| node.instance(first).position());
    let is_consecutive =
        nodes.iter().zip(start..).all(|(node, index)| node.instance(first).position() == index);
    is_consecutive.then_some(start..start + nodes.len())
}

/// The maximum length of the key range for `ids` ids, if `expected` ids are expected.
fn max_range(ids: usize, expected: usize) -> usize {
    (ids.max(expected) * MAX_RANGE_PER_ID).max(SHORT_RANGE)
}

impl<Id: ResourceId> IdTable for Interner<Id> {
    fn len(&self) -> usize {
        self.ids.len()
    }

    fn fmt_id(&self, index: InstanceIx, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.ids[index.position()], f)
    }

    fn id_to_json(&self, index: InstanceIx) -> Result<serde_json::Value, serde_json::Error> {
        serde_json::to_value(&self.ids[index.position()])
    }

    fn parse_and_insert(&mut self, text: &str) -> Result<InstanceIx, serde_json::Error> {
        Ok(self.insert(from_text(text)?))
    }

    fn find_text(&self, text: &str) -> Option<InstanceIx> {
        let as_text = serde_json::from_value(serde_json::Value::String(text.to_owned())).ok();
        let known = as_text.and_then(|id| self.index_of(&id));
        known.or_else(|| self.index_of(&serde_json::from_str(text).ok()?))
    }

    fn insert_json(&mut self, id: serde_json::Value) -> Result<InstanceIx, serde_json::Error> {
        Ok(self.insert(serde_json::from_value(id)?))
    }

    fn known(&self, ids: &Batch<'_>) -> Vec<Option<InstanceIx>> {
        ids.typed::<Id>().unwrap_or_default().iter().map(|id| self.index_of(id)).collect()
    }

    fn insert_batch(&mut self, ids: &Batch<'_>, expected: usize) -> Vec<InstanceIx> {
        self.insert_all(ids.typed::<Id>().unwrap_or_default().to_vec(), |id| id, |id| id, expected)
    }

    fn sorted(&self) -> Vec<InstanceIx> {
        let Some(by_key) = &self.by_key else {
            return sort::sorted(&self.ids, InstanceIx::all(self.ids.len()).collect());
        };
        let mut indices = Vec::with_capacity(self.ids.len());
        indices.extend(by_key.values().filter_map(PackedOption::get));
        if is_integer::<Id>() { indices } else { sort::sorted(&self.ids, indices) }
    }

    fn in_batches(&self, indices: Vec<InstanceIx>, size: usize) -> Vec<InstanceIx> {
        if self.by_key.is_none() {
            let batch_numbers = sort::batch_numbers(&self.ids, &indices, size);
            return sort::in_batches(indices, &batch_numbers, size);
        }
        // With integer keys, `sorted` usually sorts nothing, so selecting batches would be slower.
        let mut sorted = self.sorted();
        if indices.len() < sorted.len() {
            let mut is_included = vec![false; self.ids.len()];
            for &index in &indices {
                is_included[index.position()] = true;
            }
            sorted.retain(|&index| is_included[index.position()]);
        }
        if sorted.chunks(size).all(<[InstanceIx]>::is_sorted) {
            return sorted;
        }
        let batch_numbers = sort::batch_numbers_of(&sorted, size, self.ids.len());
        sort::in_batches(indices, &batch_numbers, size)
    }

    fn clone_box(&self) -> Box<dyn IdTable> {
        let Self { ids, by_key, by_hash, hasher } = self;
        Box::new(Self {
            ids: ids.clone(),
            by_key: by_key.clone(),
            by_hash: by_hash.clone(),
            hasher: hasher.clone(),
        })
    }

    fn select(&self, indices: &[InstanceIx]) -> Batch<'static> {
        let ids: Vec<Id> = indices.iter().map(|&index| self.ids[index.position()].clone()).collect();
        Batch::Own(Box::new(ids))
    }

    fn consecutive(&self, nodes: &[NodeIx], first: NodeIx) -> Option<BatchIds<'_>> {
        let range = index_range(nodes, first)?;
        Some(BatchIds::Part(self, range.start, range.end))
    }

    fn batch(&self, nodes: &[NodeIx], first: NodeIx) -> Batch<'_> {
        if let Some(range) = index_range(nodes, first) {
            return Batch::Part(self, range);
        }
        let ids: Vec<Id> =
            nodes.iter().map(|node| self.ids[node.instance(first).position()].clone()).collect();
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

    /// Different ids with the same integer key.
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

    /// Integers in descending order.
    #[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
    struct Descending(Reverse<u64>);

    impl fmt::Display for Descending {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            self.0.0.fmt(f)
        }
    }

    /// Checks the contract of the table, by key and by hash.
    fn check<Id: ResourceId>(ids: &[Id]) -> Interner<Id> {
        let mut table = Interner::new();
        for (batch, expected) in ids.chunks(7).zip([0, 3, 100_000].into_iter().cycle()) {
            let indices = table.insert_all(batch.to_vec(), |id| id, |id| id, expected);
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
        for (index, id) in InstanceIx::all(known.len()).zip(&known) {
            assert_eq!(table.index_of(id), Some(index));
            assert_eq!(table.insert(id.clone()), index);
        }
        let all: Vec<InstanceIx> = InstanceIx::all(known.len()).collect();
        check_batches(&table, &all);
        check_batches(&table, &all.into_iter().filter(|index| index.number() % 3 != 1).collect::<Vec<_>>());
        table
    }

    fn check_batches<Id: ResourceId>(table: &Interner<Id>, indices: &[InstanceIx]) {
        let mut sorted = indices.to_vec();
        sorted.sort_by_key(|&index| table.get(index));
        for size in [1, 7, 100] {
            let mut batched = sorted.clone();
            batched.chunks_mut(size).for_each(<[InstanceIx]>::sort_unstable);
            assert_eq!(table.in_batches(indices.to_vec(), size), batched, "{size}");
        }
    }

    #[test]
    fn keys_in_a_small_range_are_not_hashed() {
        let numbers: Vec<u64> = (0..500).map(|n| 1_000_000 + n * 37 % 500).collect();
        let table = check(&numbers);
        assert!(
            table.by_key.is_some() && table.index_of(&7).is_none() && table.index_of(&u64::MAX).is_none()
        );
        assert!(check(&(0..500_i32).map(|n| 250 - n).collect::<Vec<_>>()).by_key.is_some());
    }

    #[test]
    fn repeated_integers_keep_their_index() {
        let numbers = |factor, range| (0..500_u64).map(move |n| n * factor % range);
        check(&numbers(37, 100).chain(numbers(1, 300)).chain(numbers(41, 400)).collect::<Vec<_>>());
        check(&(0..20).chain(0..20).chain([5, 5, 77, 77, 5]).collect::<Vec<u8>>());
    }

    #[test]
    fn ids_may_have_another_order_than_their_keys() {
        let table = check(&(0..200).map(|n| Descending(Reverse(n * 7 % 200))).collect::<Vec<_>>());
        assert!(table.by_key.is_some());
    }

    #[test]
    fn keys_far_apart_switch_the_table_to_hashes() {
        let far = |n: u64| if n < 200 { n } else { n << 40 };
        let table = check(&(0..500).map(far).collect::<Vec<_>>());
        assert!(table.by_key.is_none() && table.index_of(&1000).is_none());
        check(&[0, u64::MAX, 1, u64::MAX - 1, 0]);
        check(&[i64::MIN, i64::MAX, 0]);
    }

    #[test]
    fn ids_without_a_key_or_with_equal_keys_are_hashed() {
        check(&(0..50).map(|n| format!("vm-{}", n % 40)).collect::<Vec<_>>());
        let table = check(&[Named(1, 'a'), Named(2, 'a'), Named(1, 'b'), Named(1, 'a'), Named(3, 'c')]);
        assert!(table.by_key.is_none());
    }
}
