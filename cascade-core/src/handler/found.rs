//! The answers of finders.

#[cfg(feature = "remote")]
use super::found_ids::FoundIds;
use super::parents::{Parents, was_asked};
use super::per_parent::PerParent;
use crate::ids::{IdTable, InstanceIx, Interner, PackedOption, ResourceId};

/// The answer of a finder: the children of the given parents.
#[derive(Debug)]
pub enum Found<P, C> {
    /// Pairs of a parent and a child. A parent waits only for its own children.
    Pairs(Vec<(P, C)>),
    /// Children without their parents: every given parent waits for every child.
    Children(Vec<C>),
    /// The children of each given parent. A parent waits only for its own children.
    PerParent(PerParent<C>),
}

/// A finder's answer with its id types erased.
pub(crate) trait DynFound: Send {
    /// The parent of each child; `None` if the answer does not name parents. `asked` are the given parents. The error
    /// describes a fault of the answer.
    fn parents(&self, parents: &dyn IdTable, asked: &[InstanceIx]) -> Result<Option<Parents>, String>;
    /// Adds the parents that the answer names to the table.
    fn intern_parents(&self, parents: &mut dyn IdTable);
    /// The child at a position, printed, with its parent if the answer names it; empty if the position is too high.
    /// `asked` prints the given parent at a position.
    #[cfg(feature = "conformance")]
    fn printed(&self, position: usize, asked: &dyn Fn(usize) -> String) -> String;
    /// The parent at a position, printed; empty if the answer has no pair at that position.
    fn printed_parent(&self, position: usize) -> String;
    /// The indices of the children; `None` for a child that is not in the table.
    fn known_children(&self, children: &dyn IdTable) -> Vec<Option<InstanceIx>>;
    /// The child at a position, printed; empty if the position is too high.
    fn printed_child(&self, position: usize) -> String;
    /// Adds the children to the table and returns their indices. `expected` estimates the final size of the table.
    fn intern_children(self: Box<Self>, children: &mut dyn IdTable, expected: usize) -> Vec<InstanceIx>;
    /// The number of children, counted once per pair.
    fn len(&self) -> usize;
    /// The answer with its ids serialised.
    #[cfg(feature = "remote")]
    fn to_ids(&self) -> Result<FoundIds, serde_json::Error>;
}

impl<P: ResourceId, C: ResourceId> DynFound for Found<P, C> {
    fn parents(&self, parents: &dyn IdTable, asked: &[InstanceIx]) -> Result<Option<Parents>, String> {
        let pairs = match self {
            Self::Pairs(pairs) => pairs,
            Self::Children(_) => return Ok(None),
            Self::PerParent(found) => return found.ends.parents(asked).map(Some),
        };
        let table =
            parents.typed::<P>().ok_or_else(|| String::from("it answered with ids of another type"))?;
        let mut lookup = ParentLookup { table, all: asked, rest: asked, last: None, not_asked: None };
        let indices = pairs.iter().map(|(parent, _)| lookup.index_of(parent)).collect();
        let not_asked = lookup.not_asked.map(ToString::to_string);
        Ok(Some(Parents { indices, not_asked, are_owners: true }))
    }

    fn intern_parents(&self, parents: &mut dyn IdTable) {
        let (Self::Pairs(pairs), Some(table)) = (self, parents.typed_mut::<P>()) else { return };
        for (parent, _) in pairs {
            table.insert(parent.clone());
        }
    }

    #[cfg(feature = "conformance")]
    fn printed(&self, position: usize, asked: &dyn Fn(usize) -> String) -> String {
        let child = self.printed_child(position);
        match self {
            Self::Pairs(pairs) => {
                pairs.get(position).map_or_else(String::new, |(parent, _)| format!("{parent} → {child}"))
            }
            Self::Children(_) => child,
            Self::PerParent(found) => format!("{} → {child}", asked(found.ends.parent_of(position))),
        }
    }

    fn printed_parent(&self, position: usize) -> String {
        let Self::Pairs(pairs) = self else { return String::new() };
        pairs.get(position).map_or_else(String::new, |(parent, _)| parent.to_string())
    }

