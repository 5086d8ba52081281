//! The instances that are ready for one kind.

use std::ops::Range;

/// A queue of nodes. What has come since the last time it was empty is taken in the order of the nodes: so the
/// instances of a step mostly stand in a row, and each comes before those that became ready much later.
///
/// Nodes that follow each other are kept as one range: most are ready from the start.
#[derive(Debug, Default)]
pub(crate) struct Ready {
    /// In the order of their nodes; those before `next` have been taken.
    sorted: Vec<Range<u32>>,
    next: usize,
    /// In the order they came.
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

    /// The first nodes, as far as they stand in a row: empty where there are none.
    pub(crate) fn row(&mut self) -> Range<u32> {
        if self.next == self.sorted.len() {
            self.sort_incoming();
        }
        self.sorted.get(self.next).cloned().unwrap_or_default()
    }

    /// Moves up to `count` nodes to `nodes`.
    pub(crate) fn take(&mut self, mut count: usize, nodes: &mut Vec<u32>) {
        while count > 0 && !self.is_empty() {
            let row = self.row();
            let taken =
                row.start..row.end.min(row.start.saturating_add(u32::try_from(count).unwrap_or(u32::MAX)));
            nodes.extend(taken.clone());
            count -= taken.len();
            self.skip_to(taken.end);
        }
    }

    /// Takes the nodes of the first row up to `end`.
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
    fn nodes_come_out_in_their_order_and_before_those_that_come_later() {
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
