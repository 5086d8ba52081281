//! The affected set: every instance that an operation reaches, with its effects and the arcs between parents and
//! children.
//!
//! Instances are dense indices per resource and arcs are flat arrays. After discovery, the engine reads them without
//! touching an id or a hash map.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, OnceLock};

use super::arc_ref::ArcRef;
use super::arcs::{Arcs, Block};
use super::column::Column;
use super::cycle::Cycles;
use super::dispositions::{Disposition, Marks};
use super::node_ranges::NodeRanges;
use crate::graph::{Graph, RootRoute, Route};
use crate::ids::{DisplayId, EdgeIx, Index, Indexed, InstanceIx, NodeIx, ResourceIx};
use crate::model::{AnyOperation, EffectSet, InstanceName};

/// The affected set.
pub(crate) struct Affected {
    pub(crate) graph: Arc<Graph>,
    pub(crate) operation: Arc<dyn AnyOperation>,
    pub(crate) route: Route,
    pub(crate) columns: Indexed<ResourceIx, Column>,
    pub(crate) arcs: Indexed<EdgeIx, Arcs>,
    /// The number of roots of each root resource of the route. They are the first instances of their resource.
    pub(crate) roots: Vec<u32>,
    pub(crate) cycles: Cycles,
    /// The nodes of the instances that are removed with a parent and have no step of their own, sorted.
    pub(crate) removed_with_parent: Vec<NodeIx>,
    /// The arcs along which the parent waits for the dependents of a child in `removed_with_parent`, but not for the
    /// end of the child: that end waits for the parent. Sorted.
    pub(crate) circular_ends: Vec<ArcRef>,
    /// The number of affected instances.
    pub(crate) count: usize,
    /// The nodes of the instances.
    pub(crate) base: NodeRanges,
    /// Each made on first use.
    pub(crate) parents_by_child: Indexed<EdgeIx, OnceLock<ParentsByChild>>,
}

impl fmt::Debug for Affected {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Affected({} nodes)", self.nodes())
    }
}

impl Affected {
    /// The number of instances that have a node in the order: the affected ones, the retained ones, and those that
    /// restrict the operation.
    pub(crate) fn nodes(&self) -> usize {
        self.base.end().position()
    }

    /// The affected instances of a resource, in the order of discovery.
    pub(crate) fn instances(&self, resource: ResourceIx) -> impl Iterator<Item = InstanceIx> {
        let column = &self.columns[resource];
        InstanceIx::all(column.len()).filter(|&index| column.is_affected(index))
    }

    /// The affected instances of a resource, and those that departed, in the order of discovery.
    pub(crate) fn with_left(&self, resource: ResourceIx) -> impl Iterator<Item = InstanceIx> {
        let column = &self.columns[resource];
        InstanceIx::all(column.len()).filter(|&index| column.is_affected(index) || column.is_left(index))
    }

    /// Like [`with_left`](Self::with_left), in the order of their ids.
    pub(crate) fn sorted_with_left(&self, resource: ResourceIx) -> impl Iterator<Item = InstanceIx> {
        let column = &self.columns[resource];
        let is_listed = |&index: &InstanceIx| column.is_affected(index) || column.is_left(index);
        column.ids.sorted().into_iter().filter(is_listed)
    }

    /// The number of instances that have a step of their own.
    pub(crate) fn with_steps(&self) -> u64 {
        let with_steps = |column: &Column| column.dispositions.count(|it| !it.given.is_empty()) as u64;
        self.columns.iter().map(with_steps).sum()
    }

    /// The affected instances of a resource, in the order of their ids.
    pub(crate) fn sorted(&self, resource: ResourceIx) -> impl Iterator<Item = InstanceIx> {
        let column = &self.columns[resource];
        column.ids.sorted().into_iter().filter(|&index| column.is_affected(index))
    }

    /// The resources that have affected instances.
    pub(crate) fn resources(&self) -> impl Iterator<Item = ResourceIx> {
        self.columns.indices().filter(|&resource| self.instances(resource).next().is_some())
    }

    /// Whether a run has to allow a cut: see [`has_to_allow`](Self::has_to_allow).
    pub(crate) fn has_cuts_to_allow(&self) -> bool {
        self.cycles.cut.iter().any(|arc| self.has_to_allow(*arc))
    }

    /// Whether a run has to allow that the order gives up that arc altogether: not if its edge is declared with `may_cut`.
    /// Where the order gives up only the end of a child without a step, every step still waits for all steps on dependents.
    pub(crate) fn has_to_allow(&self, arc: ArcRef) -> bool {
        !self.graph.edges[arc.edge].may_cut
    }

