//! A part of the graph to display: the whole graph, the dependents of a root, or the resources that an operation reaches.

use std::collections::BTreeSet;

use super::decide::{decide, leads_on, rule_words, words};
use super::document::{Document, EdgeDocument, ResourceDocument, RuleDocument};
use super::index::Index;
use crate::model::{Decision, nearest};

/// A part of a document: resources, and edges with the rules of an operation.
///
/// [`Document::whole`] and [`Document::view`] make a view; [`to`](Self::to) renders it.
#[derive(Clone, Debug)]
pub struct View<'d> {
    pub(crate) index: Index<'d>,
    pub(crate) root: Option<usize>,
    pub(crate) operation: Option<&'d str>,
    /// By index, and so sorted by name.
    pub(crate) resources: BTreeSet<usize>,
    pub(crate) edges: Vec<ViewEdge<'d>>,
}

/// An edge in a view.
#[derive(Clone, Debug)]
pub(crate) struct ViewEdge<'d> {
    pub(crate) edge: usize,
    pub(crate) parent: usize,
    pub(crate) child: usize,
    pub(crate) role: Option<&'d str>,
    /// The rules to show on the edge: one if the view has a root and an operation, none if it has no operation.
    pub(crate) rules: Vec<&'d RuleDocument>,
    /// Whether the view has a root, so that labels need not name the roots of a rule.
    pub(crate) has_root: bool,
}

/// A name that is not in the document.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum UnknownName {
    /// The document has no resource with that name.
    #[error("there is no resource `{name}`{}", did_you_mean(.nearest.as_deref()))]
    Resource {
        /// The name that was given.
        name: String,
        /// The most similar name of a resource, if one is similar.
        nearest: Option<String>,
    },
    /// The document has no operation with that name or code.
    #[error("no rule mentions an operation `{name}`: there {known}")]
    Operation {
        /// The name or code that was given.
        name: String,
        /// The known operations, in words.
        known: String,
    },
    /// The operation cannot start from that resource.
    #[error("{operation} has no rule for {resource} as the root")]
    Start {
        /// The operation.
        operation: String,
        /// The resource.
        resource: String,
    },
}

fn did_you_mean(nearest: Option<&str>) -> String {
    nearest.map_or_else(String::new, |name| format!(": did you mean `{name}`?"))
}

impl ViewEdge<'_> {
    /// The text on the edge: its role and its rules. Empty without both.
    pub(crate) fn label(&self) -> String {
        let rules = self.decisions();
        match self.role {
            Some(role) if rules.is_empty() => role.to_owned(),
            Some(role) => format!("{role}: {rules}"),
            None => rules,
        }
    }

    /// The rules of the edge in words; empty without rules.
    pub(crate) fn decisions(&self) -> String {
        let label = |rule: &RuleDocument| {
            if self.has_root { words(&rule.decision) } else { rule_words(rule) }
        };
        let labels = self.rules.iter().map(|&rule| label(rule));
        labels.collect::<Vec<_>>().join(", ")
    }

    /// Whether the operation continues to the dependents of an instance that is found along the edge.
    pub(crate) fn leads_on(&self) -> bool {
        self.rules.is_empty() || self.rules.iter().any(|rule| rule.leads_on())
    }

    /// The decision, if there is exactly one.
    pub(crate) fn decision(&self) -> Option<&Decision> {
        match self.rules.as_slice() {
            [rule] => Some(&rule.decision),
            _ => None,
        }
    }
}

impl<'d> View<'d> {
    /// The resources in the view, sorted by name.
    pub fn resources(&self) -> impl Iterator<Item = &'d ResourceDocument> + '_ {
        self.resources.iter().map(|&resource| &self.index.document.resources[resource])
    }

    /// The edges in the view, sorted by child, then by parent, then by role.
    pub fn edges(&self) -> impl Iterator<Item = &'d EdgeDocument> + '_ {
        self.edges.iter().map(|edge| &self.index.document.edges[edge.edge])
    }

    /// The number of resources in the view.
    pub fn len(&self) -> usize {
        self.resources.len()
    }

    /// Whether the view has no resources.
    pub fn is_empty(&self) -> bool {
        self.resources.is_empty()
    }
}

