//! Ids of users' types, interned per resource into dense `u32` indices: the border between the typed world of
//! extensions and the engine, which touches no user type in its loops.

use std::any::Any;
use std::fmt;
use std::hash::BuildHasher;
use std::ops::Range;
use std::panic::{AssertUnwindSafe, catch_unwind};

use hashbrown::{DefaultHashBuilder, HashTable};

use crate::resource::ResourceId;

/// A column of ids whose type the engine does not know.
pub(crate) trait IdTable: Any + Send + Sync {
    fn len(&self) -> usize;
    fn fmt_id(&self, index: u32, f: &mut fmt::Formatter<'_>) -> fmt::Result;
    fn id_to_json(&self, index: u32) -> Result<serde_json::Value, serde_json::Error>;
    /// Reads an id as a person types it: as the text itself, else as a JSON value (`42`).
    fn parse_and_insert(&mut self, text: &str) -> Result<u32, serde_json::Error>;
    /// Reads an id as a journal keeps it.
    fn insert_json(&mut self, id: serde_json::Value) -> Result<u32, serde_json::Error>;
    /// The indices of ids of the table's own type; `None` for one that is not there.
    fn known(&self, ids: &Batch<'_>) -> Vec<Option<u32>>;
    /// The indices of ids of the table's own type, new ones added. There will be about `expected` in the whole table, as
    /// far as one can tell.
    fn insert_batch(&mut self, ids: &Batch<'_>, expected: usize) -> Vec<u32>;
    /// All indices, in the order of their ids.
    fn sorted(&self) -> Vec<u32>;
    /// A table of its own with the same ids.
    fn copied(&self) -> Box<dyn IdTable>;
    /// The ids of `indices`, in their order.
    fn select(&self, indices: &[u32]) -> Batch<'static>;
    /// The ids of the indices that these nodes have counted from `first`, in their order. Not copied where they stand
    /// in a row.
    fn batch(&self, nodes: &[u32], first: u32) -> Batch<'_>;
    fn as_any(&self) -> &dyn Any;
    fn as_any_mut(&mut self) -> &mut dyn Any;
}

/// Ids for one call of a user's method, of a type that the engine does not know.
pub(crate) enum Batch<'t> {
    /// Ids of their own.
    Own(Box<dyn Any + Send + Sync>),
    /// A part of a table.
    Part(&'t dyn IdTable, Range<usize>),
}

impl Batch<'_> {
    pub(crate) fn typed<Id: ResourceId>(&self) -> Option<&[Id]> {
        match self {
            Self::Own(ids) => ids.downcast_ref::<Vec<Id>>().map(Vec::as_slice),
            Self::Part(table, range) => table.typed::<Id>()?.ids.get(range.clone()),
        }
    }
}

/// How ids of a type that the engine does not know are read, written and printed in a batch.
#[derive(Clone, Copy)]
pub(crate) struct BatchForm {
    pub(crate) write: fn(&Batch<'_>) -> Result<Vec<serde_json::Value>, serde_json::Error>,
    pub(crate) read: fn(Vec<serde_json::Value>) -> Result<Batch<'static>, serde_json::Error>,
    pub(crate) print: fn(&Batch<'_>, usize) -> String,
}

impl BatchForm {
    pub(crate) const fn of<Id: ResourceId>() -> Self {
        Self {
            write: |batch| batch.typed::<Id>().unwrap_or_default().iter().map(serde_json::to_value).collect(),
            read: |ids| {
                let ids: Result<Vec<Id>, _> = ids.into_iter().map(serde_json::from_value).collect();
                Ok(Batch::Own(Box::new(ids?)))
            },
            print: |batch, at| {
                batch.typed::<Id>().and_then(|ids| ids.get(at)).map_or_else(String::new, ToString::to_string)
            },
        }
    }
}

impl dyn IdTable {
    pub(crate) fn typed<Id: ResourceId>(&self) -> Option<&IdColumn<Id>> {
        self.as_any().downcast_ref()
    }

    pub(crate) fn typed_mut<Id: ResourceId>(&mut self) -> Option<&mut IdColumn<Id>> {
        self.as_any_mut().downcast_mut()
    }

    pub(crate) fn display(&self, index: u32) -> DisplayId<'_> {
        DisplayId { table: self, index }
    }
}

impl fmt::Debug for dyn IdTable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "IdTable({} ids)", self.len())
    }
}

/// One id, printed through its table.
pub(crate) struct DisplayId<'a> {
    table: &'a dyn IdTable,
    index: u32,
}

impl fmt::Display for DisplayId<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.table.fmt_id(self.index, f)
    }
}

