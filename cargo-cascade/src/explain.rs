//! Finds every path from a root to a resource, and the effects of each operation along it.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use cascade_core::Decision;
use cascade_core::document::{Document, EdgeDocument, OperationDocument, UnknownName};
use serde::Serialize;

/// The limit of the search, because the number of paths can grow exponentially with the size of the graph.
const STEPS: usize = 200_000;

/// How a root reaches a resource.
#[derive(Clone, Debug, Serialize)]
#[non_exhaustive]
pub struct Explanation {
    /// The resource to start from.
    pub root: String,
    /// The resource that is reached.
    pub child: String,
    /// The paths, shortest first.
    pub ways: Vec<Way>,
    /// Whether there are more paths than are listed.
    pub more: bool,
    /// The edges of the paths, each with its rules for this root.
    pub edges: Vec<EdgeDocument>,
}

/// One path.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Way {
    /// The resources, from the root down.
    pub resources: Vec<String>,
    /// The roles of the edges between them, one fewer: `None` for an edge without a role.
    pub roles: Vec<Option<String>>,
    /// The effect of each operation at the end of the path, by the name of the operation.
    pub operations: BTreeMap<String, String>,
}

/// Finds the paths from `root` to `child`, and lists at most `limit` of them.
pub fn explain(
    document: &Document,
    root: &str,
    child: &str,
    operation: Option<&str>,
    limit: usize,
) -> Result<Explanation, UnknownName> {
    let (root, child) = (document.known_resource(root)?, document.known_resource(child)?);
    let operation = operation.map(|name| document.known_operation(name)).transpose()?;
    let is_asked = |one: &&OperationDocument| operation.is_none_or(|code| code == one.code);
    let operations: Vec<&OperationDocument> = document.operations.iter().filter(is_asked).collect();
    let mut search = Search::new(document, child);
    search.from(root);
    let mut paths = search.found;
    paths.sort_by_key(Vec::len);
    let more = paths.len() > limit || search.steps >= STEPS;
    paths.truncate(limit);
    let ends = |edge: &EdgeDocument| (edge.child.clone(), edge.parent.clone(), edge.role.clone());
    let on_paths: BTreeSet<_> = paths.iter().flatten().map(|edge| ends(edge)).collect();
    let is_on_path = |edge: &&EdgeDocument| on_paths.contains(&ends(edge));
    let edges = document.edges.iter().filter(is_on_path).map(|edge| {
        let mut edge = edge.clone();
        edge.rules.retain(|rule| {
            let is_asked = operations.iter().any(|one| one.code == rule.operation);
            is_asked && (rule.roots.is_empty() || rule.roots.iter().any(|name| name == root))
        });
        edge
    });
    Ok(Explanation {
        root: root.to_owned(),
        child: child.to_owned(),
        edges: edges.collect(),
        ways: paths.iter().map(|path| way(document, root, path, &operations)).collect(),
        more,
    })
}

struct Search<'d> {
    child: &'d str,
    down: BTreeMap<&'d str, Vec<&'d EdgeDocument>>,
    /// The resources from which a path leads to the child. The search visits no other.
    ancestors: BTreeSet<&'d str>,
    found: Vec<Vec<&'d EdgeDocument>>,
    steps: usize,
}

impl<'d> Search<'d> {
    fn new(document: &'d Document, child: &'d str) -> Self {
        let mut down: BTreeMap<&str, Vec<&EdgeDocument>> = BTreeMap::new();
        let mut up: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
        for edge in &document.edges {
            down.entry(&edge.parent).or_default().push(edge);
            up.entry(&edge.child).or_default().push(&edge.parent);
        }
        let mut ancestors = BTreeSet::new();
        let mut open = vec![child];
        while let Some(name) = open.pop() {
            if ancestors.insert(name) {
                open.extend(up.get(name).into_iter().flatten());
            }
        }
        Self { child, down, ancestors, found: Vec::new(), steps: 0 }
    }

