//! The order of instances: which nodes wait for which.
//!
//! The first nodes are the instances. Helper nodes follow. One for each block and one for each `after` stands between
//! the two sides, so that `m` nodes that wait for `n` others need `m + n` arcs instead of `m * n`. In the order of
//! effects, each instance that is removed with a parent has an end node besides its own: its own node ends when all
//! that depends on the instance has ended, the end node when the parents have ended too.
//! An instance with early effects has an early node, too, and the own node of the instance waits for it. Its cycle has a
//! node that ends when everything outside the cycle has ended that any instance of the cycle waits for. The early nodes
//! wait for it.

use std::collections::{HashSet, VecDeque};
use std::sync::Arc;

use super::affected::Affected;
use super::arc_ref::ArcRef;
use super::arcs::Block;
use super::node_ranges::NodeRanges;
use super::with_parent::WithParentEdges;
use crate::graph::{Reach, components};
use crate::ids::{DenseMap, EdgeIx, Index, Indexed, InstanceIx, NodeIx, PackedOption, ResourceIx};

/// For each node, the nodes that wait for it.
#[derive(Debug)]
pub(crate) struct Order {
    nodes: usize,
    base: NodeRanges,
    /// The plain edges of each resource to its parents; as the last entry, the empty list of the helper nodes.
    plain: Indexed<ResourceIx, Vec<PlainEdge>>,
    /// Where the listed followers of each node start in `followers`; empty if there are none.
    start: Vec<u32>,
    /// The followers along all edges that are not plain.
    followers: Vec<NodeIx>,
}

/// An edge along which each child has at most one parent, which waits for the child. Its arcs need no list of
/// followers: they are read from the affected set.
#[derive(Debug)]
struct PlainEdge {
    /// The index of the parent, by the index of the child.
    parents: Arc<DenseMap>,
    first_child: NodeIx,
    first_parent: NodeIx,
}

impl PlainEdge {
    /// The node of the parent of that node.
    fn parent(&self, node: NodeIx) -> Option<NodeIx> {
        self.parent_index(node).get().map(|parent| parent.node(self.first_parent))
    }

    /// The parent of the instance with that node, by its index.
    fn parent_index(&self, node: NodeIx) -> PackedOption<InstanceIx> {
        self.parents.get(node.instance(self.first_child).number().into())
    }
}

impl Order {
    /// Each instance waits for all that depend on it. Also returns, for each node, how many others it waits for.
    pub(crate) fn children_first(affected: &Affected) -> (Self, Vec<u32>) {
        Self::with_plain(Nodes::instances(affected))
    }

    /// Like [`children_first`](Self::children_first), with end nodes: an instance that is removed with a parent ends
    /// when that parent has ended. Its other parents, and everything that is declared `after` it, wait for that end.
    pub(crate) fn effects(affected: &Affected) -> (Self, Vec<u32>) {
        Self::with_plain(Nodes::with_ends(affected))
    }

    /// Each instance waits for all that it depends on. Also returns, for each node, how many others it waits for.
    pub(crate) fn parents_first(affected: &Affected) -> (Self, Vec<u32>) {
        Self::new(&Nodes::instances(affected), |first, then| (then, first))
    }

    fn with_plain(mut nodes: Nodes<'_>) -> (Self, Vec<u32>) {
        nodes.is_plain = nodes.affected.graph.edges.indices().map(|edge| nodes.is_plain(edge)).collect();
        let (mut order, mut waits_for) = Self::new(&nodes, |first, then| (first, then));
        let Affected { graph, arcs, base, .. } = nodes.affected;
        for (edge, arcs) in
            graph.edges.iter().zip(arcs).zip(&nodes.is_plain).filter_map(|(it, plain)| plain.then_some(it))
        {
            let Some(parents) = arcs.only_parents() else { continue };
            let (first_child, first_parent) = (base.first(edge.child), base.first(edge.parent));
            for parent in parents.values().filter_map(PackedOption::get) {
                waits_for[parent.node(first_parent).position()] += 1;
            }
            order.plain[edge.child].push(PlainEdge {
                parents: Arc::clone(parents),
                first_child,
                first_parent,
            });
        }
        (order, waits_for)
    }

