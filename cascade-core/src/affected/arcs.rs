//! The arcs of one edge: which child depends on which parent.

use std::sync::Arc;

use crate::ids::{DenseMap, NOTHING};

/// The greatest length of the dense map of first parents, as a multiple of the number of children in it. With 2, the
/// map needs no more memory than a list of pairs.
const MAX_SPREAD: usize = 2;
/// A dense map up to this length is always allowed.
const ALWAYS_DENSE: usize = 1024;

/// The arcs of one edge, by the indices of both resources.
#[derive(Clone, Debug, Default)]
pub(crate) struct Arcs {
    /// The first parent of each child. Along one edge most children have one parent, and their indices are adjacent.
    parents: Arc<DenseMap>,
    /// The number of children in `parents`.
    children: usize,
    /// All other pairs of a parent and a child.
    more: Vec<(u32, u32)>,
    /// Arcs that were found as blocks of parents and children.
    pub(crate) blocks: Vec<Block>,
    /// Along a shared edge: the children that lose their last owner.
    pub(crate) released: Vec<u32>,
}

/// Every child of a block depends on every parent of the block.
#[derive(Clone, Debug)]
pub(crate) struct Block {
    pub(crate) parents: Vec<u32>,
    pub(crate) children: Vec<u32>,
}

impl Arcs {
    /// Adds pairs of a parent and a child. `expected` estimates how many children there will be in the end.
    pub(crate) fn extend(&mut self, pairs: impl Iterator<Item = (u32, u32)> + Clone, expected: usize) {
        let (lowest, highest, count) =
            pairs.clone().fold((u32::MAX, 0, 0), |(lowest, highest, count), (_, child)| {
                (lowest.min(child), highest.max(child), count + 1)
            });
        if count == 0 {
            return;
        }
        let parents = Arc::make_mut(&mut self.parents);
        let known = self.children + count;
        let most = (known.max(expected) * MAX_SPREAD).max(ALWAYS_DENSE);
        parents.reserve(expected.min(known * 8));
        parents.make_room(lowest.into(), highest.into(), most);
        for (parent, child) in pairs {
            match parents.get_mut(child.into()).filter(|_| parent != NOTHING) {
                Some(first) if *first == NOTHING => {
                    *first = parent;
                    self.children += 1;
                }
                Some(&mut first) if first == parent => {}
                // The child has another first parent, or its index lies outside the dense map.
                _ => self.more.push((parent, child)),
            }
        }
    }

    /// Adds the parents of children with consecutive indices from `first_child`. Fast if none of them has a parent
    /// along this edge yet, as in most answers.
    pub(crate) fn extend_row(&mut self, parents: &[u32], first_child: u32, expected: usize) {
        let by_child = Arc::make_mut(&mut self.parents);
        by_child.reserve(expected.min((self.children + parents.len()) * 8));
        if by_child.append(first_child.into(), parents) {
            self.children += parents.len();
        } else {
            self.extend(parents.iter().copied().zip(first_child..), expected);
        }
    }

    /// Every pair of a parent and a child.
    pub(crate) fn pairs(&self) -> impl Iterator<Item = (u32, u32)> {
        let first = self.parents.iter().filter(|&(_, parent)| parent != NOTHING);
        first.map(|(child, parent)| (parent, child as u32)).chain(self.more.iter().copied())
    }

    /// The pairs that are not in `known`, an earlier copy of these arcs.
    pub(crate) fn pairs_since<'a>(
        &'a self,
        known: Option<&'a Self>,
    ) -> impl Iterator<Item = (u32, u32)> + 'a {
        let was = move |child: u64| known.map_or(NOTHING, |known| known.parents.get(child));
        let first = self.parents.iter().filter(move |&(child, parent)| parent != was(child));
        let more = self.more[known.map_or(0, |known| known.more.len())..].iter().copied();
        first.map(|(child, parent)| (parent, child as u32)).chain(more)
    }

    /// Retains only the pairs of parent and child for which `predicate` is true. Blocks stay as they are.
    pub(crate) fn retain_pairs(&mut self, predicate: impl Fn(u32, u32) -> bool) {
        let retained: Vec<(u32, u32)> =
            self.pairs().filter(|&(parent, child)| predicate(parent, child)).collect();
        (self.parents, self.children, self.more) = (Arc::default(), 0, Vec::new());
        self.extend(retained.iter().copied(), 0);
    }

    /// The parents by child; `None` if a child has more than one parent or is in a block.
    pub(crate) fn only_parents(&self) -> Option<&Arc<DenseMap>> {
        (self.more.is_empty() && self.blocks.is_empty()).then_some(&self.parents)
    }

    /// The first of a child's parents.
    pub(crate) fn first_parent(&self, child: u32) -> Option<u32> {
        Some(self.parents.get(child.into())).filter(|&parent| parent != NOTHING)
    }

    /// All pairs that are neither a child with its first parent nor in a block.
    pub(crate) fn more(&self) -> &[(u32, u32)] {
        &self.more
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.children == 0 && self.more.is_empty() && self.blocks.is_empty()
    }

    /// The children, each once, in the order of their indices.
    pub(crate) fn children(&self) -> Vec<u32> {
        let in_blocks = self.blocks.iter().flat_map(|block| block.children.iter().copied());
        let mut children: Vec<u32> = self.pairs().map(|(_, child)| child).chain(in_blocks).collect();
        children.sort_unstable();
        children.dedup();
        children
    }

    /// Replaces every block by its pairs.
    pub(crate) fn split_blocks(&mut self) {
        for Block { parents, children } in std::mem::take(&mut self.blocks) {
            let pairs = parents.iter().flat_map(|&parent| children.iter().map(move |&child| (parent, child)));
            self.extend(pairs, 0);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sorted(pairs: impl Iterator<Item = (u32, u32)>) -> Vec<(u32, u32)> {
        let mut pairs: Vec<_> = pairs.collect();
        pairs.sort_unstable();
        pairs
    }

    #[test]
    fn all_pairs_are_listed_wherever_they_are_stored() {
        let mut arcs = Arcs::default();
        let one_each = [(7, 10), (7, 11), (8, 12)];
        arcs.extend(one_each.into_iter(), 1000);
        assert!(arcs.only_parents().is_some());
        let known = arcs.clone();
        let others = [(9, 10), (7, 11), (1, 3), (2, 4_000_000), (u32::MAX, 5)];
        arcs.extend(others.into_iter(), 0);
        arcs.extend([(4, 13)].into_iter(), 0);
        assert!(arcs.only_parents().is_none());
        let new = [(9, 10), (1, 3), (2, 4_000_000), (u32::MAX, 5), (4, 13)];
        let mut since = sorted(arcs.pairs_since(Some(&known)));
        since.dedup();
        assert_eq!(since, sorted(new.into_iter()));
        let mut all = sorted(arcs.pairs());
        all.dedup();
        assert_eq!(all, sorted(one_each.into_iter().chain(new)));
        arcs.retain_pairs(|parent, _| parent == 7);
        assert_eq!(sorted(arcs.pairs()), [(7, 10), (7, 11)]);
    }
}
