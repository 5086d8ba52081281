//! The answer of a finder on a worker, converted from its serialised form.

use super::error::RemoteError;
use crate::handler::{DynFound, Ends, FoundIds, Parents, was_asked};
use crate::ids::{Batch, IdTable, InstanceIx, PackedOption};
use crate::model::ResourceDescriptor;

/// The answer of a finder, with the ids parsed to their types.
pub(super) struct ParsedFound {
    parents: ParsedParents,
    child: ResourceDescriptor,
    children: Batch<'static>,
    count: usize,
}

/// The parents of the children, as far as the answer names them.
enum ParsedParents {
    /// The answer names no parents: each child may depend on any parent of the call.
    Unknown,
    /// The answer names the parents.
    Named {
        descriptor: ResourceDescriptor,
        ids: Batch<'static>,
        /// For each child, the position of its parent in `ids`.
        parent_of: Vec<u32>,
    },
    /// The children of each parent of the call, in the order of the parents.
    Asked(Ends),
}

impl ParsedFound {
    pub(super) fn new(
        parent: &ResourceDescriptor,
        child: &ResourceDescriptor,
        found: FoundIds,
    ) -> Result<Self, RemoteError> {
        let unreadable = |name: &str, error: serde_json::Error| {
            RemoteError::fault(format!("it answered with a value that is not an id of {name}: {error}"))
        };
        let (parents, children) = match found {
            FoundIds::Children(children) => (ParsedParents::Unknown, children),
            FoundIds::PerParent { counts, children } => {
                let ends = Ends::of_counts(&counts);
                if ends.total() != children.len() {
                    return Err(RemoteError::fault(
                        "it answered with a number of children that differs from the sum of its counts",
                    ));
                }
                (ParsedParents::Asked(ends), children)
            }
            FoundIds::Pairs { parents, pairs } => {
                if pairs.iter().any(|&(parent, _)| parent as usize >= parents.len()) {
                    return Err(RemoteError::fault("it answered with a pair whose parent it does not list"));
                }
                let ids = parent.read_ids(parents).map_err(|error| unreadable(parent.name(), error))?;
                let (parent_of, children) = pairs.into_iter().unzip();
                (ParsedParents::Named { descriptor: parent.clone(), ids, parent_of }, children)
            }
        };
        let count = children.len();
        let children = child.read_ids(children).map_err(|error| unreadable(child.name(), error))?;
        Ok(Self { parents, child: child.clone(), children, count })
    }
}

impl DynFound for ParsedFound {
    fn parents(&self, parents: &dyn IdTable, asked: &[InstanceIx]) -> Result<Option<Parents>, String> {
        let (descriptor, ids, parent_of) = match &self.parents {
            ParsedParents::Unknown => return Ok(None),
            ParsedParents::Asked(ends) => return ends.parents(asked).map(Some),
            ParsedParents::Named { descriptor, ids, parent_of } => (descriptor, ids, parent_of),
        };
        let known = parents.known(ids);
        let not_asked = known.iter().position(|index| index.is_none_or(|index| !was_asked(asked, index)));
        let index = |&position: &u32| PackedOption::from(known[position as usize]);
        Ok(Some(Parents {
            indices: parent_of.iter().map(index).collect(),
            not_asked: not_asked.map(|position| descriptor.print_id(ids, position)),
            are_owners: true,
        }))
    }

    fn intern_parents(&self, parents: &mut dyn IdTable) {
        if let ParsedParents::Named { ids, .. } = &self.parents {
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
            ParsedParents::Unknown => child,
            ParsedParents::Named { .. } => format!("{} → {child}", self.printed_parent(position)),
            ParsedParents::Asked(ends) => format!("{} → {child}", asked(ends.parent_of(position))),
        }
    }

    fn printed_parent(&self, position: usize) -> String {
        let ParsedParents::Named { descriptor, ids, parent_of } = &self.parents else { return String::new() };
        parent_of.get(position).map_or_else(String::new, |&parent| descriptor.print_id(ids, parent as usize))
    }

    fn known_children(&self, children: &dyn IdTable) -> Vec<Option<InstanceIx>> {
        children.known(&self.children)
    }

    fn printed_child(&self, position: usize) -> String {
        self.child.print_id(&self.children, position)
    }

    fn intern_children(self: Box<Self>, children: &mut dyn IdTable, expected: usize) -> Vec<InstanceIx> {
        children.insert_batch(&self.children, expected)
    }

    fn len(&self) -> usize {
        self.count
    }

    fn to_ids(&self) -> Result<FoundIds, serde_json::Error> {
        let children = self.child.write_ids(self.children.ids())?;
        Ok(match &self.parents {
            ParsedParents::Unknown => FoundIds::Children(children),
            ParsedParents::Named { descriptor, ids, parent_of } => FoundIds::Pairs {
                parents: descriptor.write_ids(ids.ids())?,
                pairs: parent_of.iter().copied().zip(children).collect(),
            },
            ParsedParents::Asked(ends) => FoundIds::PerParent { counts: ends.counts(), children },
        })
    }
}
