//! The dependency tree of one root: the graph, unfolded into its simple paths.
//!
//! The tree is for display. It can have exponentially many branches, so the engine never walks it, and nodes are computed
//! on demand.

use std::fmt;

use super::graph::{Graph, ResourceNode};
use super::route::{Reach, Route};
use crate::ids::ResourceIx;
use crate::model::Operation;

/// A node of a dependency tree: a resource, and the path from the root to it.
#[derive(Clone, Debug)]
pub struct TreeNode<'g> {
    graph: &'g Graph,
    route: Option<&'g Route>,
    path: Vec<ResourceIx>,
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
        let route = Route::new(self, self.find_operation(O::CODE)?, root)?;
        Some(Tree { graph: self, route: Some(route), root })
    }
}

impl Tree<'_> {
    /// The root of the tree.
    pub fn root(&self) -> TreeNode<'_> {
        TreeNode { graph: self.graph, route: self.route.as_ref(), path: vec![self.root] }
    }
}

impl<'g> TreeNode<'g> {
    /// The resource.
    pub fn resource(&self) -> &'g ResourceNode {
        &self.graph.resources[self.last()]
    }

    /// The number of resources above it on its path.
    pub fn depth(&self) -> usize {
        self.path.len() - 1
    }

    /// The children, by name, computed on demand. A resource that is already on the path is left out, so that cycles end.
    pub fn children(&self) -> impl Iterator<Item = TreeNode<'g>> + '_ {
        self.resource().down.iter().filter_map(|&edge| {
            let child = self.graph.edges[edge].child;
            let is_on_route =
                self.route.is_none_or(|route| !self.is_leaf(route) && route.edges[edge].is_some());
            (is_on_route && !self.path.contains(&child)).then(|| {
                let path = self.path.iter().copied().chain([child]).collect();
                TreeNode { graph: self.graph, route: self.route, path }
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
        let [.., parent, child] = self.path.as_slice() else { return Some(route.root_reach) };
        let edges = &self.graph.resources[*child].up;
        let edge = edges.iter().find(|&&edge| self.graph.edges[edge].parent == *parent)?;
        route.edges[*edge].map(|route| route.reach)
    }

    fn last(&self) -> ResourceIx {
        self.path[self.path.len() - 1]
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
