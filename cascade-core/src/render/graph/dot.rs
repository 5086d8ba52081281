//! Renders the graph as DOT, for Graphviz.

use std::fmt::Write;

use crate::document::View;
use crate::model::Decision;
use crate::render::escape::{dot, identifier};
use crate::render::prose::plain_summary;

impl View<'_> {
    /// The view as DOT, for `dot -Tsvg` and other Graphviz tools.
    pub fn to_dot(&self) -> String {
        let mut text = String::from(
            "digraph cascade {\n    node [shape=box, style=rounded, fontname=\"sans-serif\"];\n",
        );
        text.push_str("    edge [fontname=\"sans-serif\", fontsize=10];\n");
        let node = |resource: usize| format!("r_{}", identifier(self.index.name(resource)));
        for &resource in &self.resources {
            let weight = if self.root == Some(resource) { ", penwidth=3" } else { "" };
            let tooltip = plain_summary(&self.index.document.resources[resource].docs);
            let tooltip =
                if tooltip.is_empty() { tooltip } else { format!(", tooltip=\"{}\"", dot(&tooltip)) };
            let _ = writeln!(
                text,
                "    {} [label=\"{}\"{tooltip}{weight}];",
                node(resource),
                dot(self.index.name(resource))
            );
        }
        for edge in &self.edges {
            let mut attributes = Vec::new();
            let label = edge.label();
            if !label.is_empty() {
                attributes.push(format!("label=\"{}\"", dot(&label)));
            }
            if let Some(Decision::Retain | Decision::Restrict) = edge.decision() {
                attributes.push(String::from("style=dashed"));
            }
            let attributes =
                if attributes.is_empty() { String::new() } else { format!(" [{}]", attributes.join(", ")) };
            let _ = writeln!(text, "    {} -> {}{attributes};", node(edge.parent), node(edge.child));
        }
        text.push_str("}\n");
        text
    }
}
