//! A plan as a page, for the person who approves it: counts, objections, what takes what, and why.
//!
//! It has no script: it is looked at before something is removed, by a browser that nobody wants to trust for it.

use std::fmt::Write;

use super::filled;
use crate::affected::Affected;
use crate::plan::{Plan, PlanSummary, PlanVeto, ResourceSummary, why};
use crate::render::escape::xml;
use crate::render::number::{Count, counted};
use crate::render::plan::{END_ONLY, effect_counts, roots};

const PAGE: &str = include_str!("plan.html");
const STYLE: &str = include_str!("plan.css");
/// Objections and cut arcs that are listed, at most: the rest is counted.
const LISTED: usize = 200;
/// Instances of each resource that are named and explained, and ways that are told of each.
const SAMPLES: usize = 5;
const WAYS: usize = 3;

impl Plan {
    /// A page for a browser, to approve the plan by: one file that asks no network and has no script. What happens to how
    /// many, the objections, the tree to unfold, some instances of each resource with the ways that brought them in, and
    /// the digest that a confirmation is bound to.
    pub fn to_html(&self) -> Result<String, serde_json::Error> {
        let summary = self.summary()?;
        let affected = &*self.affected;
        let operation = affected.operation.descriptor().name();
        let parts = [
            ("title", xml(&format!("{operation} {}", roots(affected)))),
            ("counts", counts(&summary)),
            ("digest", xml(&summary.digest)),
            ("objections", objections(&summary)),
            ("resources", summary.resources.iter().map(|(name, one)| row(name, one)).collect()),
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
    let going: usize = summary.resources.values().map(|one| one.going).sum();
    let retained: usize = summary.resources.values().map(|one| one.retained).sum();
    let resources = summary.resources.values().filter(|one| one.instances > 0).count();
    let instances = if summary.instances == 1 { "instance" } else { "instances" };
    let of = format!("{instances} of {}", counted(resources, "resource"));
    let mut text = String::from("<ul class=\"counts\">\n");
    let mut card = |class: &str, count: usize, what: &str| {
        let _ = writeln!(text, "<li class=\"{class}\"><strong>{}</strong> {what}</li>", Count(count));
    };
    card("", summary.instances, &of);
    card("go", going, "go");
    card("", summary.instances - going, "stay, changed");
    if retained > 0 {
        card("retain", retained, "retained");
    }
    text + "</ul>\n"
}

fn objections(summary: &PlanSummary) -> String {
    let vetoes = refused(&summary.vetoes, "veto", "vetoes", "only a forced run would start");
    let denials = refused(&summary.denials, "denial", "denials", "this plan is not run");
    format!("{vetoes}{denials}")
}

fn refused(vetoes: &[PlanVeto], one: &str, many: &str, so: &str) -> String {
    if vetoes.is_empty() {
        return String::new();
    }
    let word = if vetoes.len() == 1 { one } else { many };
    let mut text =
        format!("<section class=\"refused\"><h2>{} {word}: {so}</h2>\n<ul>\n", Count(vetoes.len()));
    for veto in vetoes.iter().take(LISTED) {
        let (what, reason) = (xml(&format!("{} {}", veto.resource, veto.id)), xml(&veto.reason));
        let _ = writeln!(
            text,
            "<li><strong>{what}</strong>: {reason} <span class=\"soft\">({})</span></li>",
            xml(&veto.check)
        );
    }
    text + &rest(vetoes.len(), LISTED) + "</ul></section>\n"
}

fn rest(count: usize, listed: usize) -> String {
    if count > listed { format!("<li>and {} more</li>\n", Count(count - listed)) } else { String::new() }
}

fn row(name: &str, one: &ResourceSummary) -> String {
    let effects = one.effects.iter().map(|(effect, count)| {
        let count = if *count == one.instances { String::new() } else { format!(" {}", Count(*count)) };
        format!("<span class=\"effect\">{}</span>{count}", xml(effect))
    });
    let effects: Vec<String> = effects.collect();
    let effects = if effects.is_empty() && one.instances > 0 {
        String::from("with its parent")
    } else {
        effects.join(", ")
    };
    let retained = if one.retained > 0 {
        format!("<span class=\"retain\">{}</span>", Count(one.retained))
    } else {
        String::new()
    };
    format!(
        "<tr><th scope=\"row\">{}</th><td class=\"number\">{}</td><td class=\"number\">{}</td><td class=\"number\">{retained}</td><td>{effects}</td></tr>\n",
        xml(name),
        Count(one.instances),
        Count(one.going),
    )
}

fn cut(summary: &PlanSummary) -> String {
    if summary.cut.is_empty() {
        return String::new();
    }
    let arcs = if summary.cut.len() == 1 { "arc closes" } else { "arcs close" };
    let mut text = format!(
        "<section><h2>{} {arcs} a cycle and left out of the order</h2>\n<ul>\n",
        Count(summary.cut.len())
    );
    for arc in summary.cut.iter().take(LISTED) {
        let ((parent, parent_id), (child, child_id)) = (&arc.parent, &arc.child);
        let end = if arc.end_only { END_ONLY } else { "" };
        let line = format!("{parent} {parent_id} → {child} {child_id}{end}");
        let _ = writeln!(text, "<li>{}</li>", xml(&line));
    }
    text + &rest(summary.cut.len(), LISTED) + "</ul></section>\n"
}

/// The tree to unfold. A resource is unfolded where it is met first, so that the page grows with edges, not with paths.
fn tree(affected: &Affected) -> String {
    let root = affected.route.root;
    let mut seen = vec![false; affected.columns.len()];
    seen[root] = true;
    let instances: Vec<u32> = (0..affected.roots).collect();
    let mut text = String::from("<ul>\n");
    // By hand instead of by calls: a chain of thousands of resources must not exhaust the stack.
    let mut open: Vec<Branch> = branch(affected, root, &instances, true, &mut text).into_iter().collect();
    while let Some(children) = open.last_mut() {
        let Some((child, instances)) = children.next() else {
            open.pop();
            text.push_str("</ul></details></li>\n");
            continue;
        };
        let first = !std::mem::replace(&mut seen[child], true);
        open.extend(branch(affected, child, &instances, first, &mut text));
    }
    text + "</ul>\n"
}

type Branch = std::vec::IntoIter<(usize, Vec<u32>)>;

/// Writes a line and, if there is anything below it, opens its list.
fn branch(
    affected: &Affected,
    resource: usize,
    instances: &[u32],
    unfold: bool,
    text: &mut String,
) -> Option<Branch> {
    let below = reached_from(affected, resource);
    let name = xml(affected.resource_name(resource));
    let effects = xml(&effect_counts(affected, resource, instances));
    let class = if effects == "retained" { "retain" } else { "effect" };
    let line = format!("{name}: {} <span class=\"{class}\">{effects}</span>", Count(instances.len()));
    if below.is_empty() {
        let _ = writeln!(text, "<li class=\"end\">{line}</li>");
    } else if unfold {
        let _ = writeln!(text, "<li><details open><summary>{line}</summary><ul>");
        return Some(below.into_iter());
    } else {
        let _ = writeln!(text, "<li class=\"end\">{line} <span class=\"soft\">(goes on above)</span></li>");
    }
    None
}

/// What hangs off the instances of a resource: the affected and the retained, each once.
fn reached_from(affected: &Affected, resource: usize) -> Vec<(usize, Vec<u32>)> {
    let edges = affected.graph.resources[resource].down.iter();
    let reached = edges.map(|&edge| {
        let child = affected.graph.edges[edge].child;
        let column = &affected.columns[child];
        let listed = |index: &u32| column.is_affected(*index) || column.is_retained(*index);
        (child, affected.arcs[edge].children().into_iter().filter(listed).collect::<Vec<u32>>())
    });
    reached.filter(|(_, instances)| !instances.is_empty()).collect()
}

fn samples(affected: &Affected) -> String {
    let mut text = String::new();
    for resource in affected.resources() {
        let count = affected.instances(resource).count();
        let name = xml(affected.resource_name(resource));
        let _ = writeln!(text, "<details><summary>{name} ({})</summary><ul>", Count(count));
        for index in affected.sorted(resource).take(SAMPLES) {
            if let Some(why) = why(affected, resource, index) {
                let effects =
                    if why.effects.is_empty() { String::from("no step") } else { why.effects.join(", ") };
                let _ = write!(
                    text,
                    "<li><code>{}</code>: <span class=\"effect\">{}</span><ul>",
                    xml(&why.id),
                    xml(&effects)
                );
                for path in why.paths.iter().take(WAYS) {
                    let _ = write!(text, "<li>{}</li>", xml(&path.to_string()));
                }
                text.push_str(&rest(why.paths.len() + why.more, WAYS));
                text.push_str("</ul></li>\n");
            }
        }
        text.push_str(&rest(count, SAMPLES));
        text.push_str("</ul></details>\n");
    }
    text
}
