//! The affected set: every instance that an operation reaches, with its effects and what hangs off what.
//!
//! Instances are dense indices per resource, arcs are flat arrays: no user type and no hash map is touched once the
//! set is found.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, OnceLock};

use super::arcs::{Arcs, Block};
use super::dispositions::{Disposition, Dispositions, Marks};
use crate::graph::{Graph, Route};
use crate::ids::{DisplayId, IdTable};
use crate::model::{AnyOperation, bits};

/// The instances of one resource.
#[derive(Debug)]
pub(crate) struct Column {
    pub(crate) ids: Box<dyn IdTable>,
    pub(crate) dispositions: Dispositions,
}

impl Column {
    pub(crate) fn new(ids: Box<dyn IdTable>) -> Self {
        Self { ids, dispositions: Dispositions::default() }
    }

    /// Whether what hangs off the instance is looked for. It goes then: what a rule gives that is no leaf is superseded
    /// only by what such a rule gives.
    pub(crate) fn is_expanded(&self, index: u32) -> bool {
        self.dispositions.get(index).is_expanded()
    }

    /// Whether the operation does something to the instance, or takes it. What is only retained, or only in the way, is
    /// in the table and not affected.
    pub(crate) fn is_affected(&self, index: u32) -> bool {
        self.dispositions.get(index).is_affected()
    }

    /// The instances that stay and are listed.
    pub(crate) fn is_retained(&self, index: u32) -> bool {
        self.dispositions.get(index).is_retained()
    }

    pub(crate) fn len(&self) -> usize {
        self.dispositions.len()
    }

    pub(crate) fn copied(&self) -> Self {
        Self { ids: self.ids.clone_box(), dispositions: self.dispositions.clone() }
    }
}

/// An arc that closes a cycle of instances, left out of the order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct CutArc {
    pub(crate) edge: usize,
    pub(crate) parent: u32,
    pub(crate) child: u32,
}

/// The affected set.
pub(crate) struct Affected {
    pub(crate) graph: Arc<Graph>,
    pub(crate) operation: Arc<dyn AnyOperation>,
    pub(crate) route: Route,
    pub(crate) columns: Vec<Column>,
    pub(crate) arcs: Vec<Arcs>,
    /// The roots are the first instances of their resource.
    pub(crate) roots: u32,
    /// Sorted.
    pub(crate) cut: Vec<CutArc>,
    /// The instances that a parent's end takes and that have no step of their own: their nodes, sorted.
    pub(crate) taken: Vec<u32>,
    /// Where a parent waits for all that hangs off a taken child, and not for that child's end, which comes later: sorted.
    pub(crate) circular_ends: Vec<CutArc>,
    /// How many instances are affected.
    pub(crate) count: usize,
    /// The first node of each resource, and behind the last one the number of all instances.
    pub(crate) base: Vec<u32>,
    pub(crate) parents_by_child: Vec<OnceLock<ParentsByChild>>,
}

impl fmt::Debug for Affected {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Affected({} nodes)", self.nodes())
    }
}

impl Affected {
    /// How many instances have a node in the order: the affected ones, and those that are only listed or in the way.
    pub(crate) fn nodes(&self) -> usize {
        self.base.last().map_or(0, |&count| count as usize)
    }

    /// The affected instances of a resource, in the order of discovery.
    pub(crate) fn instances(&self, resource: usize) -> impl Iterator<Item = u32> {
        let column = &self.columns[resource];
        (0..column.len() as u32).filter(|&index| column.is_affected(index))
    }

    /// How many instances have a step of their own.
    pub(crate) fn with_steps(&self) -> u64 {
        let with_steps = |column: &Column| column.dispositions.count(|kind| kind.given != 0) as u64;
        self.columns.iter().map(with_steps).sum()
    }

    /// The affected instances of a resource, in the order of their ids.
    pub(crate) fn sorted(&self, resource: usize) -> impl Iterator<Item = u32> {
        let column = &self.columns[resource];
        column.ids.sorted().into_iter().filter(|&index| column.is_affected(index))
    }

    /// The resources that have affected instances.
    pub(crate) fn resources(&self) -> impl Iterator<Item = usize> {
        (0..self.columns.len()).filter(|&resource| self.instances(resource).next().is_some())
    }

    /// The arcs that were left out of the order, by the resources and ids of their parents and then of their children;
    /// each with whether only the child's end is left out.
    pub(crate) fn cut_by_ids(&self) -> Vec<(CutArc, bool)> {
        let mut ranks: HashMap<usize, Vec<usize>> = HashMap::new();
        for arc in self.cut.iter().chain(&self.circular_ends) {
            for resource in [self.graph.edges[arc.edge].parent, self.graph.edges[arc.edge].child] {
                ranks.entry(resource).or_insert_with(|| {
                    let ids = &self.columns[resource].ids;
                    let mut ranks = vec![0; ids.len()];
                    for (rank, index) in ids.sorted().into_iter().enumerate() {
                        ranks[index as usize] = rank;
                    }
                    ranks
                });
            }
        }
        let whole = self.cut.iter().map(|&arc| (arc, false));
        let mut cut: Vec<(CutArc, bool)> =
            whole.chain(self.circular_ends.iter().map(|&arc| (arc, true))).collect();
        cut.sort_by_key(|(arc, _)| {
            let edge = &self.graph.edges[arc.edge];
            let parent = ranks[&edge.parent][arc.parent as usize];
            (edge.parent, parent, edge.child, ranks[&edge.child][arc.child as usize])
        });
        cut
    }

