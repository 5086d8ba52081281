//! Renders a plan as an HTML page for the person who approves it: counts, objections, the tree, and samples with reasons.
//!
//! The page has no script, because a page that approves a removal must not depend on one.

use std::fmt::Write;

use super::filled;
use crate::affected::Affected;
use crate::plan::{Plan, PlanSummary, PlanVeto, ResourceSummary, why};
use crate::render::escape::xml;
use crate::render::number::{Count, counted};
use crate::render::plan::{note_on, roots};
use crate::render::plan_tree::tree_lines;

const PAGE: &str = include_str!("plan.html");
const STYLE: &str = include_str!("plan.css");
/// The maximum number of listed objections and cut arcs. Further ones are only counted.
const MAX_LISTED: usize = 200;
/// The maximum number of explained instances of each resource.
const MAX_SAMPLES: usize = 5;
/// The maximum number of paths shown for each explained instance.
const MAX_PATHS: usize = 3;

impl Plan {
    /// An HTML page on which to base the approval of the plan: one file, without network requests and without a script. It
    /// has the counts, the objections, the tree, some instances of each resource with the paths that reach them, and the
    /// digest to which a confirmation is bound.
    ///
    /// # Errors
    ///
    /// If an id cannot be serialised.
    pub fn to_html(&self) -> Result<String, serde_json::Error> {
        let summary = self.summary()?;
        let affected = &*self.affected;
        let operation = affected.operation.descriptor().name();
        let parts = [
            ("title", xml(&format!("{operation} {}", roots(affected)))),
            ("counts", counts(&summary)),
            ("digest", xml(&summary.digest)),
            ("objections", objections(&summary)),
            ("resources", summary.resources.iter().map(|(name, resource)| row(name, resource)).collect()),
            ("tree", tree(affected)),
            ("cut", cut(&summary)),
            ("samples", samples(affected)),
            ("colours", super::COLOURS.to_owned()),
            ("style", STYLE.to_owned()),
        ];
        let parts: Vec<(&str, &str)> = parts.iter().map(|(name, text)| (*name, text.as_str())).collect();
        Ok(filled(PAGE, &parts))
    }
}

fn counts(summary: &PlanSummary) -> String {
    let with_dependents: usize = summary.resources.values().map(|resource| resource.going).sum();
    let retained: usize = summary.resources.values().map(|resource| resource.retained).sum();
    let resources = summary.resources.values().filter(|resource| resource.instances > 0).count();
    let instances = if summary.instances == 1 { "instance" } else { "instances" };
    let total = format!("{instances} of {}", counted(resources, "resource"));
    let mut text = String::from("<ul class=\"counts\">\n");
    let mut card = |class: &str, count: usize, label: &str| {
        let _ = writeln!(text, "<li class=\"{class}\"><strong>{}</strong> {label}</li>", Count(count));
    };
    card("", summary.instances, &total);
    card("with-dependents", with_dependents, "affected with their dependents");
    card("", summary.instances - with_dependents, "affected alone (leaf)");
    if retained > 0 {
        card("retain", retained, "retained");
    }
    text + "</ul>\n"
}

fn objections(summary: &PlanSummary) -> String {
    let vetoes = objection_list(&summary.vetoes, "veto", "vetoes", "only a forced run can start");
    let denials = objection_list(&summary.denials, "denial", "denials", "this plan cannot run");
    format!("{vetoes}{denials}")
}

fn objection_list(vetoes: &[PlanVeto], singular: &str, plural: &str, consequence: &str) -> String {
    if vetoes.is_empty() {
        return String::new();
    }
    let word = if vetoes.len() == 1 { singular } else { plural };
    let mut text =
        format!("<section class=\"refused\"><h2>{} {word}: {consequence}</h2>\n<ul>\n", Count(vetoes.len()));
    for veto in vetoes.iter().take(MAX_LISTED) {
        let (instance, reason) = (xml(&veto.instance.to_string()), xml(&veto.reason));
        let _ = writeln!(
            text,
            "<li><strong>{instance}</strong>: {reason} <span class=\"soft\">({})</span></li>",
            xml(&veto.check)
        );
    }
    text + &rest(vetoes.len(), MAX_LISTED) + "</ul></section>\n"
}

