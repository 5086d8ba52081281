//! Warnings about a graph that has no fault.

use std::collections::BTreeSet;
use std::fmt;

use cascade_core::Decision;
use cascade_core::document::{Document, EdgeDocument, Further, Reach, ResourceDocument, Source};
use cascade_core::tool::{Answer, FaultDocument};
use serde::Serialize;

use crate::blocked::{Blocked, may_start};
use crate::diff::{Change, Diff};

/// The kind of a [`Warning`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum WarningKind {
    /// A resource that no operation starts from or reaches.
    UnreachedResource,
    /// An edge that no operation propagates along.
    UnusedEdge,
    /// A rule that never applies.
    DeadRule,
    /// A package that depends on Cascade but contributes nothing.
    SilentPackage,
    /// A root that reaches more resources than before.
    ReachesFurther,
}

/// A part of the graph that is probably a mistake.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[non_exhaustive]
pub struct Warning {
    /// The kind.
    pub kind: WarningKind,
    /// The finding, in one line.
    pub message: String,
    /// The place in the source.
    pub source: Option<Source>,
    /// How to fix it.
    pub help: String,
}

impl fmt::Display for Warning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "warning: {}", self.message)?;
        if let Some(source) = &self.source {
            write!(f, "\n  --> {}", source.with_package())?;
        }
        write!(f, "\n  help: {}", self.help)
    }
}

impl Warning {
    pub(crate) fn new(kind: WarningKind, message: String, source: Option<&Source>, help: &str) -> Self {
        Self { kind, message, source: source.cloned(), help: help.to_owned() }
    }
}

/// The text of faults, as the library prints them.
pub(crate) fn list_faults(faults: &[FaultDocument]) -> String {
    let one = |fault: &FaultDocument| {
        let places = fault.places.iter().map(|place| format!("\n  --> {}", place.with_package()));
        let places = places.collect::<Vec<_>>().concat();
        format!("error[{}]: {}{places}\n  help: {}", fault.code, fault.message, fault.help)
    };
    faults.iter().map(one).collect::<Vec<_>>().join("\n")
}

/// All warnings, in a fixed order. `contributors` are the packages that can contribute extensions.
pub fn warnings(document: &Document, answer: &Answer, contributors: &[String]) -> Vec<Warning> {
    let used = Used::by_all_operations(document);
    let mut warnings = silent_packages(document, answer, contributors);
    let unreached =
        document.resources.iter().filter(|resource| !used.resources.contains(resource.name.as_str()));
    warnings.extend(unreached.map(unreached_resource));
    warnings.extend(document.resources.iter().flat_map(|resource| dead_starts(document, resource)));
    let mut blocked = Blocked::new(document);
    for (at, edge) in document.edges.iter().enumerate() {
        if used.rules[at].is_empty() {
            warnings.push(unused_edge(&mut blocked, edge));
        } else {
            warnings.extend(dead_rules(document, &mut blocked, edge, &used.rules[at]));
        }
    }
    warnings.sort();
    warnings
}

/// The resources that are reached and the rules that apply, over all operations and roots.
struct Used<'d> {
    resources: BTreeSet<&'d str>,
    /// For each edge, the indices of the rules that apply.
    rules: Vec<BTreeSet<usize>>,
}

impl<'d> Used<'d> {
    fn by_all_operations(document: &'d Document) -> Self {
        let mut used =
            Self { resources: BTreeSet::new(), rules: vec![BTreeSet::new(); document.edges.len()] };
        let mut reach = Reach::new(document);
        for operation in &document.operations {
            let reached = reach.together(&operation.code);
            used.resources.extend(reached.resources);
            reached.edges.into_iter().for_each(|(edge, rule)| {
                used.rules[edge].insert(rule);
            });
        }
        used
    }
}

fn unreached_resource(resource: &ResourceDocument) -> Warning {
    Warning::new(
        WarningKind::UnreachedResource,
        format!("no operation starts from or reaches `{}`", resource.name),
        Some(&resource.source),
        "add a rule for an instance that is itself the root, or a rule for an edge whose parent an operation reaches",
    )
}

