//! The graph as one operation sees it that starts from one resource: which edges it goes along, with which finder
//! and which effect.

use super::components::components;
use super::graph::{Edge, Graph, GraphDecision, GraphRule};

/// What happens to an instance that is reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reach {
    /// It gets an effect, by its place in the resource's list. A leaf goes no further down.
    Effect { effect: usize, leaf: bool },
    /// The parent's end takes it.
    WithParent,
    /// It stays, and is listed.
    Retained,
    /// It is in the way, unless it goes by another path.
    Restricts,
}

/// An edge that the operation goes along.
#[derive(Clone, Copy, Debug)]
pub(crate) struct EdgeRoute {
    pub(crate) finder: usize,
    pub(crate) reach: Reach,
    /// Only what loses its last owner is reached.
    pub(crate) shared: bool,
}

/// An operation's way through the graph from one root resource.
#[derive(Clone, Debug)]
pub(crate) struct Route {
    pub(crate) root: usize,
    pub(crate) root_reach: Reach,
    /// For each edge of the graph, by its index; `None` where the operation does not go along it.
    pub(crate) edges: Vec<Option<EdgeRoute>>,
}

/// The resources in groups, each group after all that lead to it. A group has more than one resource, or is
/// `cyclic`, only where resources lead to each other.
#[derive(Clone, Debug)]
pub(crate) struct Group {
    pub(crate) resources: Vec<usize>,
    pub(crate) cyclic: bool,
}

impl Route {
    /// The way of `operation` from `root`; `None` where no rule says what it does to the root itself.
    pub(crate) fn new(graph: &Graph, operation: usize, root: usize) -> Option<Self> {
        let GraphDecision::Effect { effect, leaf } =
            decide(&graph.resources[root].root_rules, operation, root)?
        else {
            return None;
        };
        let edges: Vec<_> = graph.edges.iter().map(|edge| edge_route(edge, operation, root)).collect();
        Some(Self { root, root_reach: Reach::Effect { effect, leaf }, edges })
    }

    /// For each edge, whether to wait along it for the end of a child that another parent takes may be to wait for
    /// oneself: the one that takes the child may wait for this one.
    pub(crate) fn ends_may_circle(&self, graph: &Graph) -> Vec<bool> {
        let taking = |edge: usize| self.edges[edge].is_some_and(|route| route.reach == Reach::WithParent);
        if !(0..graph.edges.len()).any(taking) {
            return vec![false; graph.edges.len()];
        }
        // A node for each resource's steps, and one for what ends with a parent's step.
        let count = graph.resources.len();
        let steps = |resource: usize| resource as u32;
        let end = |resource: usize| (count + resource) as u32;
        let mut waits = Vec::new();
        for (resource, node) in graph.resources.iter().enumerate() {
            waits.push((end(resource), steps(resource)));
            waits.extend(node.after.iter().map(|&first| (steps(resource), end(first))));
        }
        for (index, edge) in graph.edges.iter().enumerate().filter(|(index, _)| self.edges[*index].is_some())
        {
            waits.push((steps(edge.parent), steps(edge.child)));
            if self.may_wait_for_end(index) {
                waits.push((steps(edge.parent), end(edge.child)));
            }
            if taking(index) {
                waits.push((end(edge.child), steps(edge.parent)));
                waits.push((end(edge.child), end(edge.parent)));
            }
        }
        let group_of = components(2 * count, &waits);
        let circles = |(index, edge): (usize, &Edge)| {
            let (parent, child) = (steps(edge.parent), end(edge.child));
            self.may_wait_for_end(index) && group_of[parent as usize] == group_of[child as usize]
        };
        graph.edges.iter().enumerate().map(circles).collect()
    }

    /// Whether a parent along the edge may hang above a child without taking it: an owner that shares it does not if
    /// another stays.
    fn may_wait_for_end(&self, edge: usize) -> bool {
        self.edges[edge].is_some_and(|route| route.reach != Reach::WithParent || route.shared)
    }

    /// Whether the child, if it hangs off a parent along that edge, ends before the parent's step starts. Nothing waits
    /// for what stays; what another rule takes is waited for along every edge.
    pub(crate) fn orders(&self, edge: usize, is_affected: impl FnOnce() -> bool) -> bool {
        self.edges[edge].is_some_and(|route| {
            let is_always_affected =
                matches!(route.reach, Reach::Effect { .. } | Reach::WithParent) && !route.shared;
            is_always_affected || is_affected()
        })
    }

    /// For each resource, how many levels of others lead to it at most.
    pub(crate) fn depths(&self, graph: &Graph) -> Vec<u32> {
        let mut depths = vec![0; graph.resources.len()];
        for group in self.groups(graph) {
            let above = |&resource: &usize| {
                let up = graph.resources[resource].up.iter().filter(|&&edge| self.edges[edge].is_some());
                up.map(|&edge| graph.edges[edge].parent).filter(|parent| !group.resources.contains(parent))
            };
            let parents = group.resources.iter().flat_map(above);
            let depth = parents.map(|parent| depths[parent] + 1).max().unwrap_or(0);
            for &resource in &group.resources {
                depths[resource] = depth;
            }
        }
        depths
    }

    /// The groups of resources, parents before children.
    pub(crate) fn groups(&self, graph: &Graph) -> Vec<Group> {
        let mut self_loop = vec![false; graph.resources.len()];
        let mut arcs = Vec::new();
        for (edge, _) in graph.edges.iter().zip(&self.edges).filter(|(_, route)| route.is_some()) {
            arcs.push((edge.parent as u32, edge.child as u32));
            self_loop[edge.child] |= edge.parent == edge.child;
        }
        let group_of = components(graph.resources.len(), &arcs);
        let count = group_of.iter().max().map_or(0, |&last| last as usize + 1);
        let mut groups = vec![Group { resources: Vec::new(), cyclic: false }; count];
        for (resource, &number) in group_of.iter().enumerate() {
            // Children have the lower numbers.
            groups[count - 1 - number as usize].resources.push(resource);
        }
        for group in &mut groups {
            group.cyclic = group.resources.len() > 1 || self_loop[group.resources[0]];
        }
        groups
    }
}

fn edge_route(edge: &Edge, operation: usize, root: usize) -> Option<EdgeRoute> {
    let decision = decide(&edge.rules, operation, root)?;
    let reach = match decision {
        GraphDecision::Ignore => return None,
        GraphDecision::Effect { effect, leaf } => Reach::Effect { effect, leaf },
        GraphDecision::Shared { effect: Some(effect) } => Reach::Effect { effect, leaf: false },
        GraphDecision::WithParent | GraphDecision::Shared { effect: None } => Reach::WithParent,
        GraphDecision::Retain => Reach::Retained,
        GraphDecision::Restrict => Reach::Restricts,
    };
    let of_its_own = edge.finders.iter().find(|finder| finder.operation == Some(operation));
    let finder = of_its_own.or_else(|| edge.finders.iter().find(|finder| finder.operation.is_none()))?;
    let shared = matches!(decision, GraphDecision::Shared { .. });
    Some(EdgeRoute { finder: finder.method, reach, shared })
}

/// The rule for this root if there is one, else the rule for any.
fn decide(rules: &[GraphRule], operation: usize, root: usize) -> Option<GraphDecision> {
    let of = |wanted: Option<usize>| {
        rules.iter().find(|rule| rule.operation == operation && rule.root == wanted).map(|rule| rule.decision)
    };
    of(Some(root)).or_else(|| of(None))
}
