//! Renders the matrix: the decision for each operation along each edge.

use std::fmt::Write;

use crate::document::{Document, RuleDocument, rule_words};
use crate::render::escape::{code_in_table, markdown};

impl Document {
    /// A Markdown table with a column for each operation, and a row for each edge and for each resource that can be a root.
    pub fn to_matrix(&self) -> String {
        let names: Vec<String> = self.operations.iter().map(|operation| markdown(&operation.name)).collect();
        let mut text = format!("| from | to |{}\n", cells(&names));
        let _ = writeln!(text, "| --- | --- |{}", " --- |".repeat(names.len()));
        for resource in self.resources.iter().filter(|resource| !resource.rules.is_empty()) {
            let _ = writeln!(
                text,
                "| *the root* | {} |{}",
                markdown(&resource.name),
                self.decisions(&resource.rules)
            );
        }
        for edge in &self.edges {
            let (parent, child) = (markdown(&edge.parent), markdown(&edge.child));
            let role =
                edge.role.as_deref().map_or_else(String::new, |role| format!(" ({})", code_in_table(role)));
            let _ = writeln!(text, "| {parent}{role} | {child} |{}", self.decisions(&edge.rules));
        }
        text
    }

    fn decisions(&self, rules: &[RuleDocument]) -> String {
        let cell = |operation: &str| {
            let of_operation = rules.iter().filter(|rule| rule.operation == operation);
            of_operation.map(|rule| code_in_table(&rule_words(rule))).collect::<Vec<_>>().join("<br>")
        };
        let all: Vec<String> = self.operations.iter().map(|operation| cell(&operation.code)).collect();
        cells(&all)
    }
}

fn cells(texts: &[String]) -> String {
    texts.iter().fold(String::new(), |row, cell| row + " " + cell + " |")
}
