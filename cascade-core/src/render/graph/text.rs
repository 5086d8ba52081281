//! Renders the graph as a tree in plain text.
//!
//! The dependents of a resource are printed where it occurs first. Further occurrences have only its name, so that the
//! text grows with the number of edges, not of paths.

use std::collections::BTreeSet;
use std::fmt::Write;

use crate::document::View;
use crate::render::escape::printable;

impl View<'_> {
    /// The view as a tree in plain text: each resource with its decision, and its dependents below it.
    pub fn to_text(&self) -> String {
        let mut writer = Writer { view: self, down: self.down(), seen: BTreeSet::new(), text: String::new() };
        for root in self.roots() {
            writer.add_root(root);
        }
        // These are not below any root: the operation stops before them, or they form a cycle.
        for &resource in &self.resources {
            if !writer.down[resource].is_empty() {
                writer.add_root(resource);
            }
        }
        writer.text
    }

    /// The roots of the printed trees: the root of the view, or else the resources without parents.
    fn roots(&self) -> Vec<usize> {
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

/// A branch that is not complete: the parent's edges from `next` on are still to be written.
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
        self.add_line("", None, root, &label, false);
        // An explicit stack: recursion could overflow on a chain of thousands of resources.
        let mut open = vec![OpenBranch { parent: root, next: 0, indent: String::new() }];
        while let Some(branch) = open.last_mut() {
            let edges = &self.down[branch.parent];
            let Some(&at) = edges.get(branch.next) else {
                open.pop();
                continue;
            };
            branch.next += 1;
            let last = branch.next == edges.len();
            let (connector, below) = if last { ("└── ", "    ") } else { ("├── ", "│   ") };
            let (line, indent) =
                (format!("{}{connector}", branch.indent), format!("{}{below}", branch.indent));
            let edge = &self.view.edges[at];
            let leads_on = edge.leads_on();
            let is_repeated = leads_on && !self.seen.insert(edge.child);
            let is_shown_above = is_repeated && !self.down[edge.child].is_empty();
            self.add_line(&line, edge.role, edge.child, &edge.decisions(), is_shown_above);
            if leads_on && !is_repeated {
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

    fn add_line(
        &mut self,
        indent: &str,
        role: Option<&str>,
        resource: usize,
        label: &str,
        is_shown_above: bool,
    ) {
        let name = printable(self.view.index.name(resource));
        let role = role.map_or_else(String::new, |role| format!(" ({})", printable(role)));
        let label = if label.is_empty() { String::new() } else { format!(": {}", printable(label)) };
        let above = if is_shown_above { "  (continued above)" } else { "" };
        let _ = writeln!(self.text, "{indent}{name}{role}{label}{above}");
    }
}