/// The ids of one resource in the order of their discovery, each once.
pub(crate) struct IdColumn<Id> {
    ids: Vec<Id>,
    by_id: HashTable<u32>,
    hasher: DefaultHashBuilder,
}

impl<Id: ResourceId> IdColumn<Id> {
    pub(crate) fn new() -> Self {
        Self { ids: Vec::new(), by_id: HashTable::new(), hasher: DefaultHashBuilder::default() }
    }

    /// The index of `id`, which is added if it is new.
    pub(crate) fn insert(&mut self, id: Id) -> u32 {
        self.insert_of(id, 0)
    }

    fn insert_of(&mut self, id: Id, expected: usize) -> u32 {
        if self.by_id.len() == self.by_id.capacity() {
            self.grow(expected);
        }
        let Self { ids, by_id, hasher } = self;
        let entry = by_id.entry(
            hasher.hash_one(&id),
            |&index| ids[index as usize] == id,
            |&index| hasher.hash_one(&ids[index as usize]),
        );
        match entry {
            hashbrown::hash_table::Entry::Occupied(found) => *found.get(),
            hashbrown::hash_table::Entry::Vacant(free) => {
                let index = ids.len() as u32;
                free.insert(index);
                ids.push(id);
                index
            }
        }
    }

    /// The indices of `ids`, in their order; those that are new are added. `expected` is a guess of how many the table
    /// will hold in the end.
    pub(crate) fn insert_all(&mut self, ids: impl ExactSizeIterator<Item = Id>, expected: usize) -> Vec<u32> {
        let mut indices = Vec::with_capacity(ids.len());
        // What was found along one edge is often found along another in the same order: the one behind the last is
        // looked at first, which is in the cache, and needs no hash.
        let mut next = u32::MAX;
        for id in ids {
            let index =
                if self.ids.get(next as usize) == Some(&id) { next } else { self.insert_of(id, expected) };
            next = index + 1;
            indices.push(index);
        }
        indices
    }

    /// Makes room for as many again or, where more are expected, for up to eight times as many. The ids are read in
    /// their order, and the old table goes before the new one is made: quicker than to move from one to the other, and
    /// the two are never there together.
    #[cold]
    fn grow(&mut self, expected: usize) {
        let Self { ids, by_id, hasher } = self;
        let hash = |id: &Id| hasher.hash_one(id);
        let capacity = expected.clamp((ids.len() * 2).max(4), (ids.len() * 8).max(1024));
        *by_id = HashTable::new();
        *by_id = HashTable::with_capacity(capacity);
        ids.reserve_exact(capacity - ids.len());
        for (index, id) in ids.iter().enumerate() {
            by_id.insert_unique(hash(id), index as u32, |&index| hash(&ids[index as usize]));
        }
    }

    pub(crate) fn index_of(&self, id: &Id) -> Option<u32> {
        self.by_id.find(self.hasher.hash_one(id), |&index| self.ids[index as usize] == *id).copied()
    }

    pub(crate) fn get(&self, index: u32) -> &Id {
        &self.ids[index as usize]
    }
}

impl<Id: ResourceId> IdTable for IdColumn<Id> {
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
        self.insert_all(ids.typed::<Id>().unwrap_or_default().iter().cloned(), expected)
    }

    fn sorted(&self) -> Vec<u32> {
        let id = |index: u32| &self.ids[index as usize];
        let mut indices: Vec<u32> = (0..self.ids.len() as u32).collect();
        // An `Ord` that is no order may panic in a sort; then the printed form decides, as it does between ids
        // that differ and compare equal.
        let by_id = AssertUnwindSafe(|| {
            let mut sorted = indices.clone();
            sorted.sort_by(|&a, &b| id(a).cmp(id(b)).then_with(|| id(a).to_string().cmp(&id(b).to_string())));
            sorted
        });
        catch_unwind(by_id).unwrap_or_else(|_| {
            indices.sort_by_cached_key(|&index| id(index).to_string());
            indices
        })
    }

    fn copied(&self) -> Box<dyn IdTable> {
        let Self { ids, by_id, hasher } = self;
        Box::new(Self { ids: ids.clone(), by_id: by_id.clone(), hasher: hasher.clone() })
    }

    fn select(&self, indices: &[u32]) -> Batch<'static> {
        let ids: Vec<Id> = indices.iter().map(|&index| self.ids[index as usize].clone()).collect();
        Batch::Own(Box::new(ids))
    }

    fn batch(&self, nodes: &[u32], first: u32) -> Batch<'_> {
        let start = nodes.first().map_or(0, |node| node - first);
        if nodes.iter().zip(start..).all(|(&node, index)| node - first == index) {
            return Batch::Part(self, start as usize..start as usize + nodes.len());
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
