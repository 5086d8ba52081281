//! The order of instances: what must end before what may start.
//!
//! Nodes are the instances, and behind them some that stand between many and many, so that these cost their sum and not
//! their product: one for each block of children that hang off the same parents, and one for each `after`.

use std::collections::{HashSet, VecDeque};
use std::ops::Range;

use crate::affected::{Affected, CutArc};

/// For each node, the nodes that wait for it.
#[derive(Debug)]
pub(crate) struct Order {
    start: Vec<u32>,
    followers: Vec<u32>,
}

impl Order {
    /// Every instance after all that hang off it; and for each node, for how many others it waits.
    pub(crate) fn children_first(affected: &Affected) -> (Self, Vec<u32>) {
        Self::new(affected, |child, parent| (child, parent))
    }

    /// Every instance after all that it hangs off; and for each node, for how many others it waits.
    pub(crate) fn parents_first(affected: &Affected) -> (Self, Vec<u32>) {
        Self::new(affected, |child, parent| (parent, child))
    }

    fn new(affected: &Affected, direct: impl Fn(u32, u32) -> (u32, u32)) -> (Self, Vec<u32>) {
        let afters: usize = affected.graph.resources.iter().map(|resource| resource.after.len()).sum();
        let blocks: usize = affected.arcs.iter().map(|arcs| arcs.blocks.len()).sum();
        let nodes = affected.nodes() + blocks + afters;
        let mut start = vec![0_u32; nodes + 1];
        let mut waits_for = vec![0_u32; nodes];
        each_arc(affected, |child, parent| {
            let (first, then) = direct(child, parent);
            start[first as usize + 1] += 1;
            waits_for[then as usize] += 1;
        });
        for node in 0..nodes {
            start[node + 1] += start[node];
        }
        // Each start is moved on while its followers are filled in, and so ends where the next one began.
        let mut followers = vec![0; start[nodes] as usize];
        each_arc(affected, |child, parent| {
            let (first, then) = direct(child, parent);
            let next = &mut start[first as usize];
            followers[*next as usize] = then;
            *next += 1;
        });
        start.copy_within(..nodes, 1);
        start[0] = 0;
        (Self { start, followers }, waits_for)
    }

    /// The nodes that wait for `node`.
    pub(crate) fn followers(&self, node: u32) -> &[u32] {
        &self.followers[self.positions(node)]
    }

    /// Where those that wait for `node` stand.
    pub(crate) fn positions(&self, node: u32) -> Range<usize> {
        self.start[node as usize] as usize..self.start[node as usize + 1] as usize
    }

    pub(crate) fn follower(&self, position: usize) -> u32 {
        self.followers[position]
    }

    /// The instances (nodes below `instances`) that wait for `node` directly, or through the nodes between many and many.
    pub(crate) fn instances_after(&self, node: u32, instances: usize) -> impl Iterator<Item = u32> {
        let is_instance = move |node: &u32| (*node as usize) < instances;
        let (direct, between): (Vec<u32>, Vec<u32>) =
            self.followers(node).iter().partition(|node| is_instance(node));
        let beyond = between.into_iter().flat_map(|node| self.followers(node).iter().copied());
        direct.into_iter().chain(beyond.filter(move |node| is_instance(node)))
    }

    /// The instances (nodes below `instances`) that wait for any of `nodes`, directly or through others, the nearest
    /// first.
    pub(crate) fn all_followers(&self, nodes: &[u32], instances: usize) -> Vec<u32> {
        let mut seen: HashSet<u32> = nodes.iter().copied().collect();
        let mut open: VecDeque<u32> = nodes.iter().copied().collect();
        let mut found = Vec::new();
        while let Some(node) = open.pop_front() {
            for &follower in self.followers(node) {
                if seen.insert(follower) {
                    open.push_back(follower);
                    found.extend(((follower as usize) < instances).then_some(follower));
                }
            }
        }
        found
    }

    pub(crate) fn nodes(&self) -> usize {
        self.start.len() - 1
    }
}

/// Every arc of the order as what ends first and what waits for it, those that were cut left out.
fn each_arc(affected: &Affected, mut visit: impl FnMut(u32, u32)) {
    let mut between = affected.nodes() as u32;
    for (index, (edge, arcs)) in affected.graph.edges.iter().zip(&affected.arcs).enumerate() {
        let is_cut = |parent: u32, child: u32| {
            !affected.cut.is_empty()
                && affected.cut.binary_search(&CutArc { edge: index, parent, child }).is_ok()
        };
        let children = &affected.columns[edge.child];
        let ordered = |child: u32| affected.route.orders(index, children, child);
        let (child_base, parent_base) = (affected.base[edge.child], affected.base[edge.parent]);
        for &(parent, child) in &arcs.pairs {
            if ordered(child) && !is_cut(parent, child) {
                visit(child_base + child, parent_base + parent);
            }
        }
        for block in &arcs.blocks {
            for &child in block.children.iter().filter(|&&child| ordered(child)) {
                visit(affected.node(edge.child, child), between);
            }
            for &parent in &block.parents {
                visit(between, affected.node(edge.parent, parent));
            }
            between += 1;
        }
    }
    for (resource, node) in affected.graph.resources.iter().enumerate() {
        for &first in &node.after {
            affected.instances(first).for_each(|index| visit(affected.node(first, index), between));
            affected.instances(resource).for_each(|index| visit(between, affected.node(resource, index)));
            between += 1;
        }
    }
}