fn rest(count: usize, listed: usize) -> String {
    if count > listed { format!("<li>and {} more</li>\n", Count(count - listed)) } else { String::new() }
}

fn row(name: &str, resource: &ResourceSummary) -> String {
    let effects = resource.effects.iter().map(|(effect, count)| {
        let count = if *count == resource.instances { String::new() } else { format!(" {}", Count(*count)) };
        format!("<span class=\"effect\">{}</span>{count}", xml(effect))
    });
    let effects: Vec<String> = effects.collect();
    let effects = if effects.is_empty() && resource.instances > 0 {
        String::from("with its parent")
    } else {
        effects.join(", ")
    };
    let retained = if resource.retained > 0 {
        format!("<span class=\"retain\">{}</span>", Count(resource.retained))
    } else {
        String::new()
    };
    format!(
        "<tr><th scope=\"row\">{}</th><td class=\"number\">{}</td><td class=\"number\">{}</td><td class=\"number\">{retained}</td><td>{effects}</td></tr>\n",
        xml(name),
        Count(resource.instances),
        Count(resource.going),
    )
}

fn cut(summary: &PlanSummary) -> String {
    if summary.cut.is_empty() {
        return String::new();
    }
    let arcs =
        if summary.cut.len() == 1 { "arc closes a cycle and is" } else { "arcs close a cycle and are" };
    let mut text =
        format!("<section><h2>{} {arcs} left out of the order</h2>\n<ul>\n", Count(summary.cut.len()));
    for arc in summary.cut.iter().take(MAX_LISTED) {
        let line = format!("{arc}{}", note_on(arc));
        let _ = writeln!(text, "<li>{}</li>", xml(&line));
    }
    text + &rest(summary.cut.len(), MAX_LISTED) + "</ul></section>\n"
}

/// The tree of resources.
fn tree(affected: &Affected) -> String {
    let mut text = String::from("<ul>\n");
    let mut open = 0;
    for line in tree_lines(affected) {
        close(&mut text, open - line.depth);
        open = line.depth + usize::from(line.is_open);
        let name = xml(&line.name(affected));
        let class = if line.all_retained { "retain" } else { "effect" };
        let note = line.note.map_or_else(String::new, |note| format!(" <span class=\"soft\">{note}</span>"));
        let label = format!(
            "{name}: {} <span class=\"{class}\">{}</span>{note}",
            Count(line.count),
            xml(&line.effects)
        );
        let _ = if line.is_open {
            writeln!(text, "<li><details open><summary>{label}</summary><ul>")
        } else {
            writeln!(text, "<li class=\"end\">{label}</li>")
        };
    }
    close(&mut text, open);
    text + "</ul>\n"
}

/// Closes this many lists of dependents.
fn close(text: &mut String, lists: usize) {
    (0..lists).for_each(|_| text.push_str("</ul></details></li>\n"));
}

fn samples(affected: &Affected) -> String {
    let mut text = String::new();
    for resource in affected.resources() {
        let count = affected.instances(resource).count();
        let name = xml(affected.resource_name(resource));
        let _ = writeln!(text, "<details><summary>{name} ({})</summary><ul>", Count(count));
        for index in affected.sorted(resource).take(MAX_SAMPLES) {
            if let Some(why) = why(affected, resource, index) {
                let effects =
                    if why.effects.is_empty() { String::from("no step") } else { why.effects.join(", ") };
                let _ = write!(
                    text,
                    "<li><code>{}</code>: <span class=\"effect\">{}</span><ul>",
                    xml(&why.instance.text),
                    xml(&effects)
                );
                for path in why.paths.iter().take(MAX_PATHS) {
                    let _ = write!(text, "<li>{}</li>", xml(&path.to_string()));
                }
                text.push_str(&rest(why.paths.len() + why.more, MAX_PATHS));
                text.push_str("</ul></li>\n");
            }
        }
        text.push_str(&rest(count, MAX_SAMPLES));
        text.push_str("</ul></details>\n");
    }
    text
}
