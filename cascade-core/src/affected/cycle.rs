//! Cycles of instances: which arcs close them.
//!
//! A depth-first walk goes down from the roots and from what was reached from outside, in the order of resources and
//! ids, and cuts each arc that leads back to an instance it is still below. So the cut depends neither on the link
//! order nor on the order of answers, and no arc into a root survives from below that root.

use std::collections::BTreeSet;

use super::affected::{Column, CutArc};
use super::arcs::Arcs;
use crate::graph::{Graph, Group, Route};

/// The arcs that close cycles, sorted.
pub(crate) fn closing_arcs(
    graph: &Graph,
    columns: &[Column],
    arcs: &[Arcs],
    route: &Route,
    roots: u32,
) -> Vec<CutArc> {
    let groups = route.groups(graph);
    let cyclic = groups.iter().filter(|group| group.cyclic);
    let mut cut: Vec<CutArc> =
        cyclic.flat_map(|group| CycleSearch::new(graph, columns, arcs, group, route, roots).cut()).collect();
    cut.sort_unstable();
    cut
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Mark {
    Unseen,
    Open,
    Closed,
}

/// The walk over one group. Its nodes are numbered by resource and id, so that their order is a fixed one.
struct CycleSearch {
    /// For each node, the resource and the index.
    instances: Vec<(usize, u32)>,
    /// The arcs of each node, by child: child and edge.
    start: Vec<usize>,
    arcs: Vec<(u32, usize)>,
    entries: Vec<u32>,
}

impl CycleSearch {
    fn new(
        graph: &Graph,
        columns: &[Column],
        arcs: &[Arcs],
        group: &Group,
        route: &Route,
        roots: u32,
    ) -> Self {
        let mut instances = Vec::new();
        let mut numbers: Vec<Vec<u32>> = vec![Vec::new(); columns.len()];
        for &resource in &group.resources {
            numbers[resource] = vec![0; columns[resource].len()];
            for index in columns[resource].ids.sorted() {
                numbers[resource][index as usize] = instances.len() as u32;
                instances.push((resource, index));
            }
        }
        let inside = |resource: usize| group.resources.contains(&resource);
        let mut found: Vec<(u32, u32, usize)> = Vec::new();
        let mut entries: BTreeSet<(bool, u32)> = BTreeSet::new();
        for (index, edge) in graph.edges.iter().enumerate().filter(|(_, edge)| inside(edge.child)) {
            let child_number = |child: u32| numbers[edge.child][child as usize];
            if inside(edge.parent) {
                let parent_number = |parent: u32| numbers[edge.parent][parent as usize];
                let ordered = |child: u32| route.orders(index, || columns[edge.child].is_affected(child));
                let pairs = arcs[index].pairs().filter(|&(_, child)| ordered(child));
                found
                    .extend(pairs.map(|(parent, child)| (parent_number(parent), child_number(child), index)));
            } else {
                let children = arcs[index].pairs().map(|(_, child)| child);
                let in_blocks = arcs[index].blocks.iter().flat_map(|block| block.children.iter().copied());
                entries.extend(children.chain(in_blocks).map(|child| (true, child_number(child))));
            }
        }
        if inside(route.root) {
            entries.extend((0..roots).map(|index| (false, numbers[route.root][index as usize])));
        }
        found.sort_unstable();
        found.dedup();
        let mut start = vec![0; instances.len() + 1];
        for &(parent, ..) in &found {
            start[parent as usize + 1] += 1;
        }
        for node in 0..instances.len() {
            start[node + 1] += start[node];
        }
        Self {
            instances,
            start,
            arcs: found.into_iter().map(|(_, child, edge)| (child, edge)).collect(),
            // Roots come first.
            entries: entries.into_iter().map(|(_, node)| node).collect(),
        }
    }

    fn cut(&self) -> Vec<CutArc> {
        let mut marks = vec![Mark::Unseen; self.instances.len()];
        let mut cut = Vec::new();
        for &entry in &self.entries {
            if marks[entry as usize] == Mark::Unseen {
                self.walk_from(entry, &mut marks, &mut cut);
            }
        }
        cut
    }

    /// A stack of our own: chains of instances can be a million long.
    fn walk_from(&self, entry: u32, marks: &mut [Mark], cut: &mut Vec<CutArc>) {
        marks[entry as usize] = Mark::Open;
        let mut path = vec![(entry, self.start[entry as usize])];
        while let Some((node, next)) = path.last_mut() {
            let node = *node as usize;
            if *next == self.start[node + 1] {
                marks[node] = Mark::Closed;
                path.pop();
                continue;
            }
            let (child, edge) = self.arcs[*next];
            *next += 1;
            match marks[child as usize] {
                Mark::Closed => {}
                Mark::Unseen => {
                    marks[child as usize] = Mark::Open;
                    path.push((child, self.start[child as usize]));
                }
                Mark::Open => cut.push(CutArc {
                    edge,
                    parent: self.instances[node].1,
                    child: self.instances[child as usize].1,
                }),
            }
        }
    }
}
