//! The instances that are ready for one step kind.

use std::ops::Range;

/// A queue of nodes. It consists of a sorted part, which is taken first, and of the nodes that were pushed since that part
/// was made. When the sorted part is used up, the pushed nodes are sorted and replace it. So the nodes of a step are
/// mostly consecutive, and no node waits for others that became ready much later.
///
/// Consecutive nodes are stored as one range, because most nodes are ready from the start.
#[derive(Debug, Default)]
pub(crate) struct Ready {
    /// Sorted by node; the ranges before `next` have been taken.
    sorted: Vec<Range<u32>>,
    next: usize,
    /// In the order of the calls of `push`.
    incoming: Vec<Range<u32>>,
}

impl Ready {
    pub(crate) fn is_empty(&self) -> bool {
        self.next == self.sorted.len() && self.incoming.is_empty()
    }

    pub(crate) fn push(&mut self, nodes: Range<u32>) {
        match self.incoming.last_mut() {
            Some(last) if last.end == nodes.start => last.end = nodes.end,
            _ => self.incoming.push(nodes),
        }
    }

    /// The first nodes, as far as they are consecutive. Empty if no node is ready.
    pub(crate) fn row(&mut self) -> Range<u32> {
        if self.next == self.sorted.len() {
            self.sort_incoming();
        }
        self.sorted.get(self.next).cloned().unwrap_or_default()
    }

    /// Moves up to `count` nodes to the end of `nodes`.
    pub(crate) fn take(&mut self, mut count: usize, nodes: &mut Vec<u32>) {
        while count > 0 && !self.is_empty() {
            let row = self.row();
            let part =
                row.start..row.end.min(row.start.saturating_add(u32::try_from(count).unwrap_or(u32::MAX)));
            nodes.extend(part.clone());
            count -= part.len();
            self.skip_to(part.end);
        }
    }

    /// Removes the nodes before `end` from the first range. `end` must be within the range that `row` returned.
    pub(crate) fn skip_to(&mut self, end: u32) {
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

    pub(crate) fn iter(&self) -> impl Iterator<Item = u32> {
        self.sorted[self.next..].iter().chain(&self.incoming).cloned().flatten()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn taken(ready: &mut Ready, count: usize) -> Vec<u32> {
        let mut nodes = Vec::new();
        ready.take(count, &mut nodes);
        nodes
    }

    #[test]
    fn nodes_are_taken_in_order_and_before_nodes_pushed_later() {
        let mut ready = Ready::default();
        for node in [3, 4, 5, 9, 2, 1] {
            ready.push(node..node + 1);
        }
        assert_eq!(ready.iter().collect::<Vec<_>>(), [3, 4, 5, 9, 2, 1]);
        assert_eq!(taken(&mut ready, 2), [1, 2]);
        ready.push(0..1);
        assert_eq!(ready.iter().collect::<Vec<_>>(), [3, 4, 5, 9, 0]);
        assert_eq!(taken(&mut ready, 3), [3, 4, 5]);
        assert!(!ready.is_empty());
        assert_eq!(taken(&mut ready, 3), [9, 0]);
        assert!(ready.is_empty() && taken(&mut ready, 1).is_empty());
    }
}
