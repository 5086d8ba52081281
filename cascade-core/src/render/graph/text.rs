//! The graph as a tree of text.
//!
//! A resource is unfolded where it is met first and named where it is met again, so that the text grows with edges and
//! never with paths.

use std::collections::BTreeSet;
use std::fmt::Write;

use crate::document::View;
use crate::render::escape::printable;

impl View<'_> {
    /// A tree for people: each resource with what hangs off it, and what the operation does to it.
    pub fn to_text(&self) -> String {
        let mut writer = Writer { view: self, down: self.down(), seen: BTreeSet::new(), text: String::new() };
        for root in self.tops() {
            writer.add_root(root);
        }
        // What is left has no top: resources that are only reached where it goes no further, or that hang off each other.
        for &resource in &self.resources {
            if !writer.down[resource].is_empty() {
                writer.add_root(resource);
            }
        }
        writer.text
    }

    /// Where a picture starts: at the root, or at what hangs off nothing.
    fn tops(&self) -> Vec<usize> {
        if let Some(root) = self.root {
            return vec![root];
        }
        let children: BTreeSet<usize> =
            self.edges.iter().filter(|edge| edge.parent != edge.child).map(|edge| edge.child).collect();
        self.resources.difference(&children).copied().collect()
    }

    /// For each resource, the edges of the view to its children.
    fn down(&self) -> Vec<Vec<usize>> {
        let mut down = vec![Vec::new(); self.index.down.len()];
        for (at, edge) in self.edges.iter().enumerate() {
            down[edge.parent].push(at);
        }
        down
    }
}

struct Writer<'v> {
    view: &'v View<'v>,
    down: Vec<Vec<usize>>,
    seen: BTreeSet<usize>,
    text: String,
}

/// A part of the tree that is still to be written: a parent's edges from `next` on.
struct OpenBranch {
    parent: usize,
    next: usize,
    indent: String,
}

impl Writer<'_> {
    fn add_root(&mut self, root: usize) {
        if !self.seen.insert(root) {
            return;
        }
        let label = self.root_label(root);
        self.add_line("", root, &label, false);
        // By hand instead of by calls: a chain of thousands of resources must not exhaust the stack.
        let mut open = vec![OpenBranch { parent: root, next: 0, indent: String::new() }];
        while let Some(part) = open.last_mut() {
            let edges = &self.down[part.parent];
            let Some(&at) = edges.get(part.next) else {
                open.pop();
                continue;
            };
            part.next += 1;
            let last = part.next == edges.len();
            let (branch, below) = if last { ("└── ", "    ") } else { ("├── ", "│   ") };
            let (line, indent) = (format!("{}{branch}", part.indent), format!("{}{below}", part.indent));
            let edge = &self.view.edges[at];
            let leads_on = edge.leads_on();
            let again = leads_on && !self.seen.insert(edge.child);
            let goes_on = again && !self.down[edge.child].is_empty();
            self.add_line(&line, edge.child, &edge.label(), goes_on);
            if leads_on && !again {
                open.push(OpenBranch { parent: edge.child, next: 0, indent });
            }
        }
    }

    fn root_label(&self, root: usize) -> String {
        let (Some(_), Some(operation)) = (self.view.root, self.view.operation) else { return String::new() };
        let index = &self.view.index;
        let rules = &index.document.resources[root].rules;
        crate::document::decide(rules, operation, index.name(root))
            .map_or_else(String::new, |rule| crate::document::words(&rule.decision))
    }

    fn add_line(&mut self, indent: &str, resource: usize, label: &str, goes_on_above: bool) {
        let name = printable(self.view.index.name(resource));
        let label = if label.is_empty() { String::new() } else { format!(": {}", printable(label)) };
        let above = if goes_on_above { "  (goes on above)" } else { "" };
        let _ = writeln!(self.text, "{indent}{name}{label}{above}");
    }
}
