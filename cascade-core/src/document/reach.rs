//! How far operations get: for each operation and each root, the resources that it reaches.

use std::collections::BTreeSet;

use super::decide::{decide, leads_on};
use super::document::{Document, ResourceDocument};
use super::index::Index;
use crate::model::Decision;

/// Asks a document how far operations get. One for many questions: each costs only what it reaches.
#[derive(Debug)]
pub struct Reach<'d> {
    index: Index<'d>,
    /// For each resource, the last question that met it, and the last that went on from it.
    met: Vec<usize>,
    expanded: Vec<usize>,
    asked: usize,
}

/// What an operation meets from one root.
#[derive(Debug, Default)]
#[non_exhaustive]
pub struct Reached<'d> {
    /// The resources, without the root, by name.
    pub resources: Vec<&'d str>,
    /// The edges it goes along, by their place in the document, each with the place of the rule that decides.
    pub edges: Vec<(usize, usize)>,
}

impl<'d> Reach<'d> {
    /// For questions to that document.
    pub fn new(document: &'d Document) -> Self {
        let resources = document.resources.len();
        Self { index: Index::new(document), met: vec![0; resources], expanded: vec![0; resources], asked: 0 }
    }

    /// What the operation of that code reaches from that resource; `None` if it does not start from there.
    pub fn of(&mut self, operation: &str, root: &str) -> Option<Reached<'d>> {
        let start = self.index.resource(root)?;
        let open = if self.start(operation, start)? { vec![start] } else { Vec::new() };
        Some(self.walk(operation, root, open))
    }

    /// What the operation of that code meets in all its cascades together, the roots too.
    pub fn together(&mut self, operation: &str) -> Reached<'d> {
        let document = self.index.document;
        let rules = document.edges.iter().flat_map(|edge| &edge.rules);
        let of_operation = rules.filter(|rule| rule.operation == operation);
        let asked_for: BTreeSet<&str> =
            of_operation.flat_map(|rule| rule.roots.iter().map(String::as_str)).collect();
        let mut resources = BTreeSet::new();
        let mut edges = BTreeSet::new();
        let mut add = |reached: Reached<'d>| {
            resources.extend(reached.resources);
            edges.extend(reached.edges);
        };
        // Roots that no rule asks for have one cascade: it is walked once, however many they are.
        let mut alike = Vec::new();
        for at in 0..document.resources.len() {
            let root = self.index.name(at);
            let Some(leads_on) = self.start(operation, at) else { continue };
            add(Reached { resources: vec![root], edges: Vec::new() });
            if !asked_for.contains(root) {
                alike.extend(leads_on.then_some(at));
            } else if leads_on {
                add(self.walk(operation, root, vec![at]));
            }
        }
        add(self.walk(operation, "", alike));
        Reached { resources: resources.into_iter().collect(), edges: edges.into_iter().collect() }
    }

    /// Whether the operation goes on from that root; `None` if it does not start from there.
    fn start(&self, operation: &str, resource: usize) -> Option<bool> {
        let document = self.index.document;
        let ResourceDocument { name, rules, .. } = &document.resources[resource];
        let roots = &document.operations.iter().find(|one| one.code == operation)?.roots;
        let may_start = roots.is_empty() || roots.contains(name);
        let rule = decide(rules, operation, name).filter(|_| may_start)?;
        Some(leads_on(&rule.decision))
    }

    fn walk(&mut self, operation: &str, root: &str, mut open: Vec<usize>) -> Reached<'d> {
        let document = self.index.document;
        self.asked += 1;
        let mut met: Vec<usize> = Vec::new();
        let mut edges = Vec::new();
        while let Some(parent) = open.pop() {
            if std::mem::replace(&mut self.expanded[parent], self.asked) == self.asked {
                continue;
            }
            for &edge in &self.index.down[parent] {
                let Some((_, child)) = self.index.ends[edge] else { continue };
                let rules = &document.edges[edge].rules;
                let Some(rule) = decide(rules, operation, root) else { continue };
                if rule.decision == Decision::Ignore {
                    continue;
                }
                let at = rules.iter().position(|one| std::ptr::eq(one, rule));
                edges.extend(at.map(|at| (edge, at)));
                if std::mem::replace(&mut self.met[child], self.asked) != self.asked {
                    met.push(child);
                }
                if leads_on(&rule.decision) {
                    open.push(child);
                }
            }
        }
        met.sort_unstable();
        let names = met.into_iter().map(|at| self.index.name(at)).filter(|name| *name != root);
        Reached { resources: names.collect(), edges }
    }
}
