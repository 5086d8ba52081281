//! Routes: the part of the graph that one operation reaches from one root resource, with the finder and the decision for
//! each edge.

use super::components::components;
use super::graph::{Edge, Graph, GraphDecision, GraphRule};
use crate::ids::{EdgeIx, Index, Indexed, ResourceIx};

/// The consequence for an instance that the operation reaches.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reach {
    /// An effect runs on it. `effect` is a position in the effects of the resource. From a leaf, the operation does not
    /// propagate to dependents.
    Effect { effect: usize, leaf: bool },
    /// It is removed together with its parent.
    WithParent,
    /// It stays, and the plan lists it.
    Retained,
    /// It vetoes the plan, unless it is removed by another rule.
    Restricts,
}

/// An edge along which the operation propagates.
#[derive(Clone, Copy, Debug)]
pub(crate) struct EdgeRoute {
    /// The position of the finder in its extension.
    pub(crate) finder: usize,
    pub(crate) reach: Reach,
    /// If true, only children whose owners are all removed are reached.
    pub(crate) shared: bool,
    /// The position of the root resource in [`Route::roots`].
    pub(crate) root: usize,
}

/// A resource that an operation starts from.
#[derive(Clone, Copy, Debug)]
pub(crate) struct RootRoute {
    pub(crate) resource: ResourceIx,
    pub(crate) reach: Reach,
}

/// The edges along which an operation propagates from its root resources.
#[derive(Clone, Debug)]
pub(crate) struct Route {
    /// Mostly one.
    pub(crate) roots: Vec<RootRoute>,
    /// `None` for an edge along which the operation does not propagate.
    pub(crate) edges: Indexed<EdgeIx, Option<EdgeRoute>>,
}

/// A strongly connected component of the resources: usually one resource; several only if they depend on each other.
#[derive(Clone, Debug)]
pub(crate) struct Group {
    pub(crate) resources: Vec<ResourceIx>,
    /// Whether the group contains a cycle: several resources, or one that depends on itself.
    pub(crate) cyclic: bool,
}

impl Route {
    /// The route of `operation` from `roots`. `graph` is the graph [for](Graph::for_roots) that many. The error is a root for
    /// which no rule decides about an instance that is itself the root.
    pub(crate) fn new(graph: &Graph, operation: usize, roots: &[ResourceIx]) -> Result<Self, ResourceIx> {
        let root_route =
            |&resource: &ResourceIx| match decide(&graph.resources[resource].root_rules, operation, resource)
            {
                Some(GraphDecision::Effect { effect, leaf }) => {
                    Ok(RootRoute { resource, reach: Reach::Effect { effect, leaf } })
                }
                _ => Err(resource),
            };
        let edges = graph.edges.iter().map(|edge| edge_route(edge, operation, roots[edge.root])).collect();
        Ok(Self { roots: roots.iter().map(root_route).collect::<Result<_, _>>()?, edges })
    }

    /// For each edge, whether a parent that waits for the completion of a child may wait in a cycle: the child may complete
    /// with another parent, and that parent may in turn wait for this one.
    pub(crate) fn completion_waits_may_cycle(&self, graph: &Graph) -> Indexed<EdgeIx, bool> {
        let completes_child =
            |edge: EdgeIx| self.edges[edge].is_some_and(|route| route.reach == Reach::WithParent);
        if !graph.edges.indices().any(completes_child) {
            return Indexed::like(&graph.edges, || false);
        }
        // Each resource has one node for its steps, and one for the completion of instances that complete with a parent.
        let count = graph.resources.len();
        let steps = |resource: ResourceIx| resource.number();
        let completion = |resource: ResourceIx| count as u32 + resource.number();
        let mut waits = Vec::new();
        for (resource, node) in graph.resources.enumerate() {
            waits.push((completion(resource), steps(resource)));
            waits.extend(node.after.iter().map(|&first| (steps(resource), completion(first))));
        }
        for (index, edge) in graph.edges.enumerate().filter(|(index, _)| self.edges[*index].is_some()) {
            waits.push((steps(edge.parent), steps(edge.child)));
            if self.may_wait_for_completion(index) {
                waits.push((steps(edge.parent), completion(edge.child)));
            }
            if completes_child(index) {
                waits.push((completion(edge.child), steps(edge.parent)));
                waits.push((completion(edge.child), completion(edge.parent)));
            }
        }
        let group_of = components(2 * count, &waits);
        let may_cycle = |(index, edge): (EdgeIx, &Edge)| {
            let (parent, child) = (steps(edge.parent), completion(edge.child));
            self.may_wait_for_completion(index) && group_of[parent as usize] == group_of[child as usize]
        };
        graph.edges.enumerate().map(may_cycle).collect()
    }

