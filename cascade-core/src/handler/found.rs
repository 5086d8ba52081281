//! What finders answer.

#[cfg(feature = "remote")]
use super::found_ids::FoundIds;
use super::parents::{Parents, was_asked};
use super::per_parent::PerParent;
use crate::ids::{IdTable, Interner, ResourceId};

/// What a finder found.
#[derive(Debug)]
pub enum Found<P, C> {
    /// Pairs of a parent and a child: the exact order is known.
    Pairs(Vec<(P, C)>),
    /// Children alone: each is tied to every parent that was asked about.
    Children(Vec<C>),
    /// The children of each parent that was asked about: the exact order is known.
    PerParent(PerParent<C>),
}

/// A finder's answer whose id types the engine does not know.
pub(crate) trait DynFound: Send {
    /// The parent of each child; `None` where the answer does not say which. The error is a fault in words.
    fn parents(&self, parents: &dyn IdTable, asked: &[u32]) -> Result<Option<Parents>, String>;
    /// Adds the parents that it names to the table.
    fn intern_parents(&self, parents: &mut dyn IdTable);
    /// What was found at a position as it prints, with the parent if that is known; empty where there is nothing. `asked`
    /// prints the parent at a position of those asked about.
    #[cfg(feature = "conformance")]
    fn printed(&self, position: usize, asked: &dyn Fn(usize) -> String) -> String;
    /// The parent at a position as it prints; empty where none is named.
    fn printed_parent(&self, position: usize) -> String;
    /// The children as indices; `None` for one that is not in the table.
    fn known_children(&self, children: &dyn IdTable) -> Vec<Option<u32>>;
    /// The child at a position as it prints; empty where there is none.
    fn printed_child(&self, position: usize) -> String;
    /// The children as indices, new ones added.
    ///
    /// There will be about `expected` in the whole table, as far as one can tell.
    fn intern_children(self: Box<Self>, children: &mut dyn IdTable, expected: usize) -> Vec<u32>;
    /// How many pairs or children.
    fn len(&self) -> usize;
    /// The answer, serialised.
    #[cfg(feature = "remote")]
    fn to_ids(&self) -> Result<FoundIds, serde_json::Error>;
}

impl<P: ResourceId, C: ResourceId> DynFound for Found<P, C> {
    fn parents(&self, parents: &dyn IdTable, asked: &[u32]) -> Result<Option<Parents>, String> {
        let pairs = match self {
            Self::Pairs(pairs) => pairs,
            Self::Children(_) => return Ok(None),
            Self::PerParent(found) => return found.ends.parents(asked).map(Some),
        };
        let table =
            parents.typed::<P>().ok_or_else(|| String::from("it answered with ids of another type"))?;
        let mut walk = ParentLookup { table, all: asked, asked, last: None, not_asked: None };
        let indices = pairs.iter().map(|(parent, _)| walk.index_of(parent)).collect();
        let not_asked = walk.not_asked.map(ToString::to_string);
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

    fn known_children(&self, children: &dyn IdTable) -> Vec<Option<u32>> {
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

    fn intern_children(self: Box<Self>, children: &mut dyn IdTable, expected: usize) -> Vec<u32> {
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
        let written = |ids: &[C]| ids.iter().map(serde_json::to_value).collect::<Result<Vec<_>, _>>();
        match self {
            Self::Pairs(pairs) => pairs_to_ids(pairs),
            Self::Children(ids) => Ok(FoundIds::Children(written(ids)?)),
            Self::PerParent(PerParent { children, ends }) => {
                Ok(FoundIds::PerParent { counts: ends.counts(), children: written(children)? })
            }
        }
    }
}

/// Finders mostly answer parent by parent: each is written once for its row.
#[cfg(feature = "remote")]
fn pairs_to_ids<P: ResourceId, C: ResourceId>(pairs: &[(P, C)]) -> Result<FoundIds, serde_json::Error> {
    let mut parents = Vec::new();
    let mut written = Vec::with_capacity(pairs.len());
    let mut last = None;
    for (parent, child) in pairs {
        if last != Some(parent) {
            parents.push(serde_json::to_value(parent)?);
            last = Some(parent);
        }
        written.push((parents.len() as u32 - 1, serde_json::to_value(child)?));
    }
    Ok(FoundIds::Pairs { parents, pairs: written })
}

/// Looks parents up. Finders mostly answer parent by parent, in the order they were asked: a run of one parent is looked
/// up once, and the next one is most likely near in the list of those asked about.
struct ParentLookup<'a, P> {
    table: &'a Interner<P>,
    /// Those asked about.
    all: &'a [u32],
    /// The same from the last one found.
    asked: &'a [u32],
    last: Option<(&'a P, u32)>,
    /// The first that was not asked about.
    not_asked: Option<&'a P>,
}

impl<'a, P: ResourceId> ParentLookup<'a, P> {
    #[inline]
    fn index_of(&mut self, parent: &'a P) -> u32 {
        match self.last {
            Some((seen, index)) if seen == parent => index,
            _ => self.look_up(parent),
        }
    }

    fn look_up(&mut self, parent: &'a P) -> u32 {
        let near = self.asked.iter().take(4).position(|&index| self.table.get(index) == parent);
        let index = if let Some(position) = near {
            self.asked = &self.asked[position..];
            self.asked[0]
        } else {
            let index = self.table.index_of(parent).unwrap_or(Parents::UNKNOWN_PARENT);
            if !was_asked(self.all, index) {
                self.not_asked.get_or_insert(parent);
            }
            index
        };
        self.last = Some((parent, index));
        index
    }
}
