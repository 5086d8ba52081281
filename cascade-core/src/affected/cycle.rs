//! Finds the arcs that close cycles of instances.
//!
//! A depth-first search starts at the roots, then at the children of parents outside the cyclic group. It visits
//! instances in the order of resources and ids, and cuts each arc that leads back to an instance on the current path.
//! So the result depends neither on the link order nor on the order of finders' answers, and every arc from a
//! descendant of a root back to that root is cut.

use std::collections::BTreeSet;

use super::affected::{Column, CutArc};
use super::arcs::Arcs;
use crate::graph::{Graph, Group, Route};
use crate::ids::{EdgeIx, Index, Indexed, InstanceIx, ResourceIx};

/// The arcs that close cycles, sorted.
pub(crate) fn closing_arcs(
    graph: &Graph,
    columns: &Indexed<ResourceIx, Column>,
    arcs: &Indexed<EdgeIx, Arcs>,
    route: &Route,
    roots: u32,
) -> Vec<CutArc> {
    let found = Found { graph, columns, arcs, route, roots };
    let groups = route.groups(graph);
    let cyclic = groups.iter().filter(|group| group.cyclic);
    let mut cut: Vec<CutArc> = cyclic.flat_map(|group| CycleSearch::new(found, group).cut()).collect();
    cut.sort_unstable();
    cut
}

/// The result of the discovery, as far as the search reads it.
#[derive(Clone, Copy)]
struct Found<'a> {
    graph: &'a Graph,
    columns: &'a Indexed<ResourceIx, Column>,
    arcs: &'a Indexed<EdgeIx, Arcs>,
    route: &'a Route,
    roots: u32,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Mark {
    Unvisited,
    OnPath,
    Finished,
}

/// The search over one group. Its nodes are numbered by resource and id, so that their order is deterministic.
struct CycleSearch {
    /// The resource and the index of each node.
    instances: Vec<(ResourceIx, InstanceIx)>,
    /// Where the arcs of each node start in `arcs`, and one end more.
    start: Vec<usize>,
    /// The arcs down from each node: child and edge.
    arcs: Vec<(u32, EdgeIx)>,
    /// The nodes to start from, the roots first.
    entries: Vec<u32>,
}

/// A parent, a child and their edge, by nodes of the search.
type SearchArc = (u32, u32, EdgeIx);

impl CycleSearch {
    fn new(found: Found<'_>, group: &Group) -> Self {
        let Found { columns, .. } = found;
        let mut instances = Vec::new();
        let mut numbers: Indexed<ResourceIx, Vec<u32>> = Indexed::like(columns, Vec::new);
        for &resource in &group.resources {
            numbers[resource] = vec![0; columns[resource].len()];
            for index in columns[resource].ids.sorted() {
                numbers[resource][index.position()] = instances.len() as u32;
                instances.push((resource, index));
            }
        }
        let (arcs, entries) = Self::arcs_and_entries(found, group, &numbers);
        let mut start = vec![0; instances.len() + 1];
        for &(parent, ..) in &arcs {
            start[parent as usize + 1] += 1;
        }
        for node in 0..instances.len() {
            start[node + 1] += start[node];
        }
        Self {
            instances,
            start,
            arcs: arcs.into_iter().map(|(_, child, edge)| (child, edge)).collect(),
            entries,
        }
    }

    /// The arcs inside the group, sorted, and the nodes to start from. `numbers` holds the node of each instance, by
    /// resource and index.
    fn arcs_and_entries(
        found: Found<'_>,
        group: &Group,
        numbers: &Indexed<ResourceIx, Vec<u32>>,
    ) -> (Vec<SearchArc>, Vec<u32>) {
        let Found { graph, columns, arcs, route, roots } = found;
        let inside = |resource: ResourceIx| group.resources.contains(&resource);
        let mut inner: Vec<SearchArc> = Vec::new();
        // `false` sorts first: roots come before the other entries.
        let mut entries: BTreeSet<(bool, u32)> = BTreeSet::new();
        for (index, edge) in graph.edges.enumerate().filter(|(_, edge)| inside(edge.child)) {
            let child_number = |child: InstanceIx| numbers[edge.child][child.position()];
            if inside(edge.parent) {
                let parent_number = |parent: InstanceIx| numbers[edge.parent][parent.position()];
                let ordered =
                    |child: InstanceIx| route.orders(index, || columns[edge.child].is_affected(child));
                let pairs = arcs[index].pairs().filter(|&(_, child)| ordered(child));
                inner
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
        inner.sort_unstable();
        inner.dedup();
        (inner, entries.into_iter().map(|(_, node)| node).collect())
    }

    fn cut(&self) -> Vec<CutArc> {
        let mut marks = vec![Mark::Unvisited; self.instances.len()];
        let mut cut = Vec::new();
        for &entry in &self.entries {
            if marks[entry as usize] == Mark::Unvisited {
                self.walk_from(entry, &mut marks, &mut cut);
            }
        }
        cut
    }

    /// Uses its own stack instead of recursion: a chain of instances can be a million long.
    fn walk_from(&self, entry: u32, marks: &mut [Mark], cut: &mut Vec<CutArc>) {
        marks[entry as usize] = Mark::OnPath;
        let mut path = vec![(entry, self.start[entry as usize])];
        while let Some((node, next)) = path.last_mut() {
            let node = *node as usize;
            if *next == self.start[node + 1] {
                marks[node] = Mark::Finished;
                path.pop();
                continue;
            }
            let (child, edge) = self.arcs[*next];
            *next += 1;
            match marks[child as usize] {
                Mark::Finished => {}
                Mark::Unvisited => {
                    marks[child as usize] = Mark::OnPath;
                    path.push((child, self.start[child as usize]));
                }
                Mark::OnPath => cut.push(CutArc {
                    edge,
                    parent: self.instances[node].1,
                    child: self.instances[child as usize].1,
                }),
            }
        }
    }
}