    /// The order of all arcs that are not plain. `orient` gets the child and the parent of an arc, and returns first
    /// the node that ends first, then the one that waits for it.
    fn new(nodes: &Nodes<'_>, orient: impl Fn(NodeIx, NodeIx) -> (NodeIx, NodeIx)) -> (Self, Vec<u32>) {
        let count = nodes.count;
        let base = nodes.affected.base.clone();
        let plain = std::iter::repeat_with(Vec::new).take(base.resources() + 1).collect();
        let mut waits_for = vec![0_u32; count];
        let (mut start, mut followers) = (Vec::new(), Vec::new());
        if nodes.has_arcs() {
            start.resize(count + 1, 0_u32);
            nodes.each_arc(|first, then| {
                let (first, then) = orient(first, then);
                start[first.position() + 1] += 1;
                waits_for[then.position()] += 1;
            });
            for node in 0..count {
                start[node + 1] += start[node];
            }
            // Filling in the followers moves each start to the start of the next node. The shift by one restores them.
            followers.resize(start[count] as usize, NodeIx::default());
            nodes.each_arc(|first, then| {
                let (first, then) = orient(first, then);
                let next = &mut start[first.position()];
                followers[*next as usize] = then;
                *next += 1;
            });
            start.copy_within(..count, 1);
            start[0] = 0;
        }
        (Self { nodes: count, base, plain, start, followers }, waits_for)
    }

    /// The nodes that wait for `node`.
    pub(crate) fn followers(&self, node: NodeIx) -> impl Iterator<Item = NodeIx> {
        let resource = self.base.resource_of(node);
        let along = move |plain: &PlainEdge| plain.parent(node);
        self.plain[resource].iter().filter_map(along).chain(self.listed(node).iter().copied())
    }

    /// Calls `visit` with each node that waits for any of `nodes`, and with the number of `nodes` that it waits for. A
    /// node may be visited several times: then the numbers add up.
    ///
    /// `nodes` are instances of that resource, or helper nodes, for which `resource` is the number of resources.
    pub(crate) fn for_each_follower(
        &self,
        resource: ResourceIx,
        nodes: &[NodeIx],
        mut visit: impl FnMut(NodeIx, u32),
    ) {
        for plain in &self.plain[resource] {
            // Children of the same parent are mostly adjacent: count them and visit the parent once.
            let (mut last, mut count) = (PackedOption::NONE, 0);
            let mut visit_last = |last: PackedOption<InstanceIx>, count| {
                if let Some(last) = last.get() {
                    visit(last.node(plain.first_parent), count);
                }
            };
            for &node in nodes {
                let parent = plain.parent_index(node);
                if parent == last {
                    count += 1;
                } else {
                    visit_last(last, count);
                    (last, count) = (parent, 1);
                }
            }
            visit_last(last, count);
        }
        if !self.start.is_empty() {
            for &node in nodes {
                self.listed(node).iter().for_each(|&follower| visit(follower, 1));
            }
        }
    }

    /// The followers of a node along edges that are not plain.
    fn listed(&self, node: NodeIx) -> &[NodeIx] {
        match self.start.get(node.position()..node.position() + 2) {
            Some(&[from, to]) => &self.followers[from as usize..to as usize],
            _ => &[],
        }
    }

    /// The nodes that wait for any of `nodes`, directly or transitively, nearest first.
    pub(crate) fn all_followers(&self, nodes: &[NodeIx]) -> Vec<NodeIx> {
        let mut seen: HashSet<NodeIx> = nodes.iter().copied().collect();
        let mut open: VecDeque<NodeIx> = nodes.iter().copied().collect();
        let mut found = Vec::new();
        while let Some(node) = open.pop_front() {
            for follower in self.followers(node) {
                if seen.insert(follower) {
                    open.push_back(follower);
                    found.push(follower);
                }
            }
        }
        found
    }

    /// The nodes that end with a step of that effect on these instances: early nodes where the effect is early.
    pub(crate) fn nodes_of_step(affected: &Affected, effect: &str, instances: &[NodeIx]) -> Vec<NodeIx> {
        let early = &affected.cycles.early;
        let is_it = |resource: ResourceIx, of: usize| affected.effect_name(resource, of) == effect;
        let node_of_step = |&instance: &NodeIx| {
            let (resource, index) = affected.locate(instance);
            let is_early = affected.early_effects(resource, index).iter().any(|of| is_it(resource, of));
            let position = if is_early { early.position(instance) } else { None };
            position.map_or(instance, |position| affected.base.end().plus(position))
        };
        instances.iter().map(node_of_step).collect()
    }

