//! The arcs of one edge: which child depends on which parent.

use std::collections::HashSet;
use std::sync::Arc;

use crate::ids::{DenseMap, Index, InstanceIx, PackedOption};

/// The greatest length of the dense map of first parents, as a multiple of the number of children in it. With 2, the
/// map needs no more memory than a list of pairs.
const MAX_SPREAD: usize = 2;
/// A dense map up to this length is always allowed.
const ALWAYS_DENSE: usize = 1024;

/// A parent and a child that depends on it along one edge.
pub(crate) type Pair = (InstanceIx, InstanceIx);

/// The arcs of one edge, by the indices of both resources.
#[derive(Clone, Debug, Default)]
pub(crate) struct Arcs {
    /// The first parent of each child. Along one edge most children have one parent, and their indices are adjacent.
    parents: Arc<DenseMap>,
    /// The number of children in `parents`.
    children: usize,
    /// All other pairs of a parent and a child.
    more: Vec<Pair>,
    /// Arcs that were found as blocks of parents and children.
    pub(crate) blocks: Vec<Block>,
    /// Along a shared edge: the children that lose their last owner.
    pub(crate) released: Vec<InstanceIx>,
}

/// Every child of a block depends on every parent of the block.
#[derive(Clone, Debug)]
pub(crate) struct Block {
    pub(crate) parents: Vec<InstanceIx>,
    pub(crate) children: Vec<InstanceIx>,
}

