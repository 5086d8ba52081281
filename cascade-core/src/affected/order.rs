//! The order of instances: what must end before what may start.
//!
//! Nodes are the instances, and behind them some that stand between: one for each block of children that hang off the
//! same parents and one for each `after`, so that many and many cost their sum and not their product; and, in the order
//! of effects, one for the end of each instance that a parent's end takes.

use std::collections::{HashSet, VecDeque};
use std::sync::Arc;

use super::affected::{Affected, CutArc};
use super::arcs::Block;
use super::with_parent::WithParentEdges;
use crate::graph::{Reach, components};
use crate::ids::{DenseMap, NOTHING};

/// For each node, the nodes that wait for it.
#[derive(Debug)]
pub(crate) struct Order {
    nodes: usize,
    /// For each resource its first node, and behind the last one the number of instances.
    base: Vec<u32>,
    /// For each resource, what its instances hang off along plain edges.
    plain: Vec<Vec<Plain>>,
    /// Where the other followers of each node start; empty where there are none at all.
    start: Vec<u32>,
    followers: Vec<u32>,
}

/// An edge whose arcs are in the order as they are, each child with one parent at most: they need no list of their own.
#[derive(Debug)]
struct Plain {
    /// By child.
    parents: Arc<DenseMap>,
    first_child: u32,
    first_parent: u32,
}

impl Plain {
    /// What the instance of that node hangs off.
    fn parent(&self, node: u32) -> Option<u32> {
        let parent = self.parents.get(u64::from(node - self.first_child));
        (parent != NOTHING).then(|| self.first_parent + parent)
    }
}

impl Order {
    /// Every instance after all that hang off it; and for each node, for how many others it waits.
    pub(crate) fn children_first(affected: &Affected) -> (Self, Vec<u32>) {
        Self::with_plain(Nodes::instances(affected))
    }

    /// The same for effects, where an instance that a parent's end takes ends with that: its other parents, and what
    /// comes after it, wait for those that take it too.
    pub(crate) fn effects(affected: &Affected) -> (Self, Vec<u32>) {
        Self::with_plain(Nodes::with_ends(affected))
    }

    /// Every instance after all that it hangs off; and for each node, for how many others it waits.
    pub(crate) fn parents_first(affected: &Affected) -> (Self, Vec<u32>) {
        Self::new(&Nodes::instances(affected), |first, then| (then, first))
    }

    fn with_plain(mut nodes: Nodes<'_>) -> (Self, Vec<u32>) {
        nodes.is_plain = (0..nodes.affected.graph.edges.len()).map(|edge| nodes.is_plain(edge)).collect();
        let (mut order, mut waits_for) = Self::new(&nodes, |first, then| (first, then));
        let Affected { graph, arcs, base, .. } = nodes.affected;
        for (edge, arcs) in
            graph.edges.iter().zip(arcs).zip(&nodes.is_plain).filter_map(|(it, plain)| plain.then_some(it))
        {
            let Some(parents) = arcs.only_parents() else { continue };
            let (first_child, first_parent) = (base[edge.child], base[edge.parent]);
            for parent in parents.values().filter(|&parent| parent != NOTHING) {
                waits_for[(first_parent + parent) as usize] += 1;
            }
            order.plain[edge.child].push(Plain { parents: Arc::clone(parents), first_child, first_parent });
        }
        (order, waits_for)
    }

    /// Of all arcs that are not plain.
    fn new(nodes: &Nodes<'_>, direct: impl Fn(u32, u32) -> (u32, u32)) -> (Self, Vec<u32>) {
        let count = nodes.count as usize;
        let base = nodes.affected.base.clone();
        let plain = base.iter().map(|_| Vec::new()).collect();
        let mut waits_for = vec![0_u32; count];
        let (mut start, mut followers) = (Vec::new(), Vec::new());
        if nodes.has_arcs() {
            start.resize(count + 1, 0_u32);
            nodes.each_arc(|first, then| {
                let (first, then) = direct(first, then);
                start[first as usize + 1] += 1;
                waits_for[then as usize] += 1;
            });
            for node in 0..count {
                start[node + 1] += start[node];
            }
            // Each start is moved on while its followers are filled in, and so ends where the next one began.
            followers.resize(start[count] as usize, 0);
            nodes.each_arc(|first, then| {
                let (first, then) = direct(first, then);
                let next = &mut start[first as usize];
                followers[*next as usize] = then;
                *next += 1;
            });
            start.copy_within(..count, 1);
            start[0] = 0;
        }
        (Self { nodes: count, base, plain, start, followers }, waits_for)
    }

    /// The nodes that wait for `node`.
    pub(crate) fn followers(&self, node: u32) -> impl Iterator<Item = u32> {
        let resource = self.base.partition_point(|&first| first <= node) - 1;
        let along = move |plain: &Plain| plain.parent(node);
        self.plain[resource].iter().filter_map(along).chain(self.listed(node).iter().copied())
    }

