//! What is suspicious about a graph that has no fault.

use std::collections::BTreeSet;
use std::fmt;

use cascade_core::Decision;
use cascade_core::document::{
    Document, EdgeDocument, Further, OperationDocument, Reach, ResourceDocument, Source,
};
use cascade_core::tool::{Answer, FaultDocument};
use serde::Serialize;

use crate::diff::{Change, Diff};

/// What kind of suspicion a [`Warning`] is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum WarningKind {
    /// A resource that no operation starts from or gets to.
    UnreachedResource,
    /// An edge that no operation goes along.
    UnusedEdge,
    /// A rule that no cascade can match.
    DeadRule,
    /// A package that depends on Cascade and contributes nothing.
    SilentPackage,
    /// A root that reaches further than it did.
    ReachesFurther,
}

/// Something suspicious.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[non_exhaustive]
pub struct Warning {
    /// What kind it is.
    pub kind: WarningKind,
    /// What was seen, in one line.
    pub message: String,
    /// Where it is written.
    pub source: Option<Source>,
    /// What to do.
    pub help: String,
}

impl fmt::Display for Warning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "warning: {}", self.message)?;
        if let Some(source) = &self.source {
            write!(f, "\n  --> {source} ({})", source.package)?;
        }
        write!(f, "\n  help: {}", self.help)
    }
}

impl Warning {
    pub(crate) fn new(kind: WarningKind, message: String, source: Option<&Source>, help: &str) -> Self {
        Self { kind, message, source: source.cloned(), help: help.to_owned() }
    }
}

/// Faults as the library itself prints them.
pub(crate) fn list_faults(faults: &[FaultDocument]) -> String {
    let one = |fault: &FaultDocument| {
        let places = fault.places.iter().map(|place| format!("\n  --> {place} ({})", place.package));
        let places = places.collect::<Vec<_>>().concat();
        format!("error[{}]: {}{places}\n  help: {}", fault.code, fault.message, fault.help)
    };
    faults.iter().map(one).collect::<Vec<_>>().join("\n")
}

/// Everything that is suspicious, in a fixed order. `contributors` are the packages that could contribute.
pub fn warnings(document: &Document, answer: &Answer, contributors: &[String]) -> Vec<Warning> {
    let seen = Seen::by_all_cascades(document);
    let mut warnings = silent_packages(document, answer, contributors);
    let unreached =
        document.resources.iter().filter(|resource| !seen.resources.contains(resource.name.as_str()));
    warnings.extend(unreached.map(unreached_resource));
    warnings.extend(document.resources.iter().flat_map(|resource| dead_starts(document, resource)));
    for (at, edge) in document.edges.iter().enumerate() {
        if seen.rules[at].is_empty() {
            warnings.push(unused_edge(edge));
        } else {
            warnings.extend(dead_rules(document, edge, &seen.rules[at]));
        }
    }
    warnings.sort();
    warnings
}

/// What all cascades together meet.
struct Seen<'d> {
    resources: BTreeSet<&'d str>,
    /// For each edge, the rules that some cascade matches, by their place in its list.
    rules: Vec<BTreeSet<usize>>,
}

impl<'d> Seen<'d> {
    fn by_all_cascades(document: &'d Document) -> Self {
        let mut seen =
            Self { resources: BTreeSet::new(), rules: vec![BTreeSet::new(); document.edges.len()] };
        let mut reach = Reach::new(document);
        for operation in &document.operations {
            let reached = reach.together(&operation.code);
            seen.resources.extend(reached.resources);
            reached.edges.into_iter().for_each(|(edge, rule)| {
                seen.rules[edge].insert(rule);
            });
        }
        seen
    }
}

fn may_start(operation: &OperationDocument, root: &ResourceDocument) -> bool {
    operation.roots.is_empty() || operation.roots.contains(&root.name)
}

fn unreached_resource(resource: &ResourceDocument) -> Warning {
    Warning::new(
        WarningKind::UnreachedResource,
        format!("no cascade reaches `{}`: no operation starts from it, and none gets to it", resource.name),
        Some(&resource.source),
        "give it a rule for an instance that is itself the root, or one along an edge that an operation goes along",
    )
}

