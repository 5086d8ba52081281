//! Departures: instances that a refresh does not reach any more, or that it reaches along fewer edges.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use super::affected::{Affected, ParentsByChild};
use super::arcs::{Block, Pair};
use super::assemble::{Finished, Refreshed, assemble};
use super::begun::Begun;
use super::column::Column;
use super::dispositions::Disposition;
use crate::graph::{Edge, Reach};
use crate::ids::{EdgeIx, Index, Indexed, InstanceIx, ResourceIx};

/// What a refresh takes away from a plan. Instances that have begun lose nothing.
#[derive(Debug)]
pub(crate) struct Departures {
    /// The instances of each resource that lose something, each with what remains.
    pub(crate) changed: Indexed<ResourceIx, Vec<(InstanceIx, Disposition)>>,
    /// The arcs of each edge that do not exist any more, without those of children that are not affected any more: these lose all.
    /// An arc of a block is listed as a pair.
    pub(crate) lost: Indexed<EdgeIx, Vec<Pair>>,
    /// The arcs of each edge to children that lost others: the children have moved to parents that the plan affects, too.
    pub(crate) gained: Indexed<EdgeIx, Vec<Pair>>,
    /// The children along shared edges that no longer lose their last owner.
    pub(crate) no_longer_released: Indexed<EdgeIx, Vec<InstanceIx>>,
}

impl Departures {
    /// Compares the plan with its refresh; `None` if the plan loses nothing.
    pub(crate) fn between(affected: &Affected, now: &Refreshed, begun: &Begun) -> Option<Self> {
        let graph = &affected.graph;
        let changed = graph.resources.indices().map(|resource| changed(affected, now, begun, resource));
        let changed: Indexed<ResourceIx, Vec<(InstanceIx, Disposition)>> = changed.collect();
        let left = left_of(&changed);
        let lost = graph.edges.indices().map(|edge| lost(affected, now, begun, &left, edge));
        let lost: Indexed<EdgeIx, Vec<Pair>> = lost.collect();
        let departures = Self {
            changed,
            gained: gained(affected, now, begun, &lost),
            lost,
            no_longer_released: graph
                .edges
                .indices()
                .map(|edge| no_longer_released(affected, now, begun, edge))
                .collect(),
        };
        (!departures.is_empty(affected)).then_some(departures)
    }

    /// Whether no affected instance loses anything.
    fn is_empty(&self, affected: &Affected) -> bool {
        let of_affected = |(edge, lost): (EdgeIx, &Vec<Pair>)| {
            let child = &affected.columns[affected.graph.edges[edge].child];
            lost.iter().any(|&(_, below)| child.is_affected(below))
        };
        self.changed.iter().all(Vec::is_empty) && !self.lost.enumerate().any(of_affected)
    }

    /// The instances that are not affected any more.
    pub(crate) fn left(&self) -> impl Iterator<Item = (ResourceIx, InstanceIx)> {
        self.changed.enumerate().flat_map(|(resource, changed)| {
            let left = changed.iter().filter(|(_, remaining)| remaining.is_left());
            left.map(move |&(index, _)| (resource, index))
        })
    }

    /// The plan without what departed. All instances keep their indices.
    pub(crate) fn apply(&self, affected: &Affected) -> Affected {
        let mut columns: Indexed<ResourceIx, Column> = affected.columns.iter().map(Column::copied).collect();
        for (resource, changed) in self.changed.enumerate() {
            for &(index, remaining) in changed {
                columns[resource].dispositions.change(index, |_| remaining);
            }
        }
        let mut arcs = affected.arcs.clone();
        let left = left_of(&self.changed);
        for (edge, lost) in self.lost.enumerate() {
            arcs[edge].lose_children(&left[affected.graph.edges[edge].child]);
            arcs[edge].lose(lost, &self.no_longer_released[edge]);
            arcs[edge].extend(self.gained[edge].iter().copied(), 0);
        }
        let found = Finished { columns, arcs, roots: affected.roots.clone() };
        let operation = Arc::clone(&affected.operation);
        assemble(Arc::clone(&affected.graph), operation, affected.route.clone(), found)
    }
}

/// The instances of a resource that lose something, each with what remains.
fn changed(
    affected: &Affected,
    now: &Refreshed,
    begun: &Begun,
    resource: ResourceIx,
) -> Vec<(InstanceIx, Disposition)> {
    let of_now = &now.found.columns[resource].dispositions;
    let mut changed = Vec::new();
    affected.columns[resource].dispositions.each_row(
        |disposition| disposition,
        |row, planned| {
            if !planned.is_affected() {
                return;
            }
            for index in row.start.up_to(row.end).filter(|&index| !begun.has(resource, index)) {
                let remaining = planned.remaining(of_now.get(index));
                changed.extend((remaining != planned).then_some((index, remaining)));
            }
        },
    );
    changed
}