    /// Tells of all that wait for any of `nodes`, and for how many of them: one after the other, some of them in several
    /// parts. The nodes are instances of that resource, or none: it has the number behind the last one then.
    pub(crate) fn tell_followers(&self, resource: usize, nodes: &[u32], mut tell: impl FnMut(u32, u32)) {
        for plain in &self.plain[resource] {
            // Those that hang off the same parent mostly come one after the other.
            let (mut last, mut count) = (NOTHING, 0);
            let mut tell_last = |last: u32, count| {
                if last != NOTHING {
                    tell(plain.first_parent + last, count);
                }
            };
            for &node in nodes {
                let parent = plain.parents.get(u64::from(node - plain.first_child));
                if parent == last {
                    count += 1;
                } else {
                    tell_last(last, count);
                    (last, count) = (parent, 1);
                }
            }
            tell_last(last, count);
        }
        if !self.start.is_empty() {
            for &node in nodes {
                self.listed(node).iter().for_each(|&follower| tell(follower, 1));
            }
        }
    }

    /// The followers of a node that are listed.
    fn listed(&self, node: u32) -> &[u32] {
        match self.start.get(node as usize..node as usize + 2) {
            Some(&[from, to]) => &self.followers[from as usize..to as usize],
            _ => &[],
        }
    }

    /// The instances (nodes below `instances`) that wait for any of `nodes`, directly or through others, the nearest
    /// first.
    pub(crate) fn all_followers(&self, nodes: &[u32], instances: usize) -> Vec<u32> {
        let mut seen: HashSet<u32> = nodes.iter().copied().collect();
        let mut open: VecDeque<u32> = nodes.iter().copied().collect();
        let mut found = Vec::new();
        while let Some(node) = open.pop_front() {
            for follower in self.followers(node) {
                if seen.insert(follower) {
                    open.push_back(follower);
                    found.extend(((follower as usize) < instances).then_some(follower));
                }
            }
        }
        found
    }

    pub(crate) fn nodes(&self) -> usize {
        self.nodes
    }
}

/// The waits for the end of an instance, along arcs from a parent that does not take it, that lie on a circle: what takes
/// the instance waits for that parent in turn.
pub(crate) fn circular_ends(affected: &Affected) -> Vec<CutArc> {
    if affected.taken.is_empty()
        || !affected.route.completion_waits_may_cycle(&affected.graph).contains(&true)
    {
        return Vec::new();
    }
    let nodes = Nodes::with_ends(affected);
    let group_of = groups(&Order::new(&nodes, |first, then| (first, then)).0);
    let mut circular = Vec::new();
    for (index, (edge, arcs)) in affected.graph.edges.iter().zip(&affected.arcs).enumerate() {
        for (parent, child) in arcs.pairs() {
            let arc = CutArc { edge: index, parent, child };
            let Some(end) = nodes.end_of(affected.node(edge.child, child)) else { continue };
            let waits_for_end = nodes.is_ordered(arc) && !nodes.taking.takes(index, child);
            if waits_for_end
                && group_of[end as usize] == group_of[affected.node(edge.parent, parent) as usize]
            {
                circular.push(arc);
            }
        }
    }
    circular.sort_unstable();
    circular.dedup();
    circular
}

/// For each node the number of its group: those in a group wait for each other.
fn groups(order: &Order) -> Vec<u32> {
    let nodes = 0..order.nodes() as u32;
    let waits: Vec<_> =
        nodes.flat_map(|node| order.followers(node).map(move |follower| (node, follower))).collect();
    components(order.nodes(), &waits)
}

/// How the nodes are numbered: the instances, the blocks, what takes each block, the `after`s, the ends.
struct Nodes<'a> {
    affected: &'a Affected,
    taking: WithParentEdges,
    first_block: u32,
    first_taker: u32,
    first_after: u32,
    first_end: u32,
    count: u32,
    with_ends: bool,
    /// The edges whose arcs are not told, by their index; empty where all are.
    is_plain: Vec<bool>,
}

impl<'a> Nodes<'a> {
    fn instances(affected: &'a Affected) -> Self {
        Self::new(affected, false)
    }

    fn with_ends(affected: &'a Affected) -> Self {
        Self::new(affected, !affected.taken.is_empty())
    }

    fn new(affected: &'a Affected, with_ends: bool) -> Self {
        let blocks: usize = affected.arcs.iter().map(|arcs| arcs.blocks.len()).sum();
        let afters: usize = affected.graph.resources.iter().map(|resource| resource.after.len()).sum();
        let (takers, ends) = if with_ends { (blocks, affected.taken.len()) } else { (0, 0) };
        let first_block = affected.nodes() as u32;
        let first_taker = first_block + blocks as u32;
        let first_after = first_taker + takers as u32;
        let first_end = first_after + afters as u32;
        let count = first_end + ends as u32;
        let taking = if with_ends { WithParentEdges::of(affected) } else { WithParentEdges::default() };
        let is_plain = Vec::new();
        Self {
            affected,
            taking,
            first_block,
            first_taker,
            first_after,
            first_end,
            count,
            with_ends,
            is_plain,
        }
    }

