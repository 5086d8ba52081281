//! What a finder found, on its way from one process to another.

use super::{FoundIds, RemoteError};
use crate::intern::{Batch, IdTable};
use crate::outcome::{DynFound, Parents, was_asked};
use crate::resource::ResourceDescriptor;

/// An answer that was read again: typed ids behind untyped ones.
pub(super) struct ReadFound {
    parents: Option<ReadParents>,
    child: ResourceDescriptor,
    children: Batch<'static>,
    count: usize,
}

struct ReadParents {
    descriptor: ResourceDescriptor,
    ids: Batch<'static>,
    /// For each child the position of its parent in `ids`.
    of: Vec<u32>,
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
            FoundIds::Children(children) => (None, children),
            FoundIds::Pairs { parents, pairs } => {
                if pairs.iter().any(|&(parent, _)| parent as usize >= parents.len()) {
                    return Err(RemoteError::fault(
                        "it answered with a pair of a parent that it does not list",
                    ));
                }
                let ids = parent.read_ids(parents).map_err(|error| unreadable(parent.name(), error))?;
                let (of, children) = pairs.into_iter().unzip();
                (Some(ReadParents { descriptor: parent.clone(), ids, of }), children)
            }
        };
        let count = children.len();
        let children = child.read_ids(children).map_err(|error| unreadable(child.name(), error))?;
        Ok(Self { parents, child: child.clone(), children, count })
    }
}

impl DynFound for ReadFound {
    fn parents(&self, parents: &dyn IdTable, asked: &[u32]) -> Result<Option<Parents>, String> {
        let Some(named) = &self.parents else { return Ok(None) };
        let known = parents.known(&named.ids);
        let not_asked = known.iter().position(|index| index.is_none_or(|index| !was_asked(asked, index)));
        let index = |&of: &u32| known[of as usize].unwrap_or(Parents::STRANGER);
        Ok(Some(Parents {
            indices: named.of.iter().map(index).collect(),
            not_asked: not_asked.map(|at| named.descriptor.print_id(&named.ids, at)),
        }))
    }

    fn intern_parents(&self, parents: &mut dyn IdTable) {
        if let Some(named) = &self.parents {
            parents.insert_batch(&named.ids, 0);
        }
    }

    fn printed(&self, position: usize) -> String {
        let child = self.printed_child(position);
        match &self.parents {
            Some(named) if position < self.count => {
                let parent = named.descriptor.print_id(&named.ids, named.of[position] as usize);
                format!("{parent} → {child}")
            }
            _ => child,
        }
    }

    fn known_children(&self, children: &dyn IdTable) -> Vec<Option<u32>> {
        children.known(&self.children)
    }

    fn printed_parent(&self, position: usize) -> String {
        let of = self.parents.as_ref().and_then(|named| Some((named, *named.of.get(position)?)));
        of.map_or_else(String::new, |(named, of)| named.descriptor.print_id(&named.ids, of as usize))
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
            None => FoundIds::Children(children),
            Some(named) => FoundIds::Pairs {
                parents: named.descriptor.write_ids(named.ids.ids())?,
                pairs: named.of.iter().copied().zip(children).collect(),
            },
        })
    }
}
