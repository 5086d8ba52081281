//! The methods that have not yet run on each instance, as bit masks. Most resources have at most eight methods.

use std::ops::Range;

use crate::ids::{Index, NodeIx};
use crate::model::EffectSet;

/// The pending methods of each node. The first method of a set runs first.
pub(crate) enum PendingMethods {
    Bytes(Vec<u8>),
    /// Used once any set has a method above the eighth.
    Sets(Vec<EffectSet>),
}

impl PendingMethods {
    pub(crate) fn with_capacity(nodes: usize) -> Self {
        Self::Bytes(Vec::with_capacity(nodes))
    }

    pub(crate) fn push(&mut self, methods: EffectSet) {
        self.push_row(methods, 1);
    }

    /// Adds `count` nodes, all with these methods.
    pub(crate) fn push_row(&mut self, methods: EffectSet, count: usize) {
        match self {
            Self::Sets(sets) => sets.resize(sets.len() + count, methods),
            Self::Bytes(masks) => {
                if let Ok(mask) = u8::try_from(methods.bits()) {
                    masks.resize(masks.len() + count, mask);
                } else {
                    self.widen();
                    self.push_row(methods, count);
                }
            }
        }
    }

    #[cold]
    fn widen(&mut self) {
        if let Self::Bytes(masks) = self {
            let mut sets = Vec::with_capacity(masks.capacity());
            sets.extend(masks.iter().map(|&mask| EffectSet::from_bits(mask.into())));
            *self = Self::Sets(sets);
        }
    }

    pub(crate) fn len(&self) -> usize {
        match self {
            Self::Bytes(masks) => masks.len(),
            Self::Sets(sets) => sets.len(),
        }
    }

    pub(crate) fn get(&self, node: NodeIx) -> EffectSet {
        match self {
            Self::Bytes(masks) => EffectSet::from_bits(masks[node.position()].into()),
            Self::Sets(sets) => sets[node.position()],
        }
    }

    /// The sets of all nodes, in order.
    pub(crate) fn iter(&self) -> impl Iterator<Item = EffectSet> {
        NodeIx::all(self.len()).map(|node| self.get(node))
    }

    /// Keeps only the first pending method of an instance.
    pub(crate) fn keep_first(&mut self, node: NodeIx) {
        match self {
            Self::Bytes(masks) => {
                let mask = &mut masks[node.position()];
                *mask &= mask.wrapping_neg();
            }
            Self::Sets(sets) => {
                let set = &mut sets[node.position()];
                *set = set.first().map(EffectSet::of).unwrap_or_default();
            }
        }
    }

    /// Leaves no method pending on an instance.
    pub(crate) fn clear(&mut self, node: NodeIx) {
        match self {
            Self::Bytes(masks) => masks[node.position()] = 0,
            Self::Sets(sets) => sets[node.position()] = EffectSet::EMPTY,
        }
    }

    /// Removes the first pending method of each of these nodes. Returns the union of the remaining sets.
    pub(crate) fn close_first(&mut self, nodes: &[NodeIx]) -> EffectSet {
        match self {
            Self::Bytes(masks) => {
                let close = |remaining, node: &NodeIx| remaining | close_byte(&mut masks[node.position()]);
                EffectSet::from_bits(nodes.iter().fold(0, close).into())
            }
            Self::Sets(sets) => nodes.iter().fold(EffectSet::EMPTY, |remaining, node| {
                remaining.union(close_set(&mut sets[node.position()]))
            }),
        }
    }

    /// Like `close_first`, for consecutive nodes.
    pub(crate) fn close_first_in_row(&mut self, nodes: &Range<NodeIx>) -> EffectSet {
        let nodes = nodes.start.position()..nodes.end.position();
        match self {
            Self::Bytes(masks) => {
                let close = |remaining, mask: &mut u8| remaining | close_byte(mask);
                EffectSet::from_bits(masks[nodes].iter_mut().fold(0, close).into())
            }
            Self::Sets(sets) => {
                let close = |remaining: EffectSet, set: &mut EffectSet| remaining.union(close_set(set));
                sets[nodes].iter_mut().fold(EffectSet::EMPTY, close)
            }
        }
    }
}

/// Removes the lowest bit, and returns the others.
fn close_byte(mask: &mut u8) -> u8 {
    *mask &= mask.wrapping_sub(1);
    *mask
}

/// Removes the first method, and returns the others.
fn close_set(set: &mut EffectSet) -> EffectSet {
    *set = set.without_first();
    *set
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_and_sets_behave_the_same() {
        for highest in [7, 8, 63].map(EffectSet::of) {
            let set = |bits: u64| EffectSet::from_bits(bits);
            let nodes = [0, 1, 2, 3, 4].map(NodeIx::new);
            let mut pending = PendingMethods::with_capacity(3);
            for methods in [set(0b101), highest.union(set(1)), set(0)] {
                pending.push(methods);
            }
            assert_eq!(matches!(pending, PendingMethods::Bytes(_)), highest.bits() < 256);
            assert_eq!((pending.len(), pending.get(nodes[1])), (3, highest.union(set(1))));
            assert_eq!(pending.close_first(&[nodes[0], nodes[2]]), set(0b100));
            assert_eq!(pending.close_first_in_row(&(nodes[1]..nodes[3])), highest);
            assert_eq!([0, 1, 2].map(|at| pending.get(nodes[at])), [set(0b100), highest, set(0)]);
            pending.push_row(set(0b110), 2);
            assert_eq!(pending.len(), 5);
            pending.keep_first(nodes[3]);
            pending.keep_first(nodes[2]);
            assert_eq!([2, 3, 4].map(|at| pending.get(nodes[at])), [set(0), set(0b10), set(0b110)]);
        }
    }
}