    /// The arcs that the order leaves out, sorted by the resource and id of the parent, then of the child. The flag
    /// says whether the parent still waits for the dependents of the child, and only not for the end of the child.
    pub(crate) fn cut_by_ids(&self) -> Vec<(ArcRef, bool)> {
        let mut ranks: HashMap<ResourceIx, Vec<usize>> = HashMap::new();
        for arc in self.cycles.cut.iter().chain(&self.circular_ends) {
            for resource in [self.graph.edges[arc.edge].parent, self.graph.edges[arc.edge].child] {
                ranks.entry(resource).or_insert_with(|| {
                    let ids = &self.columns[resource].ids;
                    let mut ranks = vec![0; ids.len()];
                    for (rank, index) in ids.sorted().into_iter().enumerate() {
                        ranks[index.position()] = rank;
                    }
                    ranks
                });
            }
        }
        let whole = self.cycles.cut.iter().map(|&arc| (arc, false));
        let mut cut: Vec<(ArcRef, bool)> =
            whole.chain(self.circular_ends.iter().map(|&arc| (arc, true))).collect();
        cut.sort_by_key(|(arc, _)| {
            let edge = &self.graph.edges[arc.edge];
            let parent = ranks[&edge.parent][arc.parent.position()];
            (edge.parent, parent, edge.child, ranks[&edge.child][arc.child.position()], arc.edge)
        });
        cut
    }

    /// The resource and the index of a node.
    pub(crate) fn locate(&self, node: NodeIx) -> (ResourceIx, InstanceIx) {
        let resource = self.base.resource_of(node);
        (resource, node.instance(self.base.first(resource)))
    }

    pub(crate) fn node(&self, resource: ResourceIx, index: InstanceIx) -> NodeIx {
        index.node(self.base.first(resource))
    }

    /// The effects that run on an instance: those given by rules, without those that another given effect supersedes,
    /// and its early effects.
    pub(crate) fn effects(&self, resource: ResourceIx, index: InstanceIx) -> EffectSet {
        let effects = self.effects_of(resource, self.columns[resource].dispositions.get(index));
        effects.union(self.early_effects(resource, index))
    }

    /// The effects that run on an instance with that disposition, without those that run only because they are early.
    pub(crate) fn effects_of(&self, resource: ResourceIx, disposition: Disposition) -> EffectSet {
        self.graph.resources[resource].not_superseded(disposition.given)
    }

    /// The early effects of an instance: see [`EarlyEffects`](super::early::EarlyEffects).
    pub(crate) fn early_effects(&self, resource: ResourceIx, index: InstanceIx) -> EffectSet {
        let early = &self.cycles.early;
        if early.is_empty() { EffectSet::EMPTY } else { early.of(self.node(resource, index)) }
    }

    /// The effects that are left for an instance on which these `ran`. In a plan that grew, an effect may have become early
    /// after another one that supersedes it had run: then nothing is left of it.
    pub(crate) fn effects_left(&self, resource: ResourceIx, index: InstanceIx, ran: EffectSet) -> EffectSet {
        let left = self.effects(resource, index).without(ran);
        let early = self.early_effects(resource, index);
        if ran.is_empty() || !left.intersects(early) {
            return left;
        }
        let (node, given) =
            (&self.graph.resources[resource], self.columns[resource].dispositions.get(index).given);
        let has_to_run =
            |&effect: &usize| !early.contains(effect) || !node.has_run_superseding(given, ran, effect);
        left.iter().filter(has_to_run).collect()
    }

    /// The effects that run on an instance, in the order in which they run.
    pub(crate) fn effects_in_order(
        &self,
        resource: ResourceIx,
        index: InstanceIx,
    ) -> impl Iterator<Item = usize> + use<> {
        let early = self.early_effects(resource, index);
        early.iter().chain(self.effects(resource, index).without(early).iter())
    }

    /// The names of the effects that run on an instance, in the order in which they run.
    pub(crate) fn effect_names(&self, resource: ResourceIx, index: InstanceIx) -> impl Iterator<Item = &str> {
        self.effects_in_order(resource, index).map(move |effect| self.effect_name(resource, effect))
    }

    /// Whether the instance is removed: an effect of a non-leaf rule runs on it, or it is removed with its parent.
    pub(crate) fn is_going(&self, resource: ResourceIx, index: InstanceIx) -> bool {
        let disposition = self.columns[resource].dispositions.get(index);
        disposition.marks.has(Marks::WITH_PARENT)
            || self.effects_of(resource, disposition).intersects(disposition.through)
    }

    /// Whether the instance of that node is affected.
    pub(crate) fn is_affected(&self, node: NodeIx) -> bool {
        let (resource, index) = self.locate(node);
        self.columns[resource].is_affected(index)
    }

    /// Whether the instance of that node is removed with a parent and has no step of its own.
    pub(crate) fn is_removed_with_parent(&self, node: NodeIx) -> bool {
        self.removed_with_parent.binary_search(&node).is_ok()
    }

    /// The root resources, each with the number of its roots.
    pub(crate) fn roots(&self) -> impl ExactSizeIterator<Item = (RootRoute, u32)> {
        self.route.roots.iter().copied().zip(self.roots.iter().copied())
    }

