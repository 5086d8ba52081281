//! Downcasts of id tables, for code that knows the id type.

use super::id::ResourceId;
use super::interner::Interner;
use super::table::IdTable;

impl dyn IdTable {
    pub(crate) fn typed<Id: ResourceId>(&self) -> Option<&Interner<Id>> {
        self.as_any().downcast_ref()
    }

    pub(crate) fn typed_mut<Id: ResourceId>(&mut self) -> Option<&mut Interner<Id>> {
        self.as_any_mut().downcast_mut()
    }
}
