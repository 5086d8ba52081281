//! The dependency tree of one root: the graph, unfolded into its simple paths.
//!
//! The tree is for display. It can have exponentially many branches, so the engine never walks it, and nodes are computed
//! on demand.

use std::fmt;

use super::graph::{Graph, ResourceNode};
use super::route::{Reach, Route};
use crate::ids::{EdgeIx, ResourceIx};
use crate::model::Operation;

/// A node of a dependency tree: a resource, and the edges from the root to it.
#[derive(Clone, Debug)]
pub struct TreeNode<'g> {
    graph: &'g Graph,
    route: Option<&'g Route>,
    root: ResourceIx,
    path: Vec<EdgeIx>,
}

/// The dependency tree of one root.
#[derive(Clone, Debug)]
pub struct Tree<'g> {
    graph: &'g Graph,
    route: Option<Route>,
    root: ResourceIx,
}

impl Graph {
    /// The dependency tree of the resource with this name, along all edges; `None` if there is no such resource.
    pub fn tree(&self, root: &str) -> Option<Tree<'_>> {
        Some(Tree { graph: self, route: None, root: self.find_resource(root)? })
    }

    /// The dependency tree along which `O` propagates from that root. `None` if there is no such resource, or `O` has no
    /// rule for an instance of it that is itself the root.
    pub fn tree_of<O: Operation>(&self, root: &str) -> Option<Tree<'_>> {
        let root = self.find_resource(root)?;
        let route = Route::new(self, self.find_operation(O::CODE)?, &[root]).ok()?;
        Some(Tree { graph: self, route: Some(route), root })
    }
}

impl Tree<'_> {
    /// The root of the tree.
    pub fn root(&self) -> TreeNode<'_> {
        TreeNode { graph: self.graph, route: self.route.as_ref(), root: self.root, path: Vec::new() }
    }
}

impl<'g> TreeNode<'g> {
    /// The resource.
    pub fn resource(&self) -> &'g ResourceNode {
        &self.graph.resources[self.last()]
    }

    /// The number of resources above it on its path.
    pub fn depth(&self) -> usize {
        self.path.len()
    }

    /// The role of the edge from its parent in the tree; `None` if the edge has none.
    pub fn role(&self) -> Option<&'g str> {
        self.graph.edges[*self.path.last()?].role.as_deref()
    }

    /// The children, by name and role, computed on demand. A resource that is already on the path is left out, so that cycles
    /// end.
    pub fn children(&self) -> impl Iterator<Item = TreeNode<'g>> + '_ {
        self.resource().down.iter().filter_map(|&edge| {
            let child = self.graph.edges[edge].child;
            let is_on_route =
                self.route.is_none_or(|route| !self.is_leaf(route) && route.edges[edge].is_some());
            let is_on_path =
                child == self.root || self.path.iter().any(|&edge| self.graph.edges[edge].child == child);
            (is_on_route && !is_on_path).then(|| {
                let path = self.path.iter().copied().chain([edge]).collect();
                TreeNode { graph: self.graph, route: self.route, root: self.root, path }
            })
        })
    }

    /// The effect on instances that are reached by this path, or the policy: `retain`, `restrict` or `with_parent`. `None` in
    /// a tree along all edges.
    pub fn effect(&self) -> Option<&'g str> {
        Some(match self.reach(self.route?)? {
            Reach::Effect { effect, .. } => &self.resource().effects[effect].name,
            Reach::WithParent => "with_parent",
            Reach::Retained => "retain",
            Reach::Restricts => "restrict",
        })
    }

    fn is_leaf(&self, route: &Route) -> bool {
        match self.reach(route) {
            Some(Reach::Effect { leaf, .. }) => leaf,
            Some(Reach::WithParent) => false,
            Some(Reach::Retained | Reach::Restricts) | None => true,
        }
    }

    fn reach(&self, route: &Route) -> Option<Reach> {
        match self.path.last() {
            Some(&edge) => route.edges[edge].map(|route| route.reach),
            None => route.roots.first().map(|root| root.reach),
        }
    }

    fn last(&self) -> ResourceIx {
        self.path.last().map_or(self.root, |&edge| self.graph.edges[edge].child)
    }
}

impl fmt::Display for Tree<'_> {
    /// Prints one line per node. The tree can be exponentially large: use [`Tree::root`] to walk only a part of it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let root = self.root();
        write_node(&root, f)?;
        write_children(&root, "", f)
    }
}

fn write_node(node: &TreeNode<'_>, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    f.write_str(node.resource().name())?;
    if let Some(role) = node.role() {
        write!(f, " ({role})")?;
    }
    match node.effect() {
        Some(effect) => writeln!(f, ": {effect}"),
        None => writeln!(f),
    }
}

fn write_children(node: &TreeNode<'_>, indent: &str, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    let mut children = node.children().peekable();
    while let Some(child) = children.next() {
        let (branch, below) =
            if children.peek().is_some() { ("├── ", "│   ") } else { ("└── ", "    ") };
        write!(f, "{indent}{branch}")?;
        write_node(&child, f)?;
        write_children(&child, &format!("{indent}{below}"), f)?;
    }
    Ok(())
}
