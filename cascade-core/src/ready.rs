//! The instances that are ready for one slot, in the order they became so.

use std::collections::VecDeque;
use std::ops::Range;

/// A queue of nodes. Those that follow each other are kept as one range: mostly a resource's instances become ready in
/// the order of their indices, and most are ready from the start.
#[derive(Debug, Default)]
pub(crate) struct Ready(VecDeque<Range<u32>>);

impl Ready {
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(crate) fn push(&mut self, node: u32) {
        match self.0.back_mut() {
            Some(last) if last.end == node => last.end += 1,
            _ => self.0.push_back(node..node + 1),
        }
    }

    /// Moves up to `count` nodes from the front to `nodes`.
    pub(crate) fn take(&mut self, mut count: usize, nodes: &mut Vec<u32>) {
        while count > 0
            && let Some(first) = self.0.front_mut()
        {
            let taken = count.min(first.len());
            let rest = first.start + taken as u32;
            nodes.extend(first.start..rest);
            first.start = rest;
            count -= taken;
            if first.start == first.end {
                self.0.pop_front();
            }
        }
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = u32> {
        self.0.iter().cloned().flatten()
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
    fn nodes_come_out_in_the_order_they_went_in() {
        let mut ready = Ready::default();
        for node in [3, 4, 5, 9, 2, 3] {
            ready.push(node);
        }
        assert_eq!(ready.iter().collect::<Vec<_>>(), [3, 4, 5, 9, 2, 3]);
        assert_eq!(taken(&mut ready, 2), [3, 4]);
        assert_eq!(taken(&mut ready, 3), [5, 9, 2]);
        assert!(!ready.is_empty());
        assert_eq!(taken(&mut ready, 3), [3]);
        assert!(ready.is_empty() && taken(&mut ready, 1).is_empty());
    }
}
