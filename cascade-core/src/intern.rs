//! Ids of users' types, interned per resource into dense `u32` indices: the border between the typed world of
//! extensions and the engine, which touches no user type in its loops.

use std::any::Any;
use std::fmt;
use std::hash::BuildHasher;
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
    /// All indices, in the order of their ids.
    fn sorted(&self) -> Vec<u32>;
    /// A table of its own with the same ids.
    fn copied(&self) -> Box<dyn IdTable>;
    /// The ids of `indices`, in their order.
    fn select(&self, indices: &[u32]) -> Batch;
    fn as_any(&self) -> &dyn Any;
    fn as_any_mut(&mut self) -> &mut dyn Any;
}

/// Ids for one call of a user's method, of a type that the engine does not know.
pub(crate) struct Batch(Box<dyn Any + Send + Sync>);

impl Batch {
    pub(crate) fn typed<Id: ResourceId>(&self) -> Option<&[Id]> {
        self.0.downcast_ref::<Vec<Id>>().map(Vec::as_slice)
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

    fn select(&self, indices: &[u32]) -> Batch {
        let ids: Vec<Id> = indices.iter().map(|&index| self.ids[index as usize].clone()).collect();
        Batch(Box::new(ids))
    }

    fn as_any(&self) -> &dyn Any {
        self
    }

    fn as_any_mut(&mut self) -> &mut dyn Any {
        self
    }
}