impl Arcs {
    /// Adds pairs of a parent and a child. `expected` estimates how many children there will be in the end.
    pub(crate) fn extend(&mut self, pairs: impl Iterator<Item = Pair> + Clone, expected: usize) {
        let (lowest, highest, count) =
            pairs.clone().fold((u32::MAX, 0, 0), |(lowest, highest, count), (_, child)| {
                (lowest.min(child.number()), highest.max(child.number()), count + 1)
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
            match parents.get_mut(key(child)) {
                Some(first) if first.is_none() => {
                    *first = PackedOption::some(parent);
                    self.children += 1;
                }
                Some(first) if *first == PackedOption::some(parent) => {}
                // The child has another first parent, or its index lies outside the dense map.
                _ => self.more.push((parent, child)),
            }
        }
    }

    /// Adds the parents of children with consecutive indices from `first_child`, one parent for each. Fast if none of them
    /// has a parent along this edge yet, as in most answers.
    pub(crate) fn extend_row(
        &mut self,
        parents: &[PackedOption<InstanceIx>],
        first_child: InstanceIx,
        expected: usize,
    ) {
        let by_child = Arc::make_mut(&mut self.parents);
        by_child.reserve(expected.min((self.children + parents.len()) * 8));
        if by_child.append(key(first_child), parents) {
            self.children += parents.len();
        } else {
            let children = (first_child.position()..).map(InstanceIx::at);
            let pairs = parents.iter().zip(children);
            self.extend(pairs.filter_map(|(parent, child)| Some((parent.get()?, child))), expected);
        }
    }

    /// Every pair of a parent and a child.
    pub(crate) fn pairs(&self) -> impl Iterator<Item = Pair> {
        let first = self.parents.iter().filter_map(|(child, parent)| Some((parent.get()?, instance(child))));
        first.chain(self.more.iter().copied())
    }

    /// The pairs that are not in `known`, an earlier copy of these arcs.
    pub(crate) fn pairs_since<'a>(&'a self, known: Option<&'a Self>) -> impl Iterator<Item = Pair> + 'a {
        let was = move |child: u64| known.map_or(PackedOption::NONE, |known| known.parents.get(child));
        let first = self.parents.iter().filter(move |&(child, parent)| parent != was(child));
        let more = self.more[known.map_or(0, |known| known.more.len())..].iter().copied();
        first.filter_map(|(child, parent)| Some((parent.get()?, instance(child)))).chain(more)
    }

    /// Retains only the pairs of parent and child for which `predicate` is true. Blocks stay as they are.
    pub(crate) fn retain_pairs(&mut self, predicate: impl Fn(InstanceIx, InstanceIx) -> bool) {
        let retained: Vec<Pair> = self.pairs().filter(|&(parent, child)| predicate(parent, child)).collect();
        (self.parents, self.children, self.more) = (Arc::default(), 0, Vec::new());
        self.extend(retained.iter().copied(), 0);
    }

    /// Removes all arcs of these children.
    pub(crate) fn lose_children(&mut self, lost: &HashSet<InstanceIx>) {
        if lost.is_empty() || self.is_empty() {
            return;
        }
        self.retain_pairs(|_, child| !lost.contains(&child));
        for block in &mut self.blocks {
            block.children.retain(|child| !lost.contains(child));
        }
        self.blocks.retain(|block| !block.children.is_empty());
        self.released.retain(|child| !lost.contains(child));
    }

    /// Removes these pairs, and these children from `released`. A child that keeps some parents of a block leaves the block.
    pub(crate) fn lose(&mut self, lost: &[Pair], no_longer_released: &[InstanceIx]) {
        if !lost.is_empty() {
            let lost: HashSet<Pair> = lost.iter().copied().collect();
            self.retain_pairs(|parent, child| !lost.contains(&(parent, child)));
            let mut kept = Vec::new();
            for Block { parents, children } in &mut self.blocks {
                children.retain(|&child| {
                    let is_whole = !parents.iter().any(|&parent| lost.contains(&(parent, child)));
                    if !is_whole {
                        let left = parents.iter().map(|&parent| (parent, child));
                        kept.extend(left.filter(|pair| !lost.contains(pair)));
                    }
                    is_whole
                });
            }
            self.blocks.retain(|block| !block.children.is_empty());
            self.extend(kept.iter().copied(), 0);
        }
        if !no_longer_released.is_empty() {
            self.released.retain(|child| !no_longer_released.contains(child));
        }
    }

    /// The parents by child; `None` if a child has more than one parent or is in a block.
    pub(crate) fn only_parents(&self) -> Option<&Arc<DenseMap>> {
        (self.more.is_empty() && self.blocks.is_empty()).then_some(&self.parents)
    }

    /// The first of a child's parents.
    pub(crate) fn first_parent(&self, child: InstanceIx) -> Option<InstanceIx> {
        self.parents.get(key(child)).get()
    }

    /// All pairs that are neither a child with its first parent nor in a block.
    pub(crate) fn more(&self) -> &[Pair] {
        &self.more
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.children == 0 && self.more.is_empty() && self.blocks.is_empty()
    }

    /// The children, each once, in the order of their indices.
    pub(crate) fn children(&self) -> Vec<InstanceIx> {
        self.children_of(|_| true)
    }

    /// The children of the parents that match, each once, in the order of their indices.
    pub(crate) fn children_of(&self, is_parent: impl Fn(InstanceIx) -> bool) -> Vec<InstanceIx> {
        let pairs = self.pairs().filter(|&(parent, _)| is_parent(parent));
        let blocks = self.blocks.iter().filter(|block| block.parents.iter().any(|&parent| is_parent(parent)));
        let in_blocks = blocks.flat_map(|block| block.children.iter().copied());
        let mut children: Vec<InstanceIx> = pairs.map(|(_, child)| child).chain(in_blocks).collect();
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

/// The key of a child in the dense map.
fn key(child: InstanceIx) -> u64 {
    child.number().into()
}

/// The child with that key. A key of the map is the number of an index.
fn instance(key: u64) -> InstanceIx {
    InstanceIx::new(key as u32)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pairs<const N: usize>(numbers: [(u32, u32); N]) -> impl Iterator<Item = Pair> + Clone {
        numbers.into_iter().map(|(parent, child)| (InstanceIx::new(parent), InstanceIx::new(child)))
    }

    fn sorted(pairs: impl Iterator<Item = Pair>) -> Vec<Pair> {
        let mut pairs: Vec<_> = pairs.collect();
        pairs.sort_unstable();
        pairs
    }

    #[test]
    fn all_pairs_are_listed_wherever_they_are_stored() {
        let mut arcs = Arcs::default();
        let one_each = [(7, 10), (7, 11), (8, 12)];
        arcs.extend(pairs(one_each), 1000);
        assert!(arcs.only_parents().is_some());
        let known = arcs.clone();
        let others = [(9, 10), (7, 11), (1, 3), (2, 4_000_000), (u32::MAX - 1, 5)];
        arcs.extend(pairs(others), 0);
        arcs.extend(pairs([(4, 13)]), 0);
        assert!(arcs.only_parents().is_none());
        let new = [(9, 10), (1, 3), (2, 4_000_000), (u32::MAX - 1, 5), (4, 13)];
        let mut since = sorted(arcs.pairs_since(Some(&known)));
        since.dedup();
        assert_eq!(since, sorted(pairs(new)));
        let mut all = sorted(arcs.pairs());
        all.dedup();
        assert_eq!(all, sorted(pairs(one_each).chain(pairs(new))));
        arcs.retain_pairs(|parent, _| parent.number() == 7);
        assert_eq!(sorted(arcs.pairs()), sorted(pairs([(7, 10), (7, 11)])));
    }
}