    /// The resource and the index of a node.
    pub(crate) fn locate(&self, node: u32) -> (usize, u32) {
        let resource = self.base.partition_point(|&first| first <= node) - 1;
        (resource, node - self.base[resource])
    }

    pub(crate) fn node(&self, resource: usize, index: u32) -> u32 {
        self.base[resource] + index
    }

    /// The effects that run on an instance: the given ones, less those that another of them supersedes.
    pub(crate) fn effects(&self, resource: usize, index: u32) -> u32 {
        self.effects_of(resource, self.columns[resource].dispositions.get(index))
    }

    /// The effects that run on an instance of that kind.
    pub(crate) fn effects_of(&self, resource: usize, kind: Disposition) -> u32 {
        kind.given & !superseded(self, resource, kind.given)
    }

    /// Whether the instance goes: an effect that runs on it came by a rule which is not a leaf, or it is taken.
    pub(crate) fn is_going(&self, resource: usize, index: u32) -> bool {
        let kind = self.columns[resource].dispositions.get(index);
        kind.marks.has(Marks::WITH_PARENT) || self.effects_of(resource, kind) & kind.through != 0
    }

    /// Whether the instance of that node is affected.
    pub(crate) fn is_affected(&self, node: u32) -> bool {
        let (resource, index) = self.locate(node);
        self.columns[resource].is_affected(index)
    }

    /// Whether a parent's end takes the instance, and it has no step of its own.
    pub(crate) fn is_removed_with_parent(&self, node: u32) -> bool {
        self.taken.binary_search(&node).is_ok()
    }

    pub(crate) fn is_root(&self, resource: usize, index: u32) -> bool {
        resource == self.route.root && index < self.roots
    }

    pub(crate) fn display(&self, resource: usize, index: u32) -> DisplayId<'_> {
        self.columns[resource].ids.display(index)
    }

    pub(crate) fn resource_name(&self, resource: usize) -> &str {
        self.graph.resources[resource].name()
    }

    pub(crate) fn effect_name(&self, resource: usize, effect: usize) -> &str {
        &self.graph.resources[resource].effects[effect].name
    }

    /// The names of the effects in a mask, in the order they run in.
    pub(crate) fn effect_names(&self, resource: usize, mask: u32) -> impl Iterator<Item = &str> {
        bits(mask).map(move |effect| self.effect_name(resource, effect))
    }

    /// The parents that the instance was found under along an edge, each once.
    pub(crate) fn parents(&self, edge: usize, child: u32) -> Vec<u32> {
        self.parents_by_child(edge).parents(&self.arcs[edge], child)
    }

    /// Whether the instance was found under any of these parents along an edge. They are sorted.
    pub(crate) fn hangs_off_any(&self, edge: usize, child: u32, parents: &[u32]) -> bool {
        self.parents_by_child(edge).has_any(&self.arcs[edge], child, parents)
    }

    fn parents_by_child(&self, edge: usize) -> &ParentsByChild {
        self.parents_by_child[edge].get_or_init(|| ParentsByChild::new(&self.arcs[edge]))
    }
}

fn superseded(affected: &Affected, resource: usize, given: u32) -> u32 {
    if given.count_ones() < 2 {
        return 0;
    }
    let effects = &affected.graph.resources[resource].effects;
    bits(given).fold(0, |mask, effect| mask | effects[effect].supersedes)
}

/// Those of an edge's arcs that are not kept by child already. Made when somebody asks: most runs never do.
#[derive(Debug)]
pub(crate) struct ParentsByChild {
    /// Pairs of child and parent, sorted.
    more: Vec<(u32, u32)>,
    /// Pairs of child and block, sorted.
    blocks: Vec<(u32, u32)>,
}

impl ParentsByChild {
    fn new(arcs: &Arcs) -> Self {
        let mut more: Vec<(u32, u32)> = arcs.more().iter().map(|&(parent, child)| (child, parent)).collect();
        more.sort_unstable();
        let members = |(number, block): (usize, &Block)| {
            block.children.iter().map(|&child| (child, number as u32)).collect::<Vec<_>>()
        };
        let mut blocks: Vec<(u32, u32)> = arcs.blocks.iter().enumerate().flat_map(members).collect();
        blocks.sort_unstable();
        Self { more, blocks }
    }

    fn parents(&self, arcs: &Arcs, child: u32) -> Vec<u32> {
        let mut parents = Vec::from_iter(arcs.first_parent(child));
        parents.extend(of(&self.more, child));
        parents.extend(of(&self.blocks, child).flat_map(|block| &arcs.blocks[block as usize].parents));
        parents.sort_unstable();
        parents.dedup();
        parents
    }

    fn has_any(&self, arcs: &Arcs, child: u32, wanted: &[u32]) -> bool {
        let is_wanted = |parent: u32| wanted.binary_search(&parent).is_ok();
        // Those of a block are sorted too, and may be many more.
        let has_wanted = |block: u32| {
            let parents = &arcs.blocks[block as usize].parents;
            wanted.iter().any(|parent| parents.binary_search(parent).is_ok())
        };
        arcs.first_parent(child).is_some_and(is_wanted)
            || of(&self.more, child).any(is_wanted)
            || of(&self.blocks, child).any(has_wanted)
    }
}

/// What stands beside a child in a sorted list.
fn of(list: &[(u32, u32)], child: u32) -> impl Iterator<Item = u32> {
    let first = list.partition_point(|&(member, _)| member < child);
    list[first..].iter().take_while(move |&&(member, _)| member == child).map(|&(_, other)| other)
}