fn unused_edge<'d>(blocked: &mut Blocked<'d>, edge: &'d EdgeDocument) -> Warning {
    let dead = edge.rules.iter().find(|rule| rule.decision != Decision::Ignore);
    let (why, help) = match dead {
        None => (
            String::from("every operation ignores it"),
            String::from("remove the edge, or add a rule other than `ignore` that applies to it"),
        ),
        Some(rule) => (
            format!("no operation propagates from `{}`", edge.parent),
            format!(
                "{}: change that, or remove the edge, or add a rule that applies to it",
                blocked.why(edge, rule)
            ),
        ),
    };
    Warning::new(
        WarningKind::UnusedEdge,
        format!("no operation propagates along {}: {why}", quoted(edge)),
        Some(&edge.source),
        &help,
    )
}

/// The edge with its names in quotes.
fn quoted(edge: &EdgeDocument) -> String {
    let role = edge.role.as_ref().map_or_else(String::new, |role| format!(" (`{role}`)"));
    format!("`{}` → `{}`{role}", edge.parent, edge.child)
}

fn dead_rules<'d>(
    document: &'d Document,
    blocked: &mut Blocked<'d>,
    edge: &'d EdgeDocument,
    used: &BTreeSet<usize>,
) -> Vec<Warning> {
    let rules = edge.rules.iter().enumerate();
    let dead = rules.filter(|(at, rule)| !used.contains(at) && rule.decision != Decision::Ignore);
    dead.map(|(_, rule)| {
        let operation = document.operation_name(&rule.operation);
        Warning::new(
            WarningKind::DeadRule,
            format!("the rule `{rule}` of {operation} along {} never applies", quoted(edge)),
            Some(&rule.source),
            &format!("{}: change that, or remove this rule", blocked.why(edge, rule)),
        )
    })
    .collect()
}

fn dead_starts(document: &Document, resource: &ResourceDocument) -> Vec<Warning> {
    let operation = |code: &str| document.operations.iter().find(|operation| operation.code == code);
    let dead = resource.rules.iter().filter_map(|rule| Some((rule, operation(&rule.operation)?)));
    dead.filter(|(_, operation)| !may_start(operation, &resource.name))
        .map(|(rule, operation)| {
            let (name, roots) = (&operation.name, operation.roots.join(" or "));
            Warning::new(
                WarningKind::DeadRule,
                format!("the rule `{rule}` of {name} for `{}` as the root never applies", resource.name),
                Some(&rule.source),
                &format!("{name} starts from {roots} only: remove the rule, or add a `from` with its edges"),
            )
        })
        .collect()
}

/// Packages without extensions. One that declares resources or operations does contribute.
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
                format!("package `{name}` depends on Cascade but contributes nothing"),
                None,
                "link it in the program with `cascade_core::link!(…)`; if it has no extensions on purpose, add \
                 `[package.metadata.cascade] handlers = false` to its Cargo.toml",
            )
        })
        .collect()
}

/// Warnings for roots that reach more resources than in that revision.
pub(crate) fn further(diff: &Diff, revision: &str) -> Vec<Warning> {
    let grown = diff.changes.iter().filter_map(|change| match change {
        Change::Reach { operation, root, gained, .. } if !gained.is_empty() => {
            Some(reaches_further(operation, root, &format!("in {revision}"), &gained.join(", ")))
        }
        _ => None,
    });
    grown.collect()
}

/// Warnings for roots that reach more resources than the committed page says.
pub fn further_than_documented(document: &Document, file: &str, page: &str) -> Vec<Warning> {
    let warning = |further: &Further| {
        let (before, now) = further.counts;
        let gained = match further.gained.as_slice() {
            [] => format!("{now} resources, not {before}"),
            gained => gained.join(", "),
        };
        let operation = document.operation_name(&further.operation);
        reaches_further(operation, &further.root, &format!("{file} says"), &gained)
    };
    document.further_than(page).iter().flatten().map(warning).collect()
}

fn reaches_further(operation: &str, root: &str, than: &str, gained: &str) -> Warning {
    Warning::new(
        WarningKind::ReachesFurther,
        format!("{operation} from `{root}` reaches further than {than}: {gained}"),
        None,
        "`cargo cascade explain` shows the paths; if the change is intended, run `cargo cascade docs`",
    )
}