    fn known_children(&self, children: &dyn IdTable) -> Vec<Option<InstanceIx>> {
        let table = children.typed::<C>();
        let index = |child: &C| table.and_then(|table| table.index_of(child));
        match self {
            Self::Pairs(pairs) => pairs.iter().map(|(_, child)| index(child)).collect(),
            Self::Children(ids) | Self::PerParent(PerParent { children: ids, .. }) => {
                ids.iter().map(index).collect()
            }
        }
    }

    fn printed_child(&self, position: usize) -> String {
        let child = match self {
            Self::Pairs(pairs) => pairs.get(position).map(|(_, child)| child),
            Self::Children(ids) | Self::PerParent(PerParent { children: ids, .. }) => ids.get(position),
        };
        child.map_or_else(String::new, ToString::to_string)
    }

    fn intern_children(self: Box<Self>, children: &mut dyn IdTable, expected: usize) -> Vec<InstanceIx> {
        let Some(table) = children.typed_mut::<C>() else { return Vec::new() };
        match *self {
            Self::Pairs(pairs) => table.insert_all(pairs, |(_, child)| child, |(_, child)| child, expected),
            Self::Children(ids) | Self::PerParent(PerParent { children: ids, .. }) => {
                table.insert_all(ids, |id| id, |id| id, expected)
            }
        }
    }

    fn len(&self) -> usize {
        match self {
            Self::Pairs(pairs) => pairs.len(),
            Self::Children(ids) | Self::PerParent(PerParent { children: ids, .. }) => ids.len(),
        }
    }

    #[cfg(feature = "remote")]
    fn to_ids(&self) -> Result<FoundIds, serde_json::Error> {
        let to_values = |ids: &[C]| ids.iter().map(serde_json::to_value).collect::<Result<Vec<_>, _>>();
        match self {
            Self::Pairs(pairs) => pairs_to_ids(pairs),
            Self::Children(ids) => Ok(FoundIds::Children(to_values(ids)?)),
            Self::PerParent(PerParent { children, ends }) => {
                Ok(FoundIds::PerParent { counts: ends.counts(), children: to_values(children)? })
            }
        }
    }
}

/// Serialises a parent once for adjacent pairs with that parent: most finders list their pairs parent by parent.
#[cfg(feature = "remote")]
fn pairs_to_ids<P: ResourceId, C: ResourceId>(pairs: &[(P, C)]) -> Result<FoundIds, serde_json::Error> {
    let mut parents = Vec::new();
    let mut children = Vec::with_capacity(pairs.len());
    let mut last = None;
    for (parent, child) in pairs {
        if last != Some(parent) {
            parents.push(serde_json::to_value(parent)?);
            last = Some(parent);
        }
        children.push((parents.len() as u32 - 1, serde_json::to_value(child)?));
    }
    Ok(FoundIds::Pairs { parents, pairs: children })
}

/// Finds the indices of parents.
///
/// Most finders list their pairs parent by parent, in the order of the given parents. So adjacent pairs of one parent
/// need one lookup, and the next parent is mostly found among the next few given ones, without hashing.
struct ParentLookup<'a, P> {
    table: &'a Interner<P>,
    /// The given parents, sorted.
    all: &'a [InstanceIx],
    /// The given parents from the last one found.
    rest: &'a [InstanceIx],
    last: Option<(&'a P, PackedOption<InstanceIx>)>,
    /// The first parent of a pair that is not among the given ones.
    not_asked: Option<&'a P>,
}

impl<'a, P: ResourceId> ParentLookup<'a, P> {
    #[inline]
    fn index_of(&mut self, parent: &'a P) -> PackedOption<InstanceIx> {
        match self.last {
            Some((seen, index)) if seen == parent => index,
            _ => self.look_up(parent),
        }
    }

    fn look_up(&mut self, parent: &'a P) -> PackedOption<InstanceIx> {
        let near = self.rest.iter().take(4).position(|&index| self.table.get(index) == parent);
        let index = if let Some(position) = near {
            self.rest = &self.rest[position..];
            PackedOption::some(self.rest[0])
        } else {
            let index = self.table.index_of(parent);
            if index.is_none_or(|index| !was_asked(self.all, index)) {
                self.not_asked.get_or_insert(parent);
            }
            index.into()
        };
        self.last = Some((parent, index));
        index
    }
}
