//! The changes between two graphs, for a reviewer.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::fmt;

use cascade_core::document::{Document, EdgeDocument, Reach, RuleDocument, Source};
use serde::Serialize;

/// One change.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case", tag = "change")]
#[non_exhaustive]
pub enum Change {
    /// A resource is new.
    ResourceAdded {
        /// Its name.
        name: String,
        /// Where it is declared.
        source: Source,
    },
    /// A resource was removed.
    ResourceRemoved {
        /// Its name.
        name: String,
    },
    /// An edge is new.
    EdgeAdded {
        /// The resource that the child depends on.
        parent: String,
        /// The child.
        child: String,
        /// Its role.
        #[serde(skip_serializing_if = "Option::is_none")]
        role: Option<String>,
        /// Where it is written.
        source: Source,
    },
    /// An edge was removed.
    EdgeRemoved {
        /// The resource that the child depended on.
        parent: String,
        /// The child.
        child: String,
        /// Its role.
        #[serde(skip_serializing_if = "Option::is_none")]
        role: Option<String>,
    },
    /// The order along an edge may be given up in cycles of instances, or no longer.
    MayCut {
        /// The resource that the child depends on.
        parent: String,
        /// The child.
        child: String,
        /// Its role.
        #[serde(skip_serializing_if = "Option::is_none")]
        role: Option<String>,
        /// Whether it may be given up now.
        may_cut: bool,
        /// Where the edge is written.
        source: Source,
    },
    /// An operation has other rules along an edge, or for its root.
    Decision {
        /// The operation's name.
        operation: String,
        /// The parent; `None` for an instance that is itself the root.
        parent: Option<String>,
        /// The resource that the rules are for.
        child: String,
        /// The role of the edge.
        #[serde(skip_serializing_if = "Option::is_none")]
        role: Option<String>,
        /// The rules before; empty if there were none.
        before: String,
        /// The rules now; empty if there are none.
        after: String,
        /// The place in the source now.
        source: Option<Source>,
    },
    /// An operation reaches other resources from a root than before.
    Reach {
        /// The operation's name.
        operation: String,
        /// The root.
        root: String,
        /// The resources that it now reaches.
        gained: Vec<String>,
        /// The resources that it no longer reaches.
        lost: Vec<String>,
    },
}

/// The changes between two graphs.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Diff {
    /// The changes: resources, edges, orders that may be given up, decisions, and what roots reach.
    pub changes: Vec<Change>,
}

impl Diff {
    /// The changes that make `new` of `old`.
    pub fn between(old: &Document, new: &Document) -> Self {
        let mut changes = resources(old, new);
        changes.extend(edges(old, new));
        changes.extend(may_cut(old, new));
        changes.extend(decisions(old, new));
        changes.extend(reach(old, new));
        Self { changes }
    }
}

fn resources(old: &Document, new: &Document) -> Vec<Change> {
    let added = new.resources.iter().filter(|resource| old.resource(&resource.name).is_none());
    let added = added.map(|resource| Change::ResourceAdded {
        name: resource.name.clone(),
        source: resource.source.clone(),
    });
    let removed = old.resources.iter().filter(|resource| new.resource(&resource.name).is_none());
    added.chain(removed.map(|resource| Change::ResourceRemoved { name: resource.name.clone() })).collect()
}

/// The parent, the child and the role.
fn key(edge: &EdgeDocument) -> (String, String, Option<String>) {
    (edge.parent.clone(), edge.child.clone(), edge.role.clone())
}

/// The edges whose order may be given up now and could not before, or the other way round. Those that were removed are listed
/// as such.
fn may_cut(old: &Document, new: &Document) -> Vec<Change> {
    let allowed: BTreeSet<_> = old.edges.iter().filter(|edge| edge.may_cut).map(key).collect();
    let changed = new.edges.iter().filter(|edge| edge.may_cut != allowed.contains(&key(edge)));
    let change = |edge: &EdgeDocument| Change::MayCut {
        parent: edge.parent.clone(),
        child: edge.child.clone(),
        role: edge.role.clone(),
        may_cut: edge.may_cut,
        source: edge.source.clone(),
    };
    changed.map(change).collect()
}

fn edges(old: &Document, new: &Document) -> Vec<Change> {
    let keys = |document: &Document| document.edges.iter().map(key).collect::<BTreeSet<_>>();
    let (before, after) = (keys(old), keys(new));
    let added = new.edges.iter().filter(|edge| !before.contains(&key(edge)));
    let added = added.map(|edge| Change::EdgeAdded {
        parent: edge.parent.clone(),
        child: edge.child.clone(),
        role: edge.role.clone(),
        source: edge.source.clone(),
    });
    let removed = before.difference(&after).cloned();
    added.chain(removed.map(|(parent, child, role)| Change::EdgeRemoved { parent, child, role })).collect()
}

/// A combination of operation and edge, or of operation and root.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Case<'d> {
    /// The code of the operation.
    operation: &'d str,
    /// `None` for an instance that is itself the root.
    parent: Option<&'d str>,
    child: &'d str,
    role: Option<&'d str>,
}