    /// The root instances, each with its resource.
    pub(crate) fn root_instances(&self) -> impl Iterator<Item = (ResourceIx, InstanceIx)> {
        self.roots().flat_map(|(root, count)| {
            InstanceIx::all(count as usize).map(move |index| (root.resource, index))
        })
    }

    /// The names of the root resources.
    pub(crate) fn root_names(&self) -> impl Iterator<Item = &str> {
        self.route.roots.iter().map(|root| self.resource_name(root.resource))
    }

    /// The root resource, if the instance is a root.
    pub(crate) fn root_of(&self, resource: ResourceIx, index: InstanceIx) -> Option<RootRoute> {
        let is_root = |&(root, count): &(RootRoute, u32)| root.resource == resource && index.number() < count;
        self.roots().find(is_root).map(|(root, _)| root)
    }

    pub(crate) fn is_root(&self, resource: ResourceIx, index: InstanceIx) -> bool {
        self.root_of(resource, index).is_some()
    }

    pub(crate) fn display(&self, resource: ResourceIx, index: InstanceIx) -> DisplayId<'_> {
        self.columns[resource].ids.display(index)
    }

    /// The instance in the form of documents. The id is `null` if its `Serialize` fails: what is said about the instance
    /// must not be lost then.
    pub(crate) fn name(&self, resource: ResourceIx, index: InstanceIx) -> InstanceName {
        let ids = &self.columns[resource].ids;
        let id = ids.id_to_json(index).unwrap_or_default();
        InstanceName::new(self.resource_name(resource), id, ids.display(index).to_string())
    }

    pub(crate) fn resource_name(&self, resource: ResourceIx) -> &str {
        self.graph.resources[resource].name()
    }

    pub(crate) fn effect_name(&self, resource: ResourceIx, effect: usize) -> &str {
        &self.graph.resources[resource].effects[effect].name
    }

    /// The parents of the instance along an edge, each once.
    pub(crate) fn parents(&self, edge: EdgeIx, child: InstanceIx) -> Vec<InstanceIx> {
        self.parents_by_child(edge).parents(&self.arcs[edge], child)
    }

    /// Whether the instance depends on any of these parents along an edge. `parents` is sorted.
    pub(crate) fn depends_on_any(&self, edge: EdgeIx, child: InstanceIx, parents: &[InstanceIx]) -> bool {
        self.parents_by_child(edge).has_any(&self.arcs[edge], child, parents)
    }

    fn parents_by_child(&self, edge: EdgeIx) -> &ParentsByChild {
        self.parents_by_child[edge].get_or_init(|| ParentsByChild::new(&self.arcs[edge]))
    }
}

/// The arcs of an edge that [`Arcs`] does not store by child, sorted by child.
///
/// Made on first use, because most runs never need it.
#[derive(Debug)]
pub(crate) struct ParentsByChild {
    /// Pairs of child and parent, sorted.
    more: Vec<(InstanceIx, InstanceIx)>,
    /// Pairs of child and block, sorted.
    blocks: Vec<(InstanceIx, usize)>,
}

impl ParentsByChild {
    pub(super) fn new(arcs: &Arcs) -> Self {
        let mut more: Vec<(InstanceIx, InstanceIx)> =
            arcs.more().iter().map(|&(parent, child)| (child, parent)).collect();
        more.sort_unstable();
        let members = |(number, block): (usize, &Block)| {
            block.children.iter().map(|&child| (child, number)).collect::<Vec<_>>()
        };
        let mut blocks: Vec<(InstanceIx, usize)> = arcs.blocks.iter().enumerate().flat_map(members).collect();
        blocks.sort_unstable();
        Self { more, blocks }
    }

    fn parents(&self, arcs: &Arcs, child: InstanceIx) -> Vec<InstanceIx> {
        let mut parents = Vec::from_iter(arcs.first_parent(child));
        parents.extend(entries_of(&self.more, child));
        parents.extend(entries_of(&self.blocks, child).flat_map(|block| &arcs.blocks[block].parents));
        parents.sort_unstable();
        parents.dedup();
        parents
    }

    pub(super) fn has_any(&self, arcs: &Arcs, child: InstanceIx, wanted: &[InstanceIx]) -> bool {
        let is_wanted = |parent: InstanceIx| wanted.binary_search(&parent).is_ok();
        // The parents of a block are sorted, and may be many more than `wanted`.
        let has_wanted = |block: usize| {
            let parents = &arcs.blocks[block].parents;
            wanted.iter().any(|parent| parents.binary_search(parent).is_ok())
        };
        arcs.first_parent(child).is_some_and(is_wanted)
            || entries_of(&self.more, child).any(is_wanted)
            || entries_of(&self.blocks, child).any(has_wanted)
    }
}

/// The second half of each pair of `child` in a sorted list.
fn entries_of<T: Copy>(list: &[(InstanceIx, T)], child: InstanceIx) -> impl Iterator<Item = T> {
    let first = list.partition_point(|&(member, _)| member < child);
    list[first..].iter().take_while(move |&&(member, _)| member == child).map(|&(_, other)| other)
}
