//! Orders the cycles of instances.
//!
//! 1. An instance that depends on itself orders nothing.
//! 2. Inside a cycle, a leaf effect lets go of the parent that its arc comes from. The parent waits for that effect
//!    alone: see [`EarlyEffects`].
//! 3. In the cycles that are left, a `restrict` arc between two removed instances orders nothing.
//! 4. What is still cyclic is cut: see [`Cutting`]. The entries of the search are the roots, then the children of parents
//!    outside the cyclic group. It visits instances in the order of resources and ids. So the result depends neither on
//!    the link order nor on the order of finders' answers.

use std::collections::{BTreeSet, HashMap};

use super::arc_ref::ArcRef;
use super::arcs::Arcs;
use super::column::Column;
use super::cut::{Cutting, SearchArc};
use super::dispositions::Disposition;
use super::early::EarlyEffects;
use super::node_ranges::NodeRanges;
use crate::graph::{Graph, Group, Reach, ResourceNode, Route, components};
use crate::ids::{EdgeIx, Index, Indexed, InstanceIx, NodeIx, ResourceIx};
use crate::model::EffectSet;

/// What the order does with the arcs of cycles.
#[derive(Debug, Default)]
pub(crate) struct Cycles {
    /// The arcs that the order gives up. Sorted.
    pub(crate) cut: Vec<ArcRef>,
    /// The arcs that order nothing. Sorted.
    pub(crate) without_order: Vec<ArcRef>,
    pub(crate) early: EarlyEffects,
}

/// The result of the discovery, as far as the search reads it.
#[derive(Clone, Copy)]
pub(crate) struct Found<'a> {
    pub(crate) graph: &'a Graph,
    pub(crate) columns: &'a Indexed<ResourceIx, Column>,
    pub(crate) arcs: &'a Indexed<EdgeIx, Arcs>,
    pub(crate) route: &'a Route,
    pub(crate) roots: &'a [u32],
    pub(crate) base: &'a NodeRanges,
}

impl Cycles {
    pub(crate) fn of(found: Found<'_>) -> Self {
        let mut resolved = Resolved::default();
        for group in found.route.groups(found.graph).iter().filter(|group| group.cyclic) {
            GroupSearch::new(found, group).resolve(&mut resolved);
        }
        let Resolved { mut cut, mut without_order, released, early, members, cycles } = resolved;
        cut.sort_unstable();
        without_order.sort_unstable();
        Self { cut, without_order, early: EarlyEffects::new(early, released, members, cycles) }
    }
}

/// The results of all groups.
#[derive(Default)]
struct Resolved {
    cut: Vec<ArcRef>,
    without_order: Vec<ArcRef>,
    released: Vec<ArcRef>,
    early: Vec<(NodeIx, EffectSet)>,
    /// The instances of cycles with early effects, each with the number of its cycle.
    members: Vec<(NodeIx, u32)>,
    /// The number of these cycles.
    cycles: u32,
}

/// The search over one group. Its nodes are numbered by resource and id, so that their order is deterministic.
struct GroupSearch<'a> {
    found: Found<'a>,
    /// The resource and the index of each node.
    instances: Vec<(ResourceIx, InstanceIx)>,
    /// The arcs inside the group, sorted.
    arcs: Vec<SearchArc>,
    /// The nodes to start from, the roots first.
    entries: Vec<u32>,
}

impl<'a> GroupSearch<'a> {
    fn new(found: Found<'a>, group: &Group) -> Self {
        let mut instances = Vec::new();
        let mut numbers: Indexed<ResourceIx, Vec<u32>> = Indexed::like(found.columns, Vec::new);
        for &resource in &group.resources {
            numbers[resource] = vec![0; found.columns[resource].len()];
            for index in found.columns[resource].ids.sorted() {
                numbers[resource][index.position()] = instances.len() as u32;
                instances.push((resource, index));
            }
        }
        let (arcs, entries) = arcs_and_entries(found, group, &numbers);
        Self { found, instances, arcs, entries }
    }

    fn resolve(mut self, resolved: &mut Resolved) {
        let own = self.take_arcs(|_, arc| arc.parent == arc.child);
        resolved.without_order.extend(own.iter().map(|arc| self.arc_ref(arc)));
        let mut cycle_of = self.cycles();
        if self.release(&cycle_of, resolved) {
            cycle_of = self.cycles();
        }
        let restricts = self.take_arcs_of_cycles(&cycle_of, GroupSearch::orders_nothing);
        if !restricts.is_empty() {
            resolved.without_order.extend(restricts.iter().map(|arc| self.arc_ref(arc)));
            cycle_of = self.cycles();
        }
        resolved.cut.extend(self.cut(&cycle_of));
    }

    /// The number of each node's cycle. Nodes that are in no cycle have numbers of their own.
    fn cycles(&self) -> Vec<u32> {
        let arcs: Vec<(u32, u32)> = self.arcs.iter().map(|arc| (arc.parent, arc.child)).collect();
        components(self.instances.len(), &arcs)
    }

    /// Removes these arcs from the search, and returns them.
    fn take_arcs(&mut self, is_taken: impl Fn(&Self, &SearchArc) -> bool) -> Vec<SearchArc> {
        let arcs = std::mem::take(&mut self.arcs);
        let (taken, rest) = arcs.into_iter().partition(|arc| is_taken(self, arc));
        self.arcs = rest;
        taken
    }

    /// Like [`take_arcs`](Self::take_arcs), of those that lie on a cycle.
    fn take_arcs_of_cycles(
        &mut self,
        cycle_of: &[u32],
        is_taken: impl Fn(&Self, &SearchArc) -> bool,
    ) -> Vec<SearchArc> {
        let is_inside = |arc: &SearchArc| cycle_of[arc.parent as usize] == cycle_of[arc.child as usize];
        self.take_arcs(|search, arc| is_inside(arc) && is_taken(search, arc))
    }