fn rules_by_case(document: &Document) -> BTreeMap<Case<'_>, Vec<&RuleDocument>> {
    let mut cases: BTreeMap<Case<'_>, Vec<&RuleDocument>> = BTreeMap::new();
    for resource in &document.resources {
        for rule in &resource.rules {
            let case = Case { operation: &rule.operation, parent: None, child: &resource.name, role: None };
            cases.entry(case).or_default().push(rule);
        }
    }
    for edge in &document.edges {
        for rule in &edge.rules {
            let case = Case {
                operation: &rule.operation,
                parent: Some(&edge.parent),
                child: &edge.child,
                role: edge.role.as_deref(),
            };
            cases.entry(case).or_default().push(rule);
        }
    }
    cases
}

/// Changed rules of edges and resources that exist in both graphs. New edges and resources are listed as such.
fn decisions(old: &Document, new: &Document) -> Vec<Change> {
    let (before, after) = (rules_by_case(old), rules_by_case(new));
    let has = |document: &Document, case: Case<'_>| match case.parent {
        None => document.resource(case.child).is_some(),
        Some(parent) => document.edges.iter().any(|edge| {
            edge.parent == parent && edge.child == case.child && edge.role.as_deref() == case.role
        }),
    };
    let all: BTreeSet<Case<'_>> = before.keys().chain(after.keys()).copied().collect();
    let text = |rules: Option<&Vec<&RuleDocument>>| {
        let mut texts: Vec<String> = rules.into_iter().flatten().map(ToString::to_string).collect();
        texts.sort_unstable();
        texts.join(", ")
    };
    let changed = all.into_iter().filter_map(|case| {
        let (was, is) = (text(before.get(&case)), text(after.get(&case)));
        (was != is && has(old, case) && has(new, case)).then(|| Change::Decision {
            operation: name(old, new, case.operation),
            parent: case.parent.map(ToOwned::to_owned),
            child: case.child.to_owned(),
            role: case.role.map(ToOwned::to_owned),
            before: was,
            after: is,
            source: after.get(&case).and_then(|rules| rules.first()).map(|rule| rule.source.clone()),
        })
    });
    changed.collect()
}

/// The name of an operation, in the new graph if it is in both.
fn name(old: &Document, new: &Document, code: &str) -> String {
    let document = if new.operation(code).is_some() { new } else { old };
    document.operation_name(code).to_owned()
}

fn reach(old: &Document, new: &Document) -> Vec<Change> {
    let codes: BTreeSet<&str> =
        old.operations.iter().chain(&new.operations).map(|operation| operation.code.as_str()).collect();
    let roots: Vec<&str> = new.resources.iter().map(|resource| resource.name.as_str()).collect();
    let both = || roots.iter().filter(|root| old.resource(root).is_some());
    let pairs = codes.iter().flat_map(|code| both().map(move |root| (*code, *root)));
    let (mut before, mut after) = (Reach::new(old), Reach::new(new));
    let changed = pairs.filter_map(|(code, root)| {
        let before = before.of(code, root).unwrap_or_default().resources;
        let after = after.of(code, root).unwrap_or_default().resources;
        let names = |these: &[&str], others: &[&str]| -> Vec<String> {
            let others: HashSet<&str> = others.iter().copied().collect();
            these.iter().filter(|name| !others.contains(**name)).map(ToString::to_string).collect()
        };
        let (gained, lost) = if before == after {
            Default::default()
        } else {
            (names(&after, &before), names(&before, &after))
        };
        (!gained.is_empty() || !lost.is_empty()).then(|| Change::Reach {
            operation: name(old, new, code),
            root: root.to_owned(),
            gained,
            lost,
        })
    });
    changed.collect()
}

impl fmt::Display for Diff {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.changes.is_empty() {
            return writeln!(f, "the graph is unchanged");
        }
        self.changes.iter().try_for_each(|change| writeln!(f, "{change}"))
    }
}

impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::ResourceAdded { name, source } => write!(f, "+ {name}  {source}"),
            Self::ResourceRemoved { name } => write!(f, "- {name}"),
            Self::EdgeAdded { parent, child, role, source } => {
                write!(f, "+ {parent} → {child}{}  {source}", in_role(role.as_deref()))
            }
            Self::EdgeRemoved { parent, child, role } => {
                write!(f, "- {parent} → {child}{}", in_role(role.as_deref()))
            }
            Self::MayCut { parent, child, role, may_cut, source } => {
                let order =
                    if *may_cut { "may be given up in cycles" } else { "is kept unless a run allows cuts" };
                write!(f, "~ {parent} → {child}{}: its order {order}  {source}", in_role(role.as_deref()))
            }
            Self::Decision { operation, parent, child, role, before, after, source } => {
                match parent {
                    Some(parent) => {
                        write!(f, "~ {operation} along {parent} → {child}{}: ", in_role(role.as_deref()))?;
                    }
                    None => write!(f, "~ {operation} from {child}: ")?,
                }
                write!(f, "{} ⇒ {}", or_nothing(before), or_nothing(after))?;
                source.as_ref().map_or(Ok(()), |source| write!(f, "  {source}"))
            }
            Self::Reach { operation, root, gained, lost } => {
                write!(f, "! {operation} from {root}")?;
                if !gained.is_empty() {
                    write!(f, " now reaches {}", gained.join(", "))?;
                }
                if !lost.is_empty() {
                    let and = if gained.is_empty() { "" } else { ", and" };
                    write!(f, "{and} no longer reaches {}", lost.join(", "))?;
                }
                Ok(())
            }
        }
    }
}

fn in_role(role: Option<&str>) -> String {
    role.map_or_else(String::new, |role| format!(" ({role})"))
}

fn or_nothing(rules: &str) -> &str {
    if rules.is_empty() { "nothing" } else { rules }
}