    pub(crate) fn nodes(&self) -> usize {
        self.nodes
    }
}

/// The arcs along which a parent would wait, in a cycle, for the end of a child that is removed with another parent:
/// that end waits, through the other parent, for this parent. Sorted. A parent that removes the child itself, along a
/// parallel edge, gives nothing up: it waits for the child's dependents, as along that edge.
pub(crate) fn circular_ends(affected: &Affected) -> Vec<ArcRef> {
    if affected.removed_with_parent.is_empty()
        || !affected.route.completion_waits_may_cycle(&affected.graph).contains(&true)
    {
        return Vec::new();
    }
    let nodes = Nodes::with_ends(affected);
    let group_of = cyclic_groups(&Order::new(&nodes, |first, then| (first, then)).0);
    let mut circular = Vec::new();
    for ((index, edge), arcs) in affected.graph.edges.enumerate().zip(&affected.arcs) {
        for (parent, child) in arcs.pairs() {
            let arc = ArcRef { edge: index, parent, child };
            let Some(end) = nodes.end_of(affected.node(edge.child, child)) else { continue };
            let waits_for_end = nodes.is_ordered(arc) && !nodes.with_parent.parent_removes(affected, arc);
            let (parent, child) = (affected.node(edge.parent, parent), affected.node(edge.child, child));
            let is_circular = |node: NodeIx| group_of[end.position()] == group_of[node.position()];
            if waits_for_end && nodes.waiting_for(parent, child).any(is_circular) {
                circular.push(arc);
            }
        }
    }
    circular.sort_unstable();
    circular.dedup();
    circular
}

/// The number of each node's group. The nodes of a group wait for each other.
fn cyclic_groups(order: &Order) -> Vec<u32> {
    let nodes = NodeIx::all(order.nodes());
    let waits: Vec<_> = nodes
        .flat_map(|node| order.followers(node).map(move |follower| (node.number(), follower.number())))
        .collect();
    components(order.nodes(), &waits)
}

/// The numbering of the nodes, in this order: instances, early nodes, cycles, blocks, parents of blocks, `after`s, ends.
struct Nodes<'a> {
    affected: &'a Affected,
    with_parent: WithParentEdges,
    /// The early nodes have the order of [`EarlyEffects::all`](super::early::EarlyEffects::all).
    first_early: NodeIx,
    /// Whether there are early nodes. If not, the order leaves out the arcs that wait for early effects alone.
    with_early: bool,
    /// The nodes of the cycles with early effects.
    first_cycle: NodeIx,
    /// The node of a block ends when the children of the block have ended. The parents wait for it.
    first_block: NodeIx,
    /// With end nodes: this node of a block ends when the parents of the block have ended. The ends of the children
    /// that are removed with these parents wait for it.
    first_block_parents: NodeIx,
    first_after: NodeIx,
    first_end: NodeIx,
    count: usize,
    with_ends: bool,
    /// Whether each edge is plain, so that its arcs are not visited; empty if no edge is plain.
    is_plain: Indexed<EdgeIx, bool>,
}

impl<'a> Nodes<'a> {
    /// For the methods around the effects, which have no parts.
    fn instances(affected: &'a Affected) -> Self {
        Self::new(affected, false, false)
    }

    /// For the effects.
    fn with_ends(affected: &'a Affected) -> Self {
        let with_early = !affected.cycles.early.is_empty();
        Self::new(affected, !affected.removed_with_parent.is_empty(), with_early)
    }

    fn new(affected: &'a Affected, with_ends: bool, with_early: bool) -> Self {
        let blocks: usize = affected.arcs.iter().map(|arcs| arcs.blocks.len()).sum();
        let afters: usize = affected.graph.resources.iter().map(|resource| resource.after.len()).sum();
        let (block_parents, ends) =
            if with_ends { (blocks, affected.removed_with_parent.len()) } else { (0, 0) };
        let first_early = affected.base.end();
        let (early, cycles) = if with_early {
            (affected.cycles.early.all().len(), affected.cycles.early.cycles())
        } else {
            (0, 0)
        };
        let first_cycle = first_early.plus(early);
        let first_block = first_cycle.plus(cycles);
        let first_block_parents = first_block.plus(blocks);
        let first_after = first_block_parents.plus(block_parents);
        let first_end = first_after.plus(afters);
        Self {
            affected,
            with_parent: if with_ends { WithParentEdges::of(affected) } else { WithParentEdges::default() },
            first_early,
            with_early,
            first_cycle,
            first_block,
            first_block_parents,
            first_after,
            first_end,
            count: first_end.position() + ends,
            with_ends,
            is_plain: Indexed::new(),
        }
    }