/// The instances of each resource that are not affected any more.
fn left_of(
    changed: &Indexed<ResourceIx, Vec<(InstanceIx, Disposition)>>,
) -> Indexed<ResourceIx, HashSet<InstanceIx>> {
    let left = |changed: &Vec<(InstanceIx, Disposition)>| {
        changed.iter().filter(|(_, remaining)| remaining.is_left()).map(|&(index, _)| index).collect()
    };
    changed.iter().map(left).collect()
}

/// The arcs of an edge that do not exist any more. Those to unaffected children are lost too: such a child may join the plan
/// later. Arcs of unaffected parents have no part in the order: they are kept.
fn lost(
    affected: &Affected,
    now: &Refreshed,
    begun: &Begun,
    left: &Indexed<ResourceIx, HashSet<InstanceIx>>,
    index: EdgeIx,
) -> Vec<Pair> {
    let Edge { parent, child, .. } = affected.graph.edges[index];
    if affected.route.edges[index].is_none() {
        return Vec::new();
    }
    let (known, of_now) = (&affected.arcs[index], &now.found.arcs[index]);
    // Nobody can be asked about their parents.
    let with_kept_parent: HashSet<InstanceIx> =
        known.children_of(|above| begun.may_be_gone(parent, above)).into_iter().collect();
    let may_be_lost = |above: InstanceIx, below: InstanceIx| {
        affected.columns[parent].is_affected(above)
            && !begun.has(child, below)
            && !with_kept_parent.contains(&below)
            && !left[child].contains(&below)
    };
    let mut by_child = None;
    let mut exists = |above: InstanceIx, below: InstanceIx| {
        // Which parents such a child has depends on the batches of the calls, so it keeps those of the plan.
        now.without_parents[index].contains(&below)
            || of_now.first_parent(below) == Some(above)
            || by_child.get_or_insert_with(|| ParentsByChild::new(of_now)).has_any(of_now, below, &[above])
    };
    let mut lost: Vec<Pair> = Vec::new();
    for (above, below) in known.pairs() {
        lost.extend((may_be_lost(above, below) && !exists(above, below)).then_some((above, below)));
    }
    for Block { parents, children } in &known.blocks {
        // Mostly the same finder call gives the same block.
        let same = of_now.blocks.iter().find(|block| block.parents == *parents);
        let is_same =
            |below: &InstanceIx| same.is_some_and(|block| block.children.binary_search(below).is_ok());
        for &below in children.iter().filter(|below| !is_same(below)) {
            let gone = |above: &&InstanceIx| may_be_lost(**above, below) && !exists(**above, below);
            lost.extend(parents.iter().filter(gone).map(|&above| (above, below)));
        }
    }
    lost
}

/// The new arcs to children that lost some. An arc by which a child would get more than the plan gives it is no part of the plan:
/// the child is a late dependent of that parent.
fn gained(
    affected: &Affected,
    now: &Refreshed,
    begun: &Begun,
    lost: &Indexed<EdgeIx, Vec<Pair>>,
) -> Indexed<EdgeIx, Vec<Pair>> {
    let mut moved: HashMap<ResourceIx, HashSet<InstanceIx>> = HashMap::new();
    for (edge, lost) in affected.graph.edges.iter().zip(lost) {
        if !lost.is_empty() {
            moved.entry(edge.child).or_default().extend(lost.iter().map(|&(_, child)| child));
        }
    }
    let gained_along = |index: EdgeIx| {
        let Edge { parent, child, .. } = affected.graph.edges[index];
        let Some((moved, route)) = moved.get(&child).zip(affected.route.edges[index]) else {
            return Vec::new();
        };
        // Along other edges an arc decides nothing for the child.
        if route.shared || !matches!(route.reach, Reach::Effect { .. } | Reach::WithParent) {
            return Vec::new();
        }
        let known = affected.columns[parent].len();
        let is_part = |&(above, below): &Pair| {
            let gets_nothing_new = || {
                let planned = affected.columns[child].dispositions.get(below);
                planned.after(route.reach, route.root) == planned
            };
            moved.contains(&below)
                && above.position() < known
                && affected.columns[parent].is_affected(above)
                && !begun.has(parent, above)
                && gets_nothing_new()
                && !affected.depends_on_any(index, below, &[above])
        };
        now.found.arcs[index].pairs().filter(is_part).collect()
    };
    affected.graph.edges.indices().map(gained_along).collect()
}

/// The children along a shared edge that lost their last owner in the plan, and do not any more.
fn no_longer_released(affected: &Affected, now: &Refreshed, begun: &Begun, index: EdgeIx) -> Vec<InstanceIx> {
    let released = &affected.arcs[index].released;
    if released.is_empty() {
        return Vec::new();
    }
    let child = affected.graph.edges[index].child;
    let of_now: HashSet<InstanceIx> = now.found.arcs[index].released.iter().copied().collect();
    let is_over = |below: &InstanceIx| !of_now.contains(below) && !begun.has(child, *below);
    released.iter().copied().filter(is_over).collect()
}
