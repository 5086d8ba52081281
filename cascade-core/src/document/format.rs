//! The output formats of a graph, by name and by file extension.

use std::fmt;
use std::path::Path;
use std::str::FromStr;

use super::document::Document;
use super::view::View;

/// An output format of the graph.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Format {
    /// A tree in plain text.
    Text,
    /// A Mermaid flowchart.
    Mermaid,
    /// A DOT graph, for Graphviz.
    Dot,
    /// An SVG picture.
    Svg,
    /// A Markdown page with all details.
    Markdown,
    /// An HTML page to explore in a browser.
    Html,
    /// The [`Document`] as JSON.
    Json,
}

impl Format {
    /// All formats, in the order in which help texts list them.
    pub const ALL: [Self; 7] =
        [Self::Text, Self::Mermaid, Self::Dot, Self::Svg, Self::Markdown, Self::Html, Self::Json];

    /// The name: `text`, `mermaid`, `dot`, `svg`, `markdown`, `html` or `json`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::Mermaid => "mermaid",
            Self::Dot => "dot",
            Self::Svg => "svg",
            Self::Markdown => "markdown",
            Self::Html => "html",
            Self::Json => "json",
        }
    }

    /// The format for a file extension; `None` if the extension is unknown.
    pub fn of_file(path: impl AsRef<Path>) -> Option<Self> {
        Some(match path.as_ref().extension()?.to_str()? {
            "txt" => Self::Text,
            "mmd" | "mermaid" => Self::Mermaid,
            "dot" | "gv" => Self::Dot,
            "svg" => Self::Svg,
            "md" => Self::Markdown,
            "html" | "htm" => Self::Html,
            "json" => Self::Json,
            _ => return None,
        })
    }
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// The name of a format is unknown.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("there is no format `{0}`: use text, mermaid, dot, svg, markdown, html or json")]
pub struct UnknownFormat(String);

impl FromStr for Format {
    type Err = UnknownFormat;

    fn from_str(name: &str) -> Result<Self, UnknownFormat> {
        Self::ALL
            .into_iter()
            .find(|format| format.name() == name)
            .ok_or_else(|| UnknownFormat(name.to_owned()))
    }
}

impl View<'_> {
    /// The view in that format.
    ///
    /// # Errors
    ///
    /// If the document cannot be serialised, for [`Html`](Format::Html) and [`Json`](Format::Json).
    pub fn to(&self, format: Format) -> Result<String, serde_json::Error> {
        Ok(match format {
            Format::Text => self.to_text(),
            Format::Mermaid => self.to_mermaid(),
            Format::Dot => self.to_dot(),
            Format::Svg => self.to_svg(),
            Format::Markdown => self.document().to_markdown(),
            Format::Html => self.document().to_html()?,
            Format::Json => self.document().to_json()?,
        })
    }

    /// The part of the document that is in the view. If the view is limited to an operation, only the rules of that
    /// operation.
    pub fn document(&self) -> Document {
        let whole = self.index.document;
        let is_shown = |operation: &str| self.operation.is_none_or(|chosen| chosen == operation);
        let resources = self.resources.iter().map(|&index| {
            let mut resource = whole.resources[index].clone();
            resource.rules.retain(|rule| is_shown(&rule.operation));
            resource.phases.retain(|phase| is_shown(&phase.operation));
            resource
        });
        let edges = self.edges.iter().map(|shown| {
            let mut edge = whole.edges[shown.edge].clone();
            if self.operation.is_some() {
                edge.rules = shown.rules.iter().map(|&rule| rule.clone()).collect();
            }
            edge
        });
        Document {
            format: whole.format,
            sources_at: whole.sources_at.clone(),
            operations: whole.operations.iter().filter(|one| is_shown(&one.code)).cloned().collect(),
            resources: resources.collect(),
            edges: edges.collect(),
        }
    }
}