    /// Whether the edge is plain: the order has every arc of it, each from the node of the child to its only parent.
    fn is_plain(&self, edge: EdgeIx) -> bool {
        let Affected { graph, route, arcs, cycles, removed_with_parent, base, .. } = self.affected;
        let child = graph.edges[edge].child;
        let are_affected = route.edges[edge]
            .is_some_and(|route| matches!(route.reach, Reach::Effect { .. }) && !route.shared);
        let of_edge = |arc: &ArcRef| arc.edge == edge;
        let has_cycles = || {
            cycles.cut.iter().chain(&cycles.without_order).chain(cycles.early.released()).any(of_edge)
                || self.with_early && cycles.early.has_members(&base.of(graph.edges[edge].parent))
        };
        let has_ends = || {
            let nodes = base.of(child);
            let first = removed_with_parent.partition_point(|&node| node < nodes.start);
            self.with_ends && removed_with_parent.get(first).is_some_and(|&node| node < nodes.end)
        };
        are_affected && arcs[edge].only_parents().is_some() && !has_cycles() && !has_ends()
    }

    /// Whether there may be an arc that is not plain.
    fn has_arcs(&self) -> bool {
        let mut edges = self.affected.arcs.enumerate();
        edges.any(|(edge, arcs)| !arcs.is_empty() && !self.is_left_out(edge))
            || self.first_after < self.first_end
            || self.with_ends
            || self.with_early
    }

    /// Whether the arcs of the edge are not visited, because it is plain.
    fn is_left_out(&self, edge: EdgeIx) -> bool {
        self.is_plain.at(edge).copied().unwrap_or(false)
    }

    /// The end node of an instance that is removed with a parent.
    fn end_of(&self, node: NodeIx) -> Option<NodeIx> {
        if !self.with_ends {
            return None;
        }
        let position = self.affected.removed_with_parent.binary_search(&node).ok()?;
        Some(self.first_end.plus(position))
    }

    fn end_or_self(&self, node: NodeIx) -> NodeIx {
        self.end_of(node).unwrap_or(node)
    }

    /// The early node of an instance.
    fn early_of(&self, node: NodeIx) -> Option<NodeIx> {
        let position = if self.with_early { self.affected.cycles.early.position(node) } else { None };
        position.map(|position| self.first_early.plus(position))
    }

    /// The cycle of an instance, by its number.
    fn cycle_of(&self, node: NodeIx) -> Option<u32> {
        if self.with_early { self.affected.cycles.early.cycle_of(node) } else { None }
    }

    /// The node of a cycle.
    fn node_of_cycle(&self, number: u32) -> NodeIx {
        self.first_cycle.plus(number as usize)
    }

    /// The node of an instance, and that of its cycle.
    fn with_cycle(&self, node: NodeIx) -> impl Iterator<Item = NodeIx> + use<> {
        let cycle = self.cycle_of(node).map(|number| self.node_of_cycle(number));
        std::iter::once(node).chain(cycle)
    }

    /// The nodes that wait for a dependent of the parent: its own, and that of its cycle if the dependent is outside.
    fn waiting_for(&self, parent: NodeIx, child: NodeIx) -> impl Iterator<Item = NodeIx> + use<> {
        let is_inside = self.cycle_of(child) == self.cycle_of(parent);
        self.with_cycle(parent).take(if is_inside { 1 } else { 2 })
    }

    /// Whether the order has the arc: the child is affected, and the arc is neither cut nor without an order.
    fn is_ordered(&self, arc: ArcRef) -> bool {
        let Affected { graph, route, columns, cycles, .. } = self.affected;
        let is_in = |arcs: &[ArcRef]| !arcs.is_empty() && arcs.binary_search(&arc).is_ok();
        route.orders(arc.edge, || columns[graph.edges[arc.edge].child].is_affected(arc.child))
            && !is_in(&cycles.cut)
            && !is_in(&cycles.without_order)
            && (self.with_early || !cycles.early.is_released(&arc))
    }