    /// Finds all paths that visit no resource twice. The stack is explicit, because a path can be as long as the graph.
    fn from(&mut self, root: &'d str) {
        let mut path: Vec<&EdgeDocument> = Vec::new();
        let mut on_path = BTreeSet::from([root]);
        let mut open: Vec<(&str, usize)> = vec![(root, 0)];
        while let Some((name, next)) = open.last_mut() {
            self.steps += 1;
            let edges = self.down.get(name).map_or(&[][..], Vec::as_slice);
            let Some(&edge) = edges.get(*next).filter(|_| self.steps < STEPS) else {
                on_path.remove(*name);
                open.pop();
                path.pop();
                continue;
            };
            *next += 1;
            // A resource that depends on itself is the only path that ends where it starts.
            if edge.child == self.child && (!on_path.contains(self.child) || edge.parent == edge.child) {
                self.found.push(path.iter().copied().chain([edge]).collect());
            } else if self.ancestors.contains(edge.child.as_str()) && on_path.insert(&edge.child) {
                path.push(edge);
                open.push((&edge.child, 0));
            }
        }
    }
}

fn way(document: &Document, root: &str, path: &[&EdgeDocument], operations: &[&OperationDocument]) -> Way {
    let resources = path.iter().map(|edge| edge.child.clone());
    let verdicts = operations.iter().map(|one| (one.name.clone(), verdict(document, root, path, one)));
    Way {
        resources: std::iter::once(root.to_owned()).chain(resources).collect(),
        roles: path.iter().map(|edge| edge.role.clone()).collect(),
        operations: verdicts.collect(),
    }
}

/// The effect of the operation at the end of the path, or where and why the operation stops before.
fn verdict(document: &Document, root: &str, path: &[&EdgeDocument], operation: &OperationDocument) -> String {
    let may_start = operation.roots.is_empty() || operation.roots.iter().any(|name| name == root);
    let start = document.resource(root).and_then(|resource| resource.rule_for(&operation.code));
    match start {
        Some(rule) if may_start && rule.leads_on() => {}
        Some(rule) if may_start => return format!("stops at {root}: {rule}"),
        _ => return format!("does not start from {root}"),
    }
    for (at, edge) in path.iter().enumerate() {
        let is_last = at + 1 == path.len();
        match edge.rule_for(&operation.code, root) {
            None => return format!("does not propagate along {edge}"),
            Some(rule) if rule.decision == Decision::Ignore => {
                return format!("ignores {edge}");
            }
            Some(rule) if is_last => return rule.to_string(),
            Some(rule) if !rule.leads_on() => return format!("stops at {}: {rule}", edge.child),
            Some(_) => {}
        }
    }
    String::from("is the root")
}

impl fmt::Display for Way {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, resource) in self.resources.iter().enumerate() {
            let arrow = if at > 0 { " → " } else { "" };
            write!(f, "{arrow}{resource}")?;
            let role = at.checked_sub(1).and_then(|edge| self.roles.get(edge)?.as_ref());
            role.map_or(Ok(()), |role| write!(f, " ({role})"))?;
        }
        Ok(())
    }
}

impl fmt::Display for Explanation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { root, child, ways, more, edges } = self;
        if ways.is_empty() {
            return writeln!(f, "there is no path from {root} to {child}");
        }
        let plural = if ways.len() == 1 { "path" } else { "paths" };
        let count = if *more {
            format!("the {} shortest {plural}", ways.len())
        } else {
            format!("{} {plural}", ways.len())
        };
        writeln!(f, "{count} from {root} to {child}\n")?;
        for (at, way) in ways.iter().enumerate() {
            writeln!(f, "{:>2}. {way}", at + 1)?;
            for (operation, verdict) in &way.operations {
                writeln!(f, "      {operation}: {verdict}")?;
            }
        }
        writeln!(f, "\nedges\n")?;
        for edge in edges {
            writeln!(f, "  {edge}  {}", edge.source)?;
            for rule in &edge.rules {
                writeln!(f, "      {}: {rule}  {}", rule.operation, rule.source)?;
            }
        }
        Ok(())
    }
}