    /// Whether a parent along the edge may exist whose child does not complete with it, so that it waits for the child. Along
    /// a shared edge that holds for an owner if another owner stays.
    fn may_wait_for_completion(&self, edge: EdgeIx) -> bool {
        self.edges[edge].is_some_and(|route| route.reach != Reach::WithParent || route.shared)
    }

    /// Whether the step of a parent waits for its child along this edge. No parent waits for a child that is not affected. If
    /// any rule affects the child, its parents wait along every edge.
    pub(crate) fn orders(&self, edge: EdgeIx, is_affected: impl FnOnce() -> bool) -> bool {
        self.edges[edge].is_some_and(|route| {
            let is_always_affected =
                matches!(route.reach, Reach::Effect { .. } | Reach::WithParent) && !route.shared;
            is_always_affected || is_affected()
        })
    }

    /// For each resource, the length of the longest chain of groups above it.
    pub(crate) fn depths(&self, graph: &Graph) -> Indexed<ResourceIx, u32> {
        let mut depths = Indexed::like(&graph.resources, || 0);
        for group in self.groups(graph) {
            let outer_parents = |&resource: &ResourceIx| {
                let edges = graph.resources[resource].up.iter().filter(|&&edge| self.edges[edge].is_some());
                edges.map(|&edge| graph.edges[edge].parent).filter(|parent| !group.resources.contains(parent))
            };
            let parents = group.resources.iter().flat_map(outer_parents);
            let depth = parents.map(|parent| depths[parent] + 1).max().unwrap_or(0);
            for &resource in &group.resources {
                depths[resource] = depth;
            }
        }
        depths
    }

    /// The groups of resources in topological order: parents before children.
    pub(crate) fn groups(&self, graph: &Graph) -> Vec<Group> {
        let mut self_loop: Indexed<ResourceIx, bool> = Indexed::like(&graph.resources, || false);
        let mut arcs = Vec::new();
        for (edge, _) in graph.edges.iter().zip(&self.edges).filter(|(_, route)| route.is_some()) {
            arcs.push((edge.parent.number(), edge.child.number()));
            self_loop[edge.child] |= edge.parent == edge.child;
        }
        let group_of = components(graph.resources.len(), &arcs);
        let count = group_of.iter().max().map_or(0, |&last| last as usize + 1);
        let mut groups = vec![Group { resources: Vec::new(), cyclic: false }; count];
        for (resource, &number) in graph.resources.indices().zip(&group_of) {
            // Components are numbered children first.
            groups[count - 1 - number as usize].resources.push(resource);
        }
        for group in &mut groups {
            group.cyclic = group.resources.len() > 1 || self_loop[group.resources[0]];
        }
        groups
    }
}

fn edge_route(edge: &Edge, operation: usize, root: ResourceIx) -> Option<EdgeRoute> {
    let decision = decide(&edge.rules, operation, root)?;
    let reach = match decision {
        GraphDecision::Ignore => return None,
        GraphDecision::Effect { effect, leaf } => Reach::Effect { effect, leaf },
        GraphDecision::Shared { effect: Some(effect) } => Reach::Effect { effect, leaf: false },
        GraphDecision::WithParent | GraphDecision::Shared { effect: None } => Reach::WithParent,
        GraphDecision::Retain => Reach::Retained,
        GraphDecision::Restrict => Reach::Restricts,
    };
    let specific = edge.finders.iter().find(|finder| finder.operation == Some(operation));
    let finder = specific.or_else(|| edge.finders.iter().find(|finder| finder.operation.is_none()))?;
    let shared = matches!(decision, GraphDecision::Shared { .. });
    Some(EdgeRoute { finder: finder.method, reach, shared, root: edge.root })
}

/// The decision of the rule for this root, else that of the rule for all roots.
fn decide(rules: &[GraphRule], operation: usize, root: ResourceIx) -> Option<GraphDecision> {
    let decision_for = |root: Option<ResourceIx>| {
        rules.iter().find(|rule| rule.operation == operation && rule.root == root).map(|rule| rule.decision)
    };
    decision_for(Some(root)).or_else(|| decision_for(None))
}
