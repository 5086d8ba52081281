//! Renders the graph as SVG.
//!
//! The picture works as a file and inside a page. It has no script and no style sheet, which would affect the page. Its
//! colours are legible on light and dark backgrounds. It has no blank line, which would end it inside Markdown.

use std::fmt::Write;

use super::layout::{HEIGHT, Layout, layout};
use crate::document::{View, ViewEdge};
use crate::model::Decision;
use crate::render::escape::{printable, xml};
use crate::render::number::counted;
use crate::render::prose::plain_summary;

/// The maximum length of a displayed name, in characters. The tooltip has the whole name.
const MAX_NAME: usize = 36;
/// The fill of a box.
const BOX: &str = "#33567f";
/// The border of the root.
const ROOT: &str = "#b7791f";
/// A line without one of the decisions below.
const LINE: &str = "#7d8590";
const LEAF: &str = "#b7791f";
const RESTRICT: &str = "#d1433b";
const RETAIN: &str = "#3d86c6";

impl View<'_> {
    /// The view as an SVG picture: a box for each resource, and a line from each parent to each child. The colour and the
    /// label of a line show the decision.
    pub fn to_svg(&self) -> String {
        let resources: Vec<usize> = self.resources.iter().copied().collect();
        let labels: Vec<String> =
            resources.iter().map(|&resource| shortened(self.index.name(resource))).collect();
        let widths: Vec<f64> = labels.iter().map(|label| text_width(label) + 24.0).collect();
        let position = |resource: usize| resources.binary_search(&resource).unwrap_or_default();
        // Edges between the same resources differ in their roles, and share a line.
        let joined: Vec<&[ViewEdge<'_>]> =
            self.edges.chunk_by(|a, b| (a.parent, a.child) == (b.parent, b.child)).collect();
        let lines: Vec<(usize, usize)> =
            joined.iter().map(|edges| (position(edges[0].parent), position(edges[0].child))).collect();
        let layout = layout(&widths, &lines);
        let mut text = self.head(&layout);
        for (line, edges) in joined.iter().enumerate() {
            let child = lines[line].1;
            debug_assert_eq!(resources[child], edges[0].child);
            let path = path(&layout, line, layout.boxes[child], widths[child]);
            self.write_line(edges, &path, layout.lines[line].last(), &mut text);
        }
        for (index, label) in labels.iter().enumerate() {
            self.write_box(resources[index], label, layout.boxes[index], widths[index], &mut text);
        }
        text.push_str("</svg>\n");
        text
    }

    fn head(&self, layout: &Layout) -> String {
        let (width, height) = (layout.width.ceil(), layout.height.ceil());
        let mut text = format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {height}\" width=\"{width}\" \
             height=\"{height}\" style=\"max-width:100%;height:auto\" role=\"img\" \
             font-family=\"system-ui,sans-serif\" font-size=\"13\">\n"
        );
        let what = match (self.root, self.operation) {
            (Some(root), Some(operation)) => {
                format!("{} from {}: ", self.index.document.operation_name(operation), self.index.name(root))
            }
            (Some(root), None) => format!("Dependents of {}: ", self.index.name(root)),
            (None, Some(operation)) => format!("{}: ", self.index.document.operation_name(operation)),
            (None, None) => String::new(),
        };
        let size =
            format!("{}, {}", counted(self.resources.len(), "resource"), counted(self.edges.len(), "edge"));
        let _ = writeln!(text, "<title>{}</title>", xml(&format!("{what}{size}")));
        let joined = self.edges.chunk_by(|a, b| (a.parent, a.child) == (b.parent, b.child));
        let mut colours: Vec<&str> = joined.map(|edges| colour(common_decision(edges))).collect();
        colours.sort_unstable();
        colours.dedup();
        if !colours.is_empty() {
            text.push_str("<defs>\n");
            for colour in colours {
                let _ = writeln!(
                    text,
                    "<marker id=\"{}\" viewBox=\"0 0 8 8\" refX=\"7\" refY=\"4\" markerWidth=\"7\" markerHeight=\"7\" \
                     orient=\"auto\"><path d=\"M0 0 8 4 0 8z\" fill=\"{colour}\"/></marker>",
                    marker(colour)
                );
            }
            text.push_str("</defs>\n");
        }
        text
    }

    /// Writes the line of edges between the same resources. `end` is the point at the child.
    fn write_line(&self, edges: &[ViewEdge<'_>], path: &str, end: Option<&(f64, f64)>, text: &mut String) {
        let decision = common_decision(edges);
        let colour = colour(decision);
        let dashed = match decision {
            Some(Decision::Retain | Decision::Restrict) => " stroke-dasharray=\"5 4\"",
            _ => "",
        };
        let labels: Vec<String> =
            edges.iter().map(ViewEdge::label).filter(|label| !label.is_empty()).collect();
        let label = labels.join(", ");
        let (parent, child) = (self.index.name(edges[0].parent), self.index.name(edges[0].child));
        let decisions = if label.is_empty() { String::new() } else { format!(": {label}") };
        let _ = writeln!(
            text,
            "<path d=\"{path}\" fill=\"none\" stroke=\"{colour}\" stroke-width=\"1.4\"{dashed} \
             marker-end=\"url(#{})\"><title>{}</title></path>",
            marker(colour),
            xml(&format!("{parent} → {child}{decisions}")),
        );
        if let (false, Some(&(x, y))) = (label.is_empty(), end) {
            let _ = writeln!(
                text,
                "<text x=\"{:.0}\" y=\"{:.0}\" text-anchor=\"middle\" font-size=\"10\" fill=\"{colour}\">{}</text>",
                x,
                y - 12.0,
                xml(&shortened(&label)),
            );
        }
    }

    /// The whole name, with the summary of its doc comment.
    fn tooltip(&self, resource: usize) -> String {
        let docs = plain_summary(&self.index.document.resources[resource].docs);
        let name = self.index.name(resource);
        if docs.is_empty() { name.to_owned() } else { format!("{name}: {docs}") }
    }

    fn write_box(&self, resource: usize, label: &str, centre: (f64, f64), width: f64, text: &mut String) {
        let (x, y) = centre;
        let border = if self.root == Some(resource) {
            format!(" stroke=\"{ROOT}\" stroke-width=\"3\"")
        } else {
            String::new()
        };
        let _ = writeln!(
            text,
            "<g><title>{}</title><rect x=\"{:.0}\" y=\"{:.0}\" width=\"{width:.0}\" height=\"{HEIGHT}\" rx=\"6\" \
             fill=\"{BOX}\"{border}/><text x=\"{x:.0}\" y=\"{:.0}\" text-anchor=\"middle\" fill=\"#fff\">{}</text></g>",
            xml(&self.tooltip(resource)),
            x - width / 2.0,
            y - HEIGHT / 2.0,
            y + 4.5,
            xml(label),
        );
    }
}

