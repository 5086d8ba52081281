//! A part of the graph to look at: all of it, what hangs off a root, or what an operation does from there.

use std::collections::BTreeSet;

use super::decide::{decide, leads_on, rule_words, words};
use super::document::{Document, EdgeDocument, ResourceDocument, RuleDocument};
use super::index::Index;
use crate::model::{Decision, nearest};

/// A part of a document: resources and edges, each edge with what an operation does along it.
///
/// Made by [`Document::whole`] and [`Document::view`]; written by [`to_text`](Self::to_text) and its siblings.
#[derive(Clone, Debug)]
pub struct View<'d> {
    pub(crate) index: Index<'d>,
    pub(crate) root: Option<usize>,
    pub(crate) operation: Option<&'d str>,
    /// By number, and so by name.
    pub(crate) resources: BTreeSet<usize>,
    pub(crate) edges: Vec<ViewEdge<'d>>,
}

/// An edge in a view.
#[derive(Clone, Debug)]
pub(crate) struct ViewEdge<'d> {
    pub(crate) edge: usize,
    pub(crate) parent: usize,
    pub(crate) child: usize,
    /// The rules that are shown on it: one if the root is known, none if no operation was chosen.
    pub(crate) rules: Vec<&'d RuleDocument>,
    /// Whether the rules are those for one root, so that the root need not be told.
    pub(crate) of_root: bool,
}

/// A name that is not in the document.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum UnknownName {
    /// No resource has that name.
    #[error("there is no resource `{name}`{}", did_you_mean(.nearest.as_deref()))]
    Resource {
        /// The name that was given.
        name: String,
        /// The nearest name there is.
        nearest: Option<String>,
    },
    /// No operation has that name or code.
    #[error("no rule mentions an operation `{name}`: there {known}")]
    Operation {
        /// What was given.
        name: String,
        /// The operations there are, in words.
        known: String,
    },
    /// The operation does not start from that resource.
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
    /// What is written on the edge; empty where there is nothing to say.
    pub(crate) fn label(&self) -> String {
        let label = |rule: &RuleDocument| {
            if self.of_root { words(&rule.decision) } else { rule_words(rule) }
        };
        let labels = self.rules.iter().map(|&rule| label(rule));
        labels.collect::<Vec<_>>().join(", ")
    }

    /// Whether what is reached along it leads on to what hangs off it.
    pub(crate) fn leads_on(&self) -> bool {
        self.rules.is_empty() || self.rules.iter().any(|rule| rule.leads_on())
    }

    /// The decision, where there is just one.
    pub(crate) fn decision(&self) -> Option<&Decision> {
        match self.rules.as_slice() {
            [rule] => Some(&rule.decision),
            _ => None,
        }
    }
}

impl<'d> View<'d> {
    /// The resources in the view, by name.
    pub fn resources(&self) -> impl Iterator<Item = &'d ResourceDocument> + '_ {
        self.resources.iter().map(|&at| &self.index.document.resources[at])
    }

    /// The edges in the view, by child and then by parent.
    pub fn edges(&self) -> impl Iterator<Item = &'d EdgeDocument> + '_ {
        self.edges.iter().map(|edge| &self.index.document.edges[edge.edge])
    }

    /// How many resources are in it.
    pub fn len(&self) -> usize {
        self.resources.len()
    }

    /// Whether there is nothing in it.
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

    /// What hangs off `root`, all edges that `operation` goes along, or, with both, what the operation reaches from
    /// there and what it does along each edge. With neither, the whole graph.
    pub fn view(&self, root: Option<&str>, operation: Option<&str>) -> Result<View<'_>, UnknownName> {
        let operation = operation.map(|name| self.known_operation(name)).transpose()?;
        let root = root.map(|name| self.known_resource(name)).transpose()?;
        match (root, operation) {
            (None, None) => Ok(self.whole()),
            (None, Some(operation)) => Ok(self.along(operation)),
            (Some(root), operation) => self.below(root, operation),
        }
    }

    /// The edges that the operation goes along from some root, and the resources that it touches.
    fn along<'d>(&'d self, operation: &'d str) -> View<'d> {
        let index = Index::new(self);
        let edges = edges(&index, |edge| {
            let rules = self.edges[edge].rules.iter().filter(|rule| rule.operation == operation);
            let rules: Vec<_> = rules.filter(|rule| rule.decision != Decision::Ignore).collect();
            (!rules.is_empty()).then_some((edge, rules))
        });
        let starts = (0..self.resources.len())
            .filter(|&at| self.resources[at].rules.iter().any(|rule| rule.operation == operation));
        let resources = edges.iter().flat_map(|edge| [edge.parent, edge.child]).chain(starts).collect();
        View { index, root: None, operation: Some(operation), resources, edges }
    }

    fn below<'d>(&'d self, root: &'d str, operation: Option<&'d str>) -> Result<View<'d>, UnknownName> {
        let index = Index::new(self);
        let start = index.resource(root).unwrap_or_default();
        let goes_on = match operation {
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
        if goes_on {
            walk.expand(start);
        }
        let mut edges = walk.edges;
        edges.sort_by_key(|edge| edge.edge);
        let resources = edges.iter().map(|edge| edge.child).chain([start]).collect();
        Ok(View { index, root: Some(start), operation, resources, edges })
    }

    /// That name, if a resource has it; the error names the nearest.
    pub fn known_resource(&self, name: &str) -> Result<&str, UnknownName> {
        match self.resource(name) {
            Some(resource) => Ok(&resource.name),
            None => Err(UnknownName::Resource { name: name.to_owned(), nearest: self.nearest(name) }),
        }
    }

    /// The code of the operation of that name or code; the error lists what there is.
    pub fn known_operation(&self, name: &str) -> Result<&str, UnknownName> {
        let known = || {
            let names: Vec<String> = self.operations.iter().map(|one| format!("`{}`", one.name)).collect();
            match names.as_slice() {
                [] => String::from("are none"),
                [one] => format!("is {one}"),
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
        shown(edge).map(|(edge, rules)| ViewEdge { edge, parent, child, rules, of_root: false })
    })
    .collect()
}

/// A walk down from a root. A resource is expanded once, as soon as some edge into it leads on.
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
                self.edges.push(ViewEdge { edge, parent, child, rules, of_root: true });
            }
        }
    }
}
