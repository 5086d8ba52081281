//! The graph as SVG.
//!
//! It stands alone in a file and within a page: no script, no style sheet that could leak, colours that can be read on a
//! light and on a dark ground, and no blank line, which would end it in a Markdown text.

use std::fmt::Write;

use super::layout::{HEIGHT, Layout, layout};
use crate::document::View;
use crate::model::Decision;
use crate::render::escape::{printable, xml};
use crate::render::number::counted;
use crate::render::prose::plain_summary;

/// Characters of a name that are shown, at most; the whole name is told where the pointer rests.
const SHOWN: usize = 36;
const BOX: &str = "#33567f";
const LINE: &str = "#7d8590";
const STOPS: &str = "#b7791f";
const REFUSES: &str = "#d1433b";
const STAYS: &str = "#3d86c6";

impl View<'_> {
    /// An SVG picture: a box for each resource, a line from each parent to its children, coloured and marked by what the
    /// operation does along it.
    pub fn to_svg(&self) -> String {
        let resources: Vec<usize> = self.resources.iter().copied().collect();
        let labels: Vec<String> = resources.iter().map(|&at| shortened(self.index.name(at))).collect();
        let widths: Vec<f64> = labels.iter().map(|label| text_width(label) + 24.0).collect();
        let place = |resource: usize| resources.binary_search(&resource).unwrap_or_default();
        let lines: Vec<(usize, usize)> =
            self.edges.iter().map(|edge| (place(edge.parent), place(edge.child))).collect();
        let layout = layout(&widths, &lines);
        let mut text = self.head(&layout);
        for (line, edge) in self.edges.iter().enumerate() {
            let at = layout.boxes[lines[line].1];
            self.write_line(line, &path(&layout, line, at, widths[lines[line].1]), &layout, &mut text);
            debug_assert_eq!(resources[lines[line].1], edge.child);
        }
        for (at, label) in labels.iter().enumerate() {
            self.write_box(resources[at], label, layout.boxes[at], widths[at], &mut text);
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
            (Some(root), None) => format!("What hangs off {}: ", self.index.name(root)),
            (None, Some(operation)) => format!("{}: ", self.index.document.operation_name(operation)),
            (None, None) => String::new(),
        };
        let size =
            format!("{}, {}", counted(self.resources.len(), "resource"), counted(self.edges.len(), "edge"));
        let _ = writeln!(text, "<title>{}</title>", xml(&format!("{what}{size}")));
        let mut colours: Vec<&str> = self.edges.iter().map(|edge| colour(edge.decision())).collect();
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

    fn write_line(&self, line: usize, path: &str, layout: &Layout, text: &mut String) {
        let edge = &self.edges[line];
        let colour = colour(edge.decision());
        let dashed = match edge.decision() {
            Some(Decision::Retain | Decision::Restrict) => " stroke-dasharray=\"5 4\"",
            _ => "",
        };
        let label = edge.label();
        let (parent, child) = (self.index.name(edge.parent), self.index.name(edge.child));
        let told = if label.is_empty() { String::new() } else { format!(": {label}") };
        let _ = writeln!(
            text,
            "<path d=\"{path}\" fill=\"none\" stroke=\"{colour}\" stroke-width=\"1.4\"{dashed} \
             marker-end=\"url(#{})\"><title>{}</title></path>",
            marker(colour),
            xml(&format!("{parent} → {child}{told}")),
        );
        if let (false, Some(&(x, y))) = (label.is_empty(), layout.lines[line].last()) {
            let _ = writeln!(
                text,
                "<text x=\"{:.0}\" y=\"{:.0}\" text-anchor=\"middle\" font-size=\"10\" fill=\"{colour}\">{}</text>",
                x,
                y - 12.0,
                xml(&shortened(&label)),
            );
        }
    }

    /// The whole name, with what its documents say of it.
    fn told(&self, resource: usize) -> String {
        let told = plain_summary(&self.index.document.resources[resource].docs);
        let name = self.index.name(resource);
        if told.is_empty() { name.to_owned() } else { format!("{name}: {told}") }
    }

    fn write_box(&self, resource: usize, label: &str, (x, y): (f64, f64), width: f64, text: &mut String) {
        let ring = if self.root == Some(resource) {
            format!(" stroke=\"{STOPS}\" stroke-width=\"3\"")
        } else {
            String::new()
        };
        let _ = writeln!(
            text,
            "<g><title>{}</title><rect x=\"{:.0}\" y=\"{:.0}\" width=\"{width:.0}\" height=\"{HEIGHT}\" rx=\"6\" \
             fill=\"{BOX}\"{ring}/><text x=\"{x:.0}\" y=\"{:.0}\" text-anchor=\"middle\" fill=\"#fff\">{}</text></g>",
            xml(&self.told(resource)),
            x - width / 2.0,
            y - HEIGHT / 2.0,
            y + 4.5,
            xml(label),
        );
    }
}

fn colour(decision: Option<&Decision>) -> &'static str {
    match decision {
        Some(Decision::Effect { leaf: true, .. }) => STOPS,
        Some(Decision::Restrict) => REFUSES,
        Some(Decision::Retain) => STAYS,
        _ => LINE,
    }
}

/// Named by its colour: pictures that stand in one page share their marks.
fn marker(colour: &str) -> String {
    format!("cascade-{}", colour.trim_start_matches('#'))
}

/// A smooth line through the points; upright where it leaves and enters a layer.
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

/// The line of a resource that hangs off itself.
fn loop_beside((x, y): (f64, f64), width: f64) -> String {
    let right = x + width / 2.0;
    format!("M{right:.1} {:.1}c16 -6 16 18 0 12", y - 6.0)
}

fn shortened(name: &str) -> String {
    let name = printable(name);
    if name.chars().count() <= SHOWN {
        return name;
    }
    name.chars().take(SHOWN - 1).chain(['…']).collect()
}

/// About how wide a text is: there is no font here to ask.
fn text_width(text: &str) -> f64 {
    text.chars().map(|char| if char.is_ascii() { 7.8 } else { 13.0 }).sum()
}
