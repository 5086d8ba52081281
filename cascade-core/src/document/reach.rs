//! The resources that an operation reaches from a root.

use std::collections::BTreeSet;

use super::decide::{decide, leads_on};
use super::document::{Document, ResourceDocument};
use super::index::Index;
use crate::model::Decision;

/// Computes which resources operations reach. Reuse one value for many queries: the cost of a query is proportional to the
/// resources that it reaches.
#[derive(Debug)]
pub struct Reach<'d> {
    index: Index<'d>,
    /// For each resource, the last query that reached it.
    reached: Vec<usize>,
    /// For each resource, the last query that followed its edges.
    expanded: Vec<usize>,
    /// The number of the current query, from 1.
    query: usize,
}

/// The resources and edges that an operation reaches.
#[derive(Debug, Default)]
#[non_exhaustive]
pub struct Reached<'d> {
    /// The resources, sorted by name. [`Reach::of`] leaves out the root.
    pub resources: Vec<&'d str>,
    /// The indices of the edges in [`Document::edges`], each with the index of the rule that applies to it.
    pub edges: Vec<(usize, usize)>,
}

impl<'d> Reach<'d> {
    /// For queries on that document.
    pub fn new(document: &'d Document) -> Self {
        let resources = document.resources.len();
        Self {
            index: Index::new(document),
            reached: vec![0; resources],
            expanded: vec![0; resources],
            query: 0,
        }
    }

    /// The resources that the operation with that code reaches from `root`; `None` if the operation cannot start there.
    pub fn of(&mut self, operation: &str, root: &str) -> Option<Reached<'d>> {
        let start = self.index.resource(root)?;
        let open = if self.root_leads_on(operation, start)? { vec![start] } else { Vec::new() };
        Some(self.walk(operation, root, open))
    }

    /// The resources that the operation with that code reaches from all its possible roots together, with the roots.
    pub fn together(&mut self, operation: &str) -> Reached<'d> {
        let document = self.index.document;
        let rules = document.edges.iter().flat_map(|edge| &edge.rules);
        let of_operation = rules.filter(|rule| rule.operation == operation);
        let named_roots: BTreeSet<&str> =
            of_operation.flat_map(|rule| rule.roots.iter().map(String::as_str)).collect();
        let mut resources = BTreeSet::new();
        let mut edges = BTreeSet::new();
        let mut add = |reached: Reached<'d>| {
            resources.extend(reached.resources);
            edges.extend(reached.edges);
        };
        // The same rules apply to all roots that no rule names, so one traversal from all of them is enough.
        let mut unnamed_roots = Vec::new();
        for resource in 0..document.resources.len() {
            let root = self.index.name(resource);
            let Some(leads_on) = self.root_leads_on(operation, resource) else { continue };
            add(Reached { resources: vec![root], edges: Vec::new() });
            if !named_roots.contains(root) {
                unnamed_roots.extend(leads_on.then_some(resource));
            } else if leads_on {
                add(self.walk(operation, root, vec![resource]));
            }
        }
        add(self.walk(operation, "", unnamed_roots));
        Reached { resources: resources.into_iter().collect(), edges: edges.into_iter().collect() }
    }

    /// Whether the operation continues to the dependents of that root; `None` if it cannot start there.
    fn root_leads_on(&self, operation: &str, resource: usize) -> Option<bool> {
        let document = self.index.document;
        let ResourceDocument { name, rules, .. } = &document.resources[resource];
        let roots = &document.operations.iter().find(|one| one.code == operation)?.roots;
        let may_start = roots.is_empty() || roots.contains(name);
        let rule = decide(rules, operation, name).filter(|_| may_start)?;
        Some(leads_on(&rule.decision))
    }

    fn walk(&mut self, operation: &str, root: &str, mut open: Vec<usize>) -> Reached<'d> {
        let document = self.index.document;
        self.query += 1;
        let mut reached: Vec<usize> = Vec::new();
        let mut edges = Vec::new();
        while let Some(parent) = open.pop() {
            if std::mem::replace(&mut self.expanded[parent], self.query) == self.query {
                continue;
            }
            for &edge in &self.index.down[parent] {
                let Some((_, child)) = self.index.ends[edge] else { continue };
                let rules = &document.edges[edge].rules;
                let Some(rule) = decide(rules, operation, root) else { continue };
                if rule.decision == Decision::Ignore {
                    continue;
                }
                let position = rules.iter().position(|other| std::ptr::eq(other, rule));
                edges.extend(position.map(|position| (edge, position)));
                if std::mem::replace(&mut self.reached[child], self.query) != self.query {
                    reached.push(child);
                }
                if leads_on(&rule.decision) {
                    open.push(child);
                }
            }
        }
        reached.sort_unstable();
        let names =
            reached.into_iter().map(|resource| self.index.name(resource)).filter(|name| *name != root);
        Reached { resources: names.collect(), edges }
    }
}