    fn arc_ref(&self, arc: &SearchArc) -> ArcRef {
        let (parent, child) = (self.instances[arc.parent as usize].1, self.instances[arc.child as usize].1);
        ArcRef { edge: arc.edge, parent, child }
    }

    fn disposition(&self, node: u32) -> Disposition {
        let (resource, index) = self.instances[node as usize];
        self.found.columns[resource].dispositions.get(index)
    }

    /// Whether the arc only restricts, and its child is removed too. Its parent is, because it has dependents.
    fn orders_nothing(&self, arc: &SearchArc) -> bool {
        let route = self.found.route.edges[arc.edge];
        route.is_some_and(|route| route.reach == Reach::Restricts)
            && self.disposition(arc.child).is_expanded()
    }

    /// The leaf effects by which the child of the arc lets go of the parent.
    fn letting_go(&self, arc: &SearchArc) -> EffectSet {
        let disposition = self.disposition(arc.child);
        match self.found.route.edges[arc.edge].map(|route| route.reach) {
            Some(Reach::Effect { effect, leaf: true }) if !disposition.through.contains(effect) => {
                let (resource, _) = self.instances[arc.child as usize];
                leaf_effects_for(&self.found.graph.resources[resource], disposition, effect)
            }
            _ => EffectSet::EMPTY,
        }
    }

    /// Takes the arcs of cycles along which a leaf effect lets go of the parent. Returns whether there are any.
    fn release(&mut self, cycle_of: &[u32], resolved: &mut Resolved) -> bool {
        let released = self.take_arcs_of_cycles(cycle_of, |search, arc| !search.letting_go(arc).is_empty());
        if released.is_empty() {
            return false;
        }
        let node = |resource: ResourceIx, index: InstanceIx| index.node(self.found.base.first(resource));
        for arc in &released {
            let (resource, index) = self.instances[arc.child as usize];
            resolved.early.push((node(resource, index), self.letting_go(arc)));
            resolved.released.push(self.arc_ref(arc));
        }
        let mut numbers: HashMap<u32, u32> = HashMap::new();
        for arc in &released {
            numbers.entry(cycle_of[arc.child as usize]).or_insert_with(|| {
                resolved.cycles += 1;
                resolved.cycles - 1
            });
        }
        for (&(resource, index), cycle) in self.instances.iter().zip(cycle_of) {
            if let Some(&number) = numbers.get(cycle) {
                resolved.members.push((node(resource, index), number));
            }
        }
        true
    }

    /// The arcs to cut, so that no cycle is left.
    fn cut(&self, cycle_of: &[u32]) -> Vec<ArcRef> {
        let is_inside = |arc: &SearchArc| cycle_of[arc.parent as usize] == cycle_of[arc.child as usize];
        if !self.arcs.iter().any(is_inside) {
            return Vec::new();
        }
        let may_cut = |arc: &SearchArc| self.found.graph.edges[arc.edge].may_cut && is_inside(arc);
        let cut = Cutting::new(self.instances.len(), &self.arcs, may_cut).cut(&self.entries);
        cut.iter().map(|arc| self.arc_ref(arc)).collect()
    }
}

/// The arcs inside the group, sorted, and the nodes to start from. `numbers` holds the node of each instance.
fn arcs_and_entries(
    found: Found<'_>,
    group: &Group,
    numbers: &Indexed<ResourceIx, Vec<u32>>,
) -> (Vec<SearchArc>, Vec<u32>) {
    let Found { graph, columns, arcs, route, roots, .. } = found;
    let inside = |resource: ResourceIx| group.resources.contains(&resource);
    let mut inner = Vec::new();
    // `false` sorts first: roots come before the other entries.
    let mut entries: BTreeSet<(bool, u32)> = BTreeSet::new();
    for (index, edge) in graph.edges.enumerate().filter(|(_, edge)| inside(edge.child)) {
        let child_number = |child: InstanceIx| numbers[edge.child][child.position()];
        if inside(edge.parent) {
            let parent_number = |parent: InstanceIx| numbers[edge.parent][parent.position()];
            let ordered = |child: InstanceIx| route.orders(index, || columns[edge.child].is_affected(child));
            let pairs = arcs[index].pairs().filter(|&(_, child)| ordered(child));
            inner.extend(pairs.map(|(parent, child)| SearchArc {
                parent: parent_number(parent),
                child: child_number(child),
                edge: index,
            }));
        } else {
            let children = arcs[index].pairs().map(|(_, child)| child);
            let in_blocks = arcs[index].blocks.iter().flat_map(|block| block.children.iter().copied());
            entries.extend(children.chain(in_blocks).map(|child| (true, child_number(child))));
        }
    }
    for (root, &count) in route.roots.iter().zip(roots).filter(|(root, _)| inside(root.resource)) {
        entries.extend((0..count).map(|index| (false, numbers[root.resource][index as usize])));
    }
    inner.sort_unstable();
    inner.dedup();
    (inner, entries.into_iter().map(|(_, node)| node).collect())
}

/// The leaf effects that run on an instance for a rule that gave it a leaf effect: that effect, unless other leaf effects
/// that run supersede it. A removal does not supersede it here.
fn leaf_effects_for(resource: &ResourceNode, disposition: Disposition, effect: usize) -> EffectSet {
    let running = resource.not_superseded(disposition.given);
    if running.contains(effect) {
        return EffectSet::of(effect);
    }
    let leaves: EffectSet = running
        .without(disposition.through)
        .iter()
        .filter(|&other| resource.effects[other].supersedes.contains(effect))
        .collect();
    if leaves.is_empty() { EffectSet::of(effect) } else { leaves }
}
