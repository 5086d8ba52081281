//! Chooses the arcs that the order gives up, so that no cycle is left.
//!
//! A depth-first search cuts each arc that leads back to an instance on the current path. It starts from the entries, so
//! every arc from a descendant of a root back to that root is cut.
//!
//! Some arcs are of edges that are declared with `may_cut`. If the search cuts another one, it is repeated without those.
//! They are added afterwards, one by one, and each that closes a cycle is cut. So another arc is cut only if some cycle has
//! no arc that may be cut. Both steps take instances and arcs in the order in which the first search found them.

use std::ops::Range;

use crate::ids::EdgeIx;

/// An arc between two nodes of the search.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct SearchArc {
    pub(crate) parent: u32,
    pub(crate) child: u32,
    pub(crate) edge: EdgeIx,
}

/// The arcs among the nodes of a search, of which some are to be cut.
pub(crate) struct Cutting<'a> {
    /// Sorted.
    arcs: &'a [SearchArc],
    /// Where the arcs of each node start, and one end more.
    start: Vec<usize>,
    /// Whether each arc may be cut: it lies on a cycle, and its edge is declared so.
    may_cut: Vec<bool>,
    /// Whether each arc is part of the order so far.
    kept: Vec<bool>,
}

impl<'a> Cutting<'a> {
    pub(crate) fn new(count: usize, arcs: &'a [SearchArc], may_cut: impl Fn(&SearchArc) -> bool) -> Self {
        let mut start = vec![0; count + 1];
        for arc in arcs {
            start[arc.parent as usize + 1] += 1;
        }
        for node in 0..count {
            start[node + 1] += start[node];
        }
        let may_cut: Vec<bool> = arcs.iter().map(may_cut).collect();
        let kept = may_cut.iter().map(|may_cut| !may_cut).collect();
        Self { arcs, start, may_cut, kept }
    }

    /// The arcs to cut. The search starts from `entries`, the roots first.
    pub(crate) fn cut(mut self, entries: &[u32]) -> Vec<SearchArc> {
        let found = self.walk(entries.iter().copied(), |_| true);
        if !self.may_cut.contains(&true) || found.back.iter().all(|&arc| self.may_cut[arc]) {
            return found.back.into_iter().map(|arc| self.arcs[arc]).collect();
        }
        let nodes = || found.first_visits.iter().copied();
        for arc in self.walk(nodes(), |arc| self.kept[arc]).back {
            self.kept[arc] = false;
        }
        // The last node first: then the first one comes first in the order, and most arcs lead forward.
        let ended = self.walk(nodes().rev(), |arc| self.kept[arc]).ends;
        let mut ranks = Ranks::new(ended.into_iter().rev());
        for &arc in found.arcs.iter().filter(|&&arc| self.may_cut[arc]) {
            self.kept[arc] = self.add(arc, &mut ranks);
        }
        self.arcs.iter().zip(self.kept).filter(|(_, kept)| !kept).map(|(arc, _)| *arc).collect()
    }

    fn count(&self) -> usize {
        self.start.len() - 1
    }

    fn arcs_of(&self, node: usize) -> Range<usize> {
        self.start[node]..self.start[node + 1]
    }

    /// A depth-first search along the arcs that are `open`, from these nodes, then from all others. Uses its own stack
    /// instead of recursion: a chain of instances can be a million long.
    fn walk(&self, from: impl Iterator<Item = u32>, open: impl Fn(usize) -> bool) -> Walk {
        let mut walk = Walk::default();
        let mut marks = vec![Mark::Unvisited; self.count()];
        for entry in from.chain(0..self.count() as u32) {
            if marks[entry as usize] != Mark::Unvisited {
                continue;
            }
            let mut path = vec![(entry as usize, self.arcs_of(entry as usize))];
            marks[entry as usize] = Mark::OnPath;
            walk.first_visits.push(entry);
            while let Some((node, left)) = path.last_mut() {
                let Some(arc) = left.next() else {
                    marks[*node] = Mark::Finished;
                    walk.ends.push(*node as u32);
                    path.pop();
                    continue;
                };
                if !open(arc) {
                    continue;
                }
                walk.arcs.push(arc);
                let child = self.arcs[arc].child as usize;
                match marks[child] {
                    Mark::Finished => {}
                    Mark::OnPath => walk.back.push(arc),
                    Mark::Unvisited => {
                        marks[child] = Mark::OnPath;
                        walk.first_visits.push(child as u32);
                        path.push((child, self.arcs_of(child)));
                    }
                }
            }
        }
        walk
    }

    /// Whether the arc closes no cycle with those that are kept. Then it becomes part of the order, and the ranks follow it.
    fn add(&self, arc: usize, ranks: &mut Ranks) -> bool {
        let SearchArc { parent, child, .. } = self.arcs[arc];
        let (first, last) = (ranks.of(child), ranks.of(parent));
        if last < first {
            return true;
        }
        ranks.start_search(child);
        let mut to_visit = vec![child];
        while let Some(node) = to_visit.pop() {
            for arc in self.arcs_of(node as usize).filter(|&arc| self.kept[arc]) {
                let next = self.arcs[arc].child;
                if next == parent {
                    return false;
                }
                if ranks.of(next) < last && ranks.reach(next) {
                    to_visit.push(next);
                }
            }
        }
        ranks.move_back(first..last + 1);
        true
    }
}

/// The result of a depth-first search.
#[derive(Default)]
struct Walk {
    /// The nodes, in the order in which they were reached.
    first_visits: Vec<u32>,
    /// The nodes, in the order in which the search left them.
    ends: Vec<u32>,
    /// The arcs, in the order in which the search followed them.
    arcs: Vec<usize>,
    /// The arcs that lead back to a node on the path.
    back: Vec<usize>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Mark {
    Unvisited,
    OnPath,
    Finished,
}

/// An order of all nodes in which each kept arc leads from a lower rank to a higher one.
struct Ranks {
    /// By rank.
    nodes: Vec<u32>,
    /// By node.
    rank_of: Vec<usize>,
    /// For each node, the number of the last search that reached it.
    reached: Vec<u32>,
    search: u32,
}

impl Ranks {
    fn new(nodes: impl Iterator<Item = u32>) -> Self {
        let nodes: Vec<u32> = nodes.collect();
        let mut rank_of = vec![0; nodes.len()];
        for (rank, &node) in nodes.iter().enumerate() {
            rank_of[node as usize] = rank;
        }
        let reached = vec![0; nodes.len()];
        Self { nodes, rank_of, reached, search: 0 }
    }

    fn of(&self, node: u32) -> usize {
        self.rank_of[node as usize]
    }

    fn start_search(&mut self, from: u32) {
        self.search += 1;
        self.reach(from);
    }

    /// Whether the search had not reached the node before.
    fn reach(&mut self, node: u32) -> bool {
        std::mem::replace(&mut self.reached[node as usize], self.search) != self.search
    }

    /// Moves the reached ones of the nodes with these ranks behind the others of these.
    fn move_back(&mut self, ranks: Range<usize>) {
        let is_reached = |node: &u32| self.reached[*node as usize] == self.search;
        let (moved, kept): (Vec<u32>, Vec<u32>) =
            self.nodes[ranks.clone()].iter().copied().partition(is_reached);
        for (rank, node) in ranks.zip(kept.into_iter().chain(moved)) {
            self.nodes[rank] = node;
            self.rank_of[node as usize] = rank;
        }
    }
}
