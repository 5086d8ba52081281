//! The instances that are ready for one step kind.

use crate::ids::{Index, NodeIx};
use std::ops::Range;

/// A queue of nodes. It consists of a sorted part, which is taken first, and of the nodes that were pushed since that part
/// was made. When the sorted part is used up, the pushed nodes are sorted and replace it. So the nodes of a step are
/// mostly consecutive, and no node waits for others that became ready much later.
///
/// Consecutive nodes are stored as one range, because most nodes are ready from the start.
#[derive(Debug, Default)]
pub(crate) struct Ready {
    /// Sorted by node; the ranges before `next` have been taken.
    sorted: Vec<Range<NodeIx>>,
    next: usize,
    /// In the order of the calls of `push`.
    incoming: Vec<Range<NodeIx>>,
}

impl Ready {
    pub(crate) fn is_empty(&self) -> bool {
        self.next == self.sorted.len() && self.incoming.is_empty()
    }

    pub(crate) fn push(&mut self, nodes: Range<NodeIx>) {
        match self.incoming.last_mut() {
            Some(last) if last.end == nodes.start => last.end = nodes.end,
            _ => self.incoming.push(nodes),
        }
    }

    /// The first nodes, as far as they are consecutive. Empty if no node is ready.
    pub(crate) fn row(&mut self) -> Range<NodeIx> {
        if self.next == self.sorted.len() {
            self.sort_incoming();
        }
        self.sorted.get(self.next).cloned().unwrap_or(NodeIx::default()..NodeIx::default())
    }

    /// Moves up to `count` nodes to the end of `nodes`.
    pub(crate) fn take(&mut self, mut count: usize, nodes: &mut Vec<NodeIx>) {
        while count > 0 && !self.is_empty() {
            let row = self.row();
            let taken = count.min(row.end.position() - row.start.position());
            let end = row.start.plus(taken);
            nodes.extend(row.start.up_to(end));
            count -= taken;
            self.skip_to(end);
        }
    }

    /// Removes the nodes before `end` from the first range. `end` must be within the range that `row` returned.
    pub(crate) fn skip_to(&mut self, end: NodeIx) {
        if let Some(first) = self.sorted.get_mut(self.next) {
            first.start = end;
            self.next += usize::from(first.start == first.end);
        }
    }

    fn sort_incoming(&mut self) {
        (self.sorted, self.incoming, self.next) = (std::mem::take(&mut self.incoming), Vec::new(), 0);
        self.sorted.sort_unstable_by_key(|range| range.start);
        self.sorted.dedup_by(|range, before| {
            let follows = before.end == range.start;
            if follows {
                before.end = range.end;
            }
            follows
        });
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = NodeIx> {
        self.sorted[self.next..].iter().chain(&self.incoming).flat_map(|nodes| nodes.start.up_to(nodes.end))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn taken(ready: &mut Ready, count: usize) -> Vec<u32> {
        let mut nodes = Vec::new();
        ready.take(count, &mut nodes);
        numbers(nodes)
    }

    fn numbers(nodes: impl IntoIterator<Item = NodeIx>) -> Vec<u32> {
        nodes.into_iter().map(Index::number).collect()
    }

    #[test]
    fn nodes_are_taken_in_order_and_before_nodes_pushed_later() {
        let mut ready = Ready::default();
        for node in [3, 4, 5, 9, 2, 1] {
            ready.push(NodeIx::new(node)..NodeIx::new(node + 1));
        }
        assert_eq!(numbers(ready.iter()), [3, 4, 5, 9, 2, 1]);
        assert_eq!(taken(&mut ready, 2), [1, 2]);
        ready.push(NodeIx::new(0)..NodeIx::new(1));
        assert_eq!(numbers(ready.iter()), [3, 4, 5, 9, 0]);
        assert_eq!(taken(&mut ready, 3), [3, 4, 5]);
        assert!(!ready.is_empty());
        assert_eq!(taken(&mut ready, 3), [9, 0]);
        assert!(ready.is_empty() && taken(&mut ready, 1).is_empty());
    }
}