fn unused_edge(edge: &EdgeDocument) -> Warning {
    let only_ignored = edge.rules.iter().all(|rule| rule.decision == Decision::Ignore);
    let why = if only_ignored {
        String::from("every operation ignores it")
    } else {
        format!("no operation gets through `{}`", edge.parent)
    };
    Warning::new(
        WarningKind::UnusedEdge,
        format!("nothing goes along `{}` → `{}`: {why}", edge.parent, edge.child),
        Some(&edge.source),
        "remove the edge, or let an operation go along it",
    )
}

fn dead_rules(document: &Document, edge: &EdgeDocument, seen: &BTreeSet<usize>) -> Vec<Warning> {
    let rules = edge.rules.iter().enumerate();
    let dead = rules.filter(|(at, rule)| !seen.contains(at) && rule.decision != Decision::Ignore);
    dead.map(|(_, rule)| {
        let operation = document.operation_name(&rule.operation);
        let (parent, child) = (&edge.parent, &edge.child);
        Warning::new(
            WarningKind::DeadRule,
            format!("the rule `{rule}` of {operation} along `{parent}` → `{child}` can never match"),
            Some(&rule.source),
            "no cascade that it is for gets through the parent, or another rule goes before it: remove it",
        )
    })
    .collect()
}

fn dead_starts(document: &Document, resource: &ResourceDocument) -> Vec<Warning> {
    let operation = |code: &str| document.operations.iter().find(|operation| operation.code == code);
    let dead = resource.rules.iter().filter_map(|rule| Some((rule, operation(&rule.operation)?)));
    dead.filter(|(_, operation)| !may_start(operation, resource))
        .map(|(rule, operation)| {
            let (name, roots) = (&operation.name, operation.roots.join(" or "));
            Warning::new(
                WarningKind::DeadRule,
                format!("the rule `{rule}` of {name} for `{}` as the root can never match", resource.name),
                Some(&rule.source),
                &format!("{name} starts from {roots} only: remove the rule, or name the edges it is for"),
            )
        })
        .collect()
}

/// A package that declares resources or operations contributes, too.
fn silent_packages(document: &Document, answer: &Answer, contributors: &[String]) -> Vec<Warning> {
    let resources = document.resources.iter().map(|resource| &resource.source.package);
    let declared: BTreeSet<&String> =
        resources.chain(document.operations.iter().map(|operation| &operation.source.package)).collect();
    let silent =
        contributors.iter().filter(|name| !answer.packages.contains(*name) && !declared.contains(name));
    silent
        .map(|name| {
            Warning::new(
                WarningKind::SilentPackage,
                format!("package `{name}` depends on Cascade and contributes nothing"),
                None,
                "name it where the program is put together, `cascade_core::link!(…)`, or say that it is meant so: \
                 `[package.metadata.cascade] handlers = false`",
            )
        })
        .collect()
}

/// Roots that reach further than they did in that revision.
pub(crate) fn further(diff: &Diff, revision: &str) -> Vec<Warning> {
    let grown = diff.changes.iter().filter_map(|change| match change {
        Change::Reach { operation, root, gained, .. } if !gained.is_empty() => {
            Some(reaches_further((operation, root), &format!("in {revision}"), &gained.join(", ")))
        }
        _ => None,
    });
    grown.collect()
}

/// Roots that reach further than the committed page says.
pub fn further_than_documented(document: &Document, file: &str, page: &str) -> Vec<Warning> {
    let warning = |further: &Further| {
        let (before, now) = further.counts;
        let gained = match further.gained.as_slice() {
            [] => format!("{now} resources, not {before}"),
            gained => gained.join(", "),
        };
        let operation = document.operation_name(&further.operation);
        reaches_further((operation, &further.root), &format!("{file} says"), &gained)
    };
    document.further_than(page).iter().flatten().map(warning).collect()
}

fn reaches_further((operation, root): (&str, &str), than: &str, gained: &str) -> Warning {
    Warning::new(
        WarningKind::ReachesFurther,
        format!("{operation} from `{root}` reaches further than {than}: {gained}"),
        None,
        "see `cargo cascade explain` for the ways; if it is meant so, `cargo cascade docs` writes it down",
    )
}