    /// Visits every arc of the order that is not plain: first the node that ends first, then the one that waits for it.
    fn each_arc(&self, mut visit: impl FnMut(NodeIx, NodeIx)) {
        let affected = self.affected;
        let (mut block, mut block_parents) = (self.first_block, self.first_block_parents);
        for ((index, edge), arcs) in affected.graph.edges.enumerate().zip(&affected.arcs) {
            let (first_child, first_parent) =
                (affected.base.first(edge.child), affected.base.first(edge.parent));
            if self.is_left_out(index) {
                continue;
            }
            for (parent, child) in arcs.pairs() {
                let arc = ArcRef { edge: index, parent, child };
                if self.is_ordered(arc) {
                    self.visit_pair(arc, parent.node(first_parent), child.node(first_child), &mut visit);
                }
            }
            for members in &arcs.blocks {
                self.visit_block(index, members, block, block_parents, &mut visit);
                block = block.plus(1);
                block_parents = block_parents.plus(usize::from(self.with_ends));
            }
        }
        self.visit_afters(&mut visit);
        if self.with_early {
            for (position, &(node, _)) in affected.cycles.early.all().iter().enumerate() {
                let early = self.first_early.plus(position);
                visit(early, node);
                self.cycle_of(node).into_iter().for_each(|cycle| visit(self.node_of_cycle(cycle), early));
            }
        }
        if self.with_ends {
            for (position, &node) in affected.removed_with_parent.iter().enumerate() {
                visit(node, self.first_end.plus(position));
            }
        }
    }

    /// `parent` and `child` are the nodes of the arc.
    fn visit_pair(&self, arc: ArcRef, parent: NodeIx, child: NodeIx, mut visit: impl FnMut(NodeIx, NodeIx)) {
        if self.with_early
            && self.affected.cycles.early.is_released(&arc)
            && let Some(early) = self.early_of(child)
        {
            return visit(early, parent);
        }
        let end = self.end_of(child);
        let waits_for_end = |_: &NodeIx| {
            !self.with_parent.parent_removes(self.affected, arc)
                && self.affected.circular_ends.binary_search(&arc).is_err()
        };
        let first = end.filter(waits_for_end).unwrap_or(child);
        self.waiting_for(parent, child).for_each(|parent| visit(first, parent));
        if let Some(end) = end.filter(|_| self.with_parent.removes(arc.edge, arc.child)) {
            visit(self.end_or_self(parent), end);
        }
    }

    /// `block` and `block_parents` are the helper nodes of the block: see the fields of [`Nodes`].
    fn visit_block(
        &self,
        edge: EdgeIx,
        Block { parents, children }: &Block,
        block: NodeIx,
        block_parents: NodeIx,
        mut visit: impl FnMut(NodeIx, NodeIx),
    ) {
        let affected = self.affected;
        let (above, below) = (affected.graph.edges[edge].parent, affected.graph.edges[edge].child);
        let column = &affected.columns[below];
        let mut removes_any = false;
        for &child in
            children.iter().filter(|&&child| affected.route.orders(edge, || column.is_affected(child)))
        {
            let node = affected.node(below, child);
            match self.end_of(node) {
                None => visit(node, block),
                Some(end) if self.with_parent.removes(edge, child) => {
                    visit(node, block);
                    visit(block_parents, end);
                    removes_any = true;
                }
                Some(end) => visit(end, block),
            }
        }
        for &parent in parents {
            let node = affected.node(above, parent);
            // A block never lies in a cycle.
            self.with_cycle(node).for_each(|waiting| visit(block, waiting));
            if removes_any {
                visit(self.end_or_self(affected.node(above, parent)), block_parents);
            }
        }
    }

    fn visit_afters(&self, mut visit: impl FnMut(NodeIx, NodeIx)) {
        let affected = self.affected;
        let mut between = self.first_after;
        for (resource, node) in affected.graph.resources.enumerate() {
            for &first in &node.after {
                let ends =
                    affected.instances(first).map(|index| self.end_or_self(affected.node(first, index)));
                ends.for_each(|end| visit(end, between));
                for node in affected.instances(resource).map(|index| affected.node(resource, index)) {
                    // What a resource comes after never lies in a cycle with it.
                    self.with_cycle(node).for_each(|waiting| visit(between, waiting));
                }
                between = between.plus(1);
            }
        }
    }
}