/// The decision of edges that share a line, if they have the same.
fn common_decision<'e>(edges: &'e [ViewEdge<'_>]) -> Option<&'e Decision> {
    let decision = edges[0].decision();
    decision.filter(|_| edges.iter().all(|edge| edge.decision() == decision))
}

fn colour(decision: Option<&Decision>) -> &'static str {
    match decision {
        Some(Decision::Effect { leaf: true, .. }) => LEAF,
        Some(Decision::Restrict) => RESTRICT,
        Some(Decision::Retain) => RETAIN,
        _ => LINE,
    }
}

/// The id of the arrowhead with that colour. Pictures in the same page can share it.
fn marker(colour: &str) -> String {
    format!("cascade-{}", colour.trim_start_matches('#'))
}

/// A smooth curve through the points of a line, vertical at each point.
fn path(layout: &Layout, line: usize, child: (f64, f64), width: f64) -> String {
    let points = &layout.lines[line];
    let Some(&(x, y)) = points.first() else { return loop_beside(child, width) };
    let mut path = format!("M{x:.1} {y:.1}");
    for pair in points.windows(2) {
        let ((from_x, from_y), (x, y)) = (pair[0], pair[1]);
        if (from_x - x).abs() < 0.05 {
            let _ = write!(path, "V{y:.1}");
        } else {
            let middle = f64::midpoint(from_y, y);
            let _ = write!(path, "C{from_x:.1} {middle:.1} {x:.1} {middle:.1} {x:.1} {y:.1}");
        }
    }
    path
}

/// The line of a resource that depends on itself.
fn loop_beside(centre: (f64, f64), width: f64) -> String {
    let (x, y) = centre;
    let right = x + width / 2.0;
    format!("M{right:.1} {:.1}c16 -6 16 18 0 12", y - 6.0)
}

fn shortened(name: &str) -> String {
    let name = printable(name);
    if name.chars().count() <= MAX_NAME {
        return name;
    }
    name.chars().take(MAX_NAME - 1).chain(['…']).collect()
}

/// The estimated width of a text: font metrics are not available.
fn text_width(text: &str) -> f64 {
    text.chars().map(|char| if char.is_ascii() { 7.8 } else { 13.0 }).sum()
}
