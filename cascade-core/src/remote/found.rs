//! What a finder found, on its way from one process to another.

use super::error::RemoteError;
use crate::handler::{DynFound, Ends, FoundIds, Parents, was_asked};
use crate::ids::{Batch, IdTable};
use crate::model::ResourceDescriptor;

/// An answer that was read again: typed ids behind untyped ones.
pub(super) struct ReadFound {
    parents: ReadParents,
    child: ResourceDescriptor,
    children: Batch<'static>,
    count: usize,
}

/// What it says of the children's parents.
enum ReadParents {
    /// Nothing: any of those asked about may be theirs.
    Unknown,
    /// They are named.
    Named {
        descriptor: ResourceDescriptor,
        ids: Batch<'static>,
        /// For each child the position of its parent in `ids`.
        of: Vec<u32>,
    },
    /// They are those that were asked about, one after the other.
    Asked(Ends),
}

impl ReadFound {
    pub(super) fn new(
        parent: &ResourceDescriptor,
        child: &ResourceDescriptor,
        found: FoundIds,
    ) -> Result<Self, RemoteError> {
        let unreadable = |name: &str, error: serde_json::Error| {
            RemoteError::fault(format!("it answered with what is no id of {name}: {error}"))
        };
        let (parents, children) = match found {
            FoundIds::Children(children) => (ReadParents::Unknown, children),
            FoundIds::PerParent { counts, children } => {
                let ends = Ends::of_counts(&counts);
                if ends.total() != children.len() {
                    return Err(RemoteError::fault("it answered with more or less children than it counts"));
                }
                (ReadParents::Asked(ends), children)
            }
            FoundIds::Pairs { parents, pairs } => {
                if pairs.iter().any(|&(parent, _)| parent as usize >= parents.len()) {
                    return Err(RemoteError::fault(
                        "it answered with a pair of a parent that it does not list",
                    ));
                }
                let ids = parent.read_ids(parents).map_err(|error| unreadable(parent.name(), error))?;
                let (of, children) = pairs.into_iter().unzip();
                (ReadParents::Named { descriptor: parent.clone(), ids, of }, children)
            }
        };
        let count = children.len();
        let children = child.read_ids(children).map_err(|error| unreadable(child.name(), error))?;
        Ok(Self { parents, child: child.clone(), children, count })
    }
}

impl DynFound for ReadFound {
    fn parents(&self, parents: &dyn IdTable, asked: &[u32]) -> Result<Option<Parents>, String> {
        let (descriptor, ids, of) = match &self.parents {
            ReadParents::Unknown => return Ok(None),
            ReadParents::Asked(ends) => return ends.parents(asked).map(Some),
            ReadParents::Named { descriptor, ids, of } => (descriptor, ids, of),
        };
        let known = parents.known(ids);
        let not_asked = known.iter().position(|index| index.is_none_or(|index| !was_asked(asked, index)));
        let index = |&of: &u32| known[of as usize].unwrap_or(Parents::UNKNOWN_PARENT);
        Ok(Some(Parents {
            indices: of.iter().map(index).collect(),
            not_asked: not_asked.map(|at| descriptor.print_id(ids, at)),
            are_owners: true,
        }))
    }

    fn intern_parents(&self, parents: &mut dyn IdTable) {
        if let ReadParents::Named { ids, .. } = &self.parents {
            parents.insert_batch(ids, 0);
        }
    }

    #[cfg(feature = "conformance")]
    fn printed(&self, position: usize, asked: &dyn Fn(usize) -> String) -> String {
        let child = self.printed_child(position);
        if position >= self.count {
            return child;
        }
        match &self.parents {
            ReadParents::Unknown => child,
            ReadParents::Named { .. } => format!("{} → {child}", self.printed_parent(position)),
            ReadParents::Asked(ends) => format!("{} → {child}", asked(ends.parent_of(position))),
        }
    }

    fn printed_parent(&self, position: usize) -> String {
        let ReadParents::Named { descriptor, ids, of } = &self.parents else { return String::new() };
        of.get(position).map_or_else(String::new, |&of| descriptor.print_id(ids, of as usize))
    }

    fn known_children(&self, children: &dyn IdTable) -> Vec<Option<u32>> {
        children.known(&self.children)
    }

    fn printed_child(&self, position: usize) -> String {
        self.child.print_id(&self.children, position)
    }

    fn intern_children(self: Box<Self>, children: &mut dyn IdTable, expected: usize) -> Vec<u32> {
        children.insert_batch(&self.children, expected)
    }

    fn len(&self) -> usize {
        self.count
    }

    fn to_ids(&self) -> Result<FoundIds, serde_json::Error> {
        let children = self.child.write_ids(self.children.ids())?;
        Ok(match &self.parents {
            ReadParents::Unknown => FoundIds::Children(children),
            ReadParents::Named { descriptor, ids, of } => FoundIds::Pairs {
                parents: descriptor.write_ids(ids.ids())?,
                pairs: of.iter().copied().zip(children).collect(),
            },
            ReadParents::Asked(ends) => FoundIds::PerParent { counts: ends.counts(), children },
        })
    }
}
