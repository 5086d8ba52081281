//! Which parents a step holds: those of its instances along the edge that its extension declares as `exclusive`.

use std::collections::HashMap;

use crate::affected::Affected;
use crate::graph::Graph;
use crate::ids::{EdgeIx, Index, Indexed, InstanceIx, NodeIx, PackedOption, ParentSetIx, ResourceIx};

/// The parents that the steps of exclusive extensions hold.
#[derive(Debug)]
pub(crate) struct HeldParents {
    /// By lane; `None` for a lane whose steps hold no parents.
    lanes: Vec<Option<LaneParents>>,
    /// The nodes of the parents in each set.
    sets: Indexed<ParentSetIx, Vec<NodeIx>>,
    /// The number of nodes of instances.
    nodes: usize,
}

/// The parents that the steps of one lane hold.
#[derive(Debug)]
struct LaneParents {
    /// The resource of the parents.
    resource: ResourceIx,
    /// The first node of the resource of the lane.
    first: NodeIx,
    /// By instance; none if the plan knows no parent.
    sets: Vec<PackedOption<ParentSetIx>>,
}

impl HeldParents {
    /// `None` if no extension is exclusive.
    pub(crate) fn of(affected: &Affected) -> Option<Self> {
        let graph = &affected.graph;
        if !graph.edges.iter().any(|edge| edge.exclusive) {
            return None;
        }
        let mut known = HashMap::new();
        let mut sets = Indexed::new();
        let mut lanes = Vec::new();
        for extension in 0..graph.extensions.len() {
            let edges = exclusive_edges(graph, extension);
            lanes.push(edges.first().map(|&edge| {
                let (parent, child) = (graph.edges[edge].parent, graph.edges[edge].child);
                let of_instances = InstanceIx::all(affected.columns[child].len()).map(|index| {
                    let parents = parents_of(affected, &edges, index);
                    let new = ParentSetIx::at(sets.len());
                    (!parents.is_empty()).then(|| {
                        *known.entry(parents.clone()).or_insert_with(|| {
                            sets.push(parents);
                            new
                        })
                    })
                });
                let sets = of_instances.map(PackedOption::from).collect();
                LaneParents { resource: parent, first: affected.base.first(child), sets }
            }));
        }
        Some(Self { lanes, sets, nodes: affected.nodes() })
    }

    /// The resource of the parents that steps of a lane hold; `None` if they hold none.
    pub(crate) fn resource(&self, lane: usize) -> Option<ResourceIx> {
        Some(self.lanes[lane].as_ref()?.resource)
    }

    /// The parents that a step of that lane on an instance holds; `None` if the plan knows none.
    pub(crate) fn set_of(&self, lane: usize, instance: NodeIx) -> Option<ParentSetIx> {
        let parents = self.lanes[lane].as_ref()?;
        parents.sets[instance.instance(parents.first).position()].get()
    }

    /// The nodes of the parents of a set.
    pub(crate) fn nodes_of(&self, set: ParentSetIx) -> &[NodeIx] {
        &self.sets[set]
    }

    /// The number of nodes of instances.
    pub(crate) fn nodes(&self) -> usize {
        self.nodes
    }
}

/// The copies of the edge that an extension declares as exclusive. Empty if it declares none.
fn exclusive_edges(graph: &Graph, extension: usize) -> Vec<EdgeIx> {
    let edges = graph.edges.enumerate();
    edges.filter(|(_, edge)| edge.exclusive && edge.extension == extension).map(|(edge, _)| edge).collect()
}

/// The nodes of the parents of an instance along these edges, each once, in order.
fn parents_of(affected: &Affected, edges: &[EdgeIx], index: InstanceIx) -> Vec<NodeIx> {
    let along = |&edge: &EdgeIx| {
        let resource = affected.graph.edges[edge].parent;
        affected.parents(edge, index).into_iter().map(move |parent| affected.node(resource, parent))
    };
    let mut parents: Vec<NodeIx> = edges.iter().flat_map(along).collect();
    parents.sort_unstable();
    parents.dedup();
    parents
}