    /// Whether every arc along an edge is in the order, from the child itself to its only parent.
    fn is_plain(&self, edge: usize) -> bool {
        let Affected { graph, route, arcs, cut, taken, base, .. } = self.affected;
        let child = graph.edges[edge].child;
        let are_affected = route.edges[edge]
            .is_some_and(|route| matches!(route.reach, Reach::Effect { .. }) && !route.shared);
        let is_cut = || cut.iter().any(|cut| cut.edge == edge);
        let has_ends = || {
            let first = taken.partition_point(|&node| node < base[child]);
            self.with_ends && taken.get(first).is_some_and(|&node| node < base[child + 1])
        };
        are_affected && arcs[edge].only_parents().is_some() && !is_cut() && !has_ends()
    }

    /// Whether there is any arc that is to be told.
    fn has_arcs(&self) -> bool {
        let mut edges = self.affected.arcs.iter().enumerate();
        edges.any(|(edge, arcs)| !arcs.is_empty() && !self.is_told_as_plain(edge))
            || self.first_after < self.first_end
            || self.with_ends
    }

    fn is_told_as_plain(&self, edge: usize) -> bool {
        self.is_plain.get(edge).copied().unwrap_or(false)
    }

    /// The node for the end of an instance that is taken.
    fn end_of(&self, node: u32) -> Option<u32> {
        if !self.with_ends {
            return None;
        }
        let at = self.affected.taken.binary_search(&node).ok()?;
        Some(self.first_end + at as u32)
    }

    fn end_or_self(&self, node: u32) -> u32 {
        self.end_of(node).unwrap_or(node)
    }

    /// Whether the arc is in the order: the parent waits for the child, if that is affected at all.
    fn is_ordered(&self, arc: CutArc) -> bool {
        let Affected { graph, route, columns, cut, .. } = self.affected;
        route.orders(arc.edge, || columns[graph.edges[arc.edge].child].is_affected(arc.child))
            && (cut.is_empty() || cut.binary_search(&arc).is_err())
    }

    /// Every arc of the order that is not plain, as what ends first and what waits for it.
    fn each_arc(&self, mut visit: impl FnMut(u32, u32)) {
        let affected = self.affected;
        let (mut block, mut taker) = (self.first_block, self.first_taker);
        for (index, (edge, arcs)) in affected.graph.edges.iter().zip(&affected.arcs).enumerate() {
            let (child_base, parent_base) = (affected.base[edge.child], affected.base[edge.parent]);
            if self.is_told_as_plain(index) {
                continue;
            }
            for (parent, child) in arcs.pairs() {
                let arc = CutArc { edge: index, parent, child };
                if self.is_ordered(arc) {
                    self.pair(arc, (parent_base + parent, child_base + child), &mut visit);
                }
            }
            for members in &arcs.blocks {
                self.block(index, members, (block, taker), &mut visit);
                block += 1;
                taker += u32::from(self.with_ends);
            }
        }
        self.afters(&mut visit);
        if self.with_ends {
            (self.first_end..).zip(&affected.taken).for_each(|(end, &node)| visit(node, end));
        }
    }

    fn pair(&self, arc: CutArc, (parent, child): (u32, u32), mut visit: impl FnMut(u32, u32)) {
        let Some(end) = self.end_of(child) else { return visit(child, parent) };
        if self.taking.takes(arc.edge, arc.child) {
            visit(child, parent);
            visit(self.end_or_self(parent), end);
        } else if self.affected.circular_ends.binary_search(&arc).is_ok() {
            visit(child, parent);
        } else {
            visit(end, parent);
        }
    }

    /// `between` stands between children and parents, `takers` between the parents and what their end takes.
    fn block(
        &self,
        edge: usize,
        Block { parents, children }: &Block,
        (between, takers): (u32, u32),
        mut visit: impl FnMut(u32, u32),
    ) {
        let affected = self.affected;
        let (above, below) = (affected.graph.edges[edge].parent, affected.graph.edges[edge].child);
        let column = &affected.columns[below];
        let mut takes_any = false;
        for &child in
            children.iter().filter(|&&child| affected.route.orders(edge, || column.is_affected(child)))
        {
            let node = affected.node(below, child);
            match self.end_of(node) {
                None => visit(node, between),
                Some(end) if self.taking.takes(edge, child) => {
                    visit(node, between);
                    visit(takers, end);
                    takes_any = true;
                }
                Some(end) => visit(end, between),
            }
        }
        for &parent in parents {
            visit(between, affected.node(above, parent));
            if takes_any {
                visit(self.end_or_self(affected.node(above, parent)), takers);
            }
        }
    }

    fn afters(&self, mut visit: impl FnMut(u32, u32)) {
        let affected = self.affected;
        let mut between = self.first_after;
        for (resource, node) in affected.graph.resources.iter().enumerate() {
            for &first in &node.after {
                let ends =
                    affected.instances(first).map(|index| self.end_or_self(affected.node(first, index)));
                ends.for_each(|end| visit(end, between));
                affected.instances(resource).for_each(|index| visit(between, affected.node(resource, index)));
                between += 1;
            }
        }
    }
}
