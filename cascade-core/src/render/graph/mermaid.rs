//! Renders the graph as Mermaid text.

use std::fmt::Write;

use crate::document::View;
use crate::model::Decision;
use crate::render::escape::{identifier, mermaid};

impl View<'_> {
    /// The view as a Mermaid flowchart, which GitHub and many editors display.
    pub fn to_mermaid(&self) -> String {
        let mut text = String::from("flowchart TD\n");
        let node = |resource: usize| format!("r_{}", identifier(self.index.name(resource)));
        for &resource in &self.resources {
            let _ = writeln!(text, "    {}[\"{}\"]", node(resource), mermaid(self.index.name(resource)));
        }
        for edge in &self.edges {
            let arrow = match edge.decision() {
                Some(Decision::Retain | Decision::Restrict) => "-.->",
                _ => "-->",
            };
            let label = edge.label();
            let label = if label.is_empty() { label } else { format!("|\"{}\"|", mermaid(&label)) };
            let _ = writeln!(text, "    {} {arrow}{label} {}", node(edge.parent), node(edge.child));
        }
        if let Some(root) = self.root {
            let _ = writeln!(text, "    style {} stroke-width:3px", node(root));
        }
        text
    }
}