impl Document {
    /// The whole graph.
    pub fn whole(&self) -> View<'_> {
        let index = Index::new(self);
        let resources = (0..self.resources.len()).collect();
        let edges = edges(&index, |edge| Some((edge, Vec::new())));
        View { index, root: None, operation: None, resources, edges }
    }

    /// A part of the graph:
    ///
    /// * with `root` only: everything that depends on `root`, directly or indirectly,
    /// * with `operation` only: all edges along which the operation can pass,
    /// * with both: the resources that the operation reaches from `root`, and the rule for each edge,
    /// * with neither: the whole graph.
    ///
    /// # Errors
    ///
    /// If a name is unknown, or the operation cannot start from `root`.
    pub fn view(&self, root: Option<&str>, operation: Option<&str>) -> Result<View<'_>, UnknownName> {
        let operation = operation.map(|name| self.known_operation(name)).transpose()?;
        let root = root.map(|name| self.known_resource(name)).transpose()?;
        match (root, operation) {
            (None, None) => Ok(self.whole()),
            (None, Some(operation)) => Ok(self.view_of_operation(operation)),
            (Some(root), operation) => self.view_from(root, operation),
        }
    }

    /// All edges along which the operation can pass, their resources, and the possible roots.
    fn view_of_operation<'d>(&'d self, operation: &'d str) -> View<'d> {
        let index = Index::new(self);
        let edges = edges(&index, |edge| {
            let rules = self.edges[edge].rules.iter().filter(|rule| rule.operation == operation);
            let rules: Vec<_> = rules.filter(|rule| rule.decision != Decision::Ignore).collect();
            (!rules.is_empty()).then_some((edge, rules))
        });
        let roots = (0..self.resources.len()).filter(|&resource| {
            self.resources[resource].rules.iter().any(|rule| rule.operation == operation)
        });
        let resources = edges.iter().flat_map(|edge| [edge.parent, edge.child]).chain(roots).collect();
        View { index, root: None, operation: Some(operation), resources, edges }
    }

    fn view_from<'d>(&'d self, root: &'d str, operation: Option<&'d str>) -> Result<View<'d>, UnknownName> {
        let index = Index::new(self);
        let start = index.resource(root).unwrap_or_default();
        let root_leads_on = match operation {
            None => true,
            Some(operation) => {
                let rule = decide(&self.resources[start].rules, operation, root);
                let rule = rule.ok_or_else(|| UnknownName::Start {
                    operation: self.operation_name(operation).to_owned(),
                    resource: root.to_owned(),
                })?;
                leads_on(&rule.decision)
            }
        };
        let mut walk =
            ViewWalk { index: &index, root, operation, expanded: BTreeSet::new(), edges: Vec::new() };
        if root_leads_on {
            walk.expand(start);
        }
        let mut edges = walk.edges;
        edges.sort_by_key(|edge| edge.edge);
        let resources = edges.iter().map(|edge| edge.child).chain([start]).collect();
        Ok(View { index, root: Some(start), operation, resources, edges })
    }

    /// The name, if the document has such a resource.
    ///
    /// # Errors
    ///
    /// If it has none. The error has the most similar name.
    pub fn known_resource(&self, name: &str) -> Result<&str, UnknownName> {
        match self.resource(name) {
            Some(resource) => Ok(&resource.name),
            None => Err(UnknownName::Resource { name: name.to_owned(), nearest: self.nearest(name) }),
        }
    }

    /// The code of the operation with that name or code.
    ///
    /// # Errors
    ///
    /// If the document has no such operation. The error lists the known operations.
    pub fn known_operation(&self, name: &str) -> Result<&str, UnknownName> {
        let known = || {
            let names: Vec<String> = self.operations.iter().map(|one| format!("`{}`", one.name)).collect();
            match names.as_slice() {
                [] => String::from("are none"),
                [name] => format!("is {name}"),
                _ => format!("are {}", names.join(", ")),
            }
        };
        let operation = self.operation(name);
        operation
            .map(|operation| operation.code.as_str())
            .ok_or_else(|| UnknownName::Operation { name: name.to_owned(), known: known() })
    }

    fn nearest(&self, name: &str) -> Option<String> {
        nearest(self.resources.iter().map(|resource| resource.name.as_str()), name).map(str::to_owned)
    }
}

fn edges<'d>(
    index: &Index<'d>,
    mut shown: impl FnMut(usize) -> Option<(usize, Vec<&'d RuleDocument>)>,
) -> Vec<ViewEdge<'d>> {
    let ends = index.ends.iter().enumerate().filter_map(|(edge, ends)| Some((edge, (*ends)?)));
    ends.filter_map(|(edge, (parent, child))| {
        let role = index.document.edges[edge].role.as_deref();
        shown(edge).map(|(edge, rules)| ViewEdge { edge, parent, child, role, rules, has_root: false })
    })
    .collect()
}

/// A traversal from a root. A resource is expanded once, when the first edge to it leads on.
struct ViewWalk<'w, 'd> {
    index: &'w Index<'d>,
    root: &'d str,
    operation: Option<&'d str>,
    expanded: BTreeSet<usize>,
    edges: Vec<ViewEdge<'d>>,
}

impl ViewWalk<'_, '_> {
    fn expand(&mut self, start: usize) {
        let document = self.index.document;
        let mut open = vec![start];
        while let Some(parent) = open.pop() {
            if !self.expanded.insert(parent) {
                continue;
            }
            for &edge in &self.index.down[parent] {
                let Some((_, child)) = self.index.ends[edge] else { continue };
                let rules = match self.operation {
                    None => Vec::new(),
                    Some(operation) => match decide(&document.edges[edge].rules, operation, self.root) {
                        Some(rule) if rule.decision != Decision::Ignore => vec![rule],
                        _ => continue,
                    },
                };
                if rules.iter().all(|rule| leads_on(&rule.decision)) {
                    open.push(child);
                }
                let role = document.edges[edge].role.as_deref();
                self.edges.push(ViewEdge { edge, parent, child, role, rules, has_root: true });
            }
        }
    }
}
