//! Why an operation does not propagate from a resource: the decisions above it at which the operation ends.

use std::collections::{BTreeMap, BTreeSet};

use cascade_core::Decision;
use cascade_core::document::{Document, EdgeDocument, OperationDocument, Reach, Reached, RuleDocument};

/// The most decisions that one help names.
const MAX_NAMED: usize = 3;

/// The operations of a document, from all roots or from one.
pub(crate) struct Blocked<'d> {
    document: &'d Document,
    reach: Reach<'d>,
    /// The edges from each resource to its parents.
    up: BTreeMap<&'d str, Vec<&'d EdgeDocument>>,
    /// The resources from which an operation propagates, started at that root; `None` for any root.
    leading: BTreeMap<(&'d str, Option<&'d str>), Leading<'d>>,
}

/// The resources from which an operation propagates; `None` if it cannot start.
type Leading<'d> = Option<BTreeSet<&'d str>>;

impl<'d> Blocked<'d> {
    pub(crate) fn new(document: &'d Document) -> Self {
        let mut up: BTreeMap<&str, Vec<&EdgeDocument>> = BTreeMap::new();
        for edge in &document.edges {
            up.entry(&edge.child).or_default().push(edge);
        }
        Self { document, reach: Reach::new(document), up, leading: BTreeMap::new() }
    }

    /// Why the rule never applies along the edge, as one clause.
    pub(crate) fn why(&mut self, edge: &'d EdgeDocument, rule: &'d RuleDocument) -> String {
        let document = self.document;
        let Some(operation) = document.operations.iter().find(|one| one.code == rule.operation) else {
            return format!("the graph has no operation `{}`", rule.operation);
        };
        let roots: Vec<Option<&str>> = match rule.roots.as_slice() {
            [] => vec![None],
            roots => roots.iter().map(|root| Some(root.as_str())).collect(),
        };
        let reasons: BTreeSet<String> =
            roots.into_iter().flat_map(|root| self.reasons(operation, root, &edge.parent)).collect();
        let more = reasons.len().saturating_sub(MAX_NAMED);
        let mut named: Vec<String> = reasons.into_iter().take(MAX_NAMED).collect();
        if more > 0 {
            named.push(format!("{more} more decisions above `{}` end it too", edge.parent));
        }
        named.join(", and ")
    }

    fn reasons(
        &mut self,
        operation: &'d OperationDocument,
        root: Option<&'d str>,
        parent: &'d str,
    ) -> BTreeSet<String> {
        let name = &operation.name;
        let key = (operation.code.as_str(), root);
        if !self.leading.contains_key(&key) {
            let leading = self.leading(operation, root);
            self.leading.insert(key, leading);
        }
        let Some(Some(leading)) = self.leading.get(&key) else {
            let root = root.unwrap_or_default();
            return BTreeSet::from([format!("`{name}` does not start from `{root}`")]);
        };
        if leading.contains(parent) {
            return BTreeSet::from([String::from("another rule always has precedence")]);
        }
        let ends = self.ends(operation, root, parent, leading);
        if ends.is_empty() {
            let nowhere = match root {
                Some(root) => format!("`{parent}` does not depend on `{root}`"),
                None => format!("`{name}` starts neither from `{parent}` nor above it"),
            };
            return BTreeSet::from([nowhere]);
        }
        ends
    }

    fn leading(&mut self, operation: &'d OperationDocument, root: Option<&'d str>) -> Leading<'d> {
        let document = self.document;
        let Reached { edges, .. } = match root {
            Some(root) => self.reach.of(&operation.code, root)?,
            None => self.reach.together(&operation.code),
        };
        let is_root = |name: &str| root.is_none_or(|root| root == name) && may_start(operation, name);
        let roots = document.resources.iter().filter(|resource| {
            is_root(&resource.name) && resource.rule_for(&operation.code).is_some_and(RuleDocument::leads_on)
        });
        let mut leading: BTreeSet<&str> = roots.map(|resource| resource.name.as_str()).collect();
        let on = edges.into_iter().filter(|&(edge, rule)| document.edges[edge].rules[rule].leads_on());
        leading.extend(on.map(|(edge, _)| document.edges[edge].child.as_str()));
        Some(leading)
    }

    /// The decisions at `parent` or above it at which the operation ends.
    fn ends(
        &self,
        operation: &OperationDocument,
        root: Option<&str>,
        parent: &'d str,
        leading: &BTreeSet<&str>,
    ) -> BTreeSet<String> {
        let mut ends = BTreeSet::new();
        let mut seen = BTreeSet::from([parent]);
        let mut open = vec![parent];
        while let Some(resource) = open.pop() {
            ends.extend(self.end_at_root(operation, root, resource));
            for edge in self.up.get(resource).into_iter().flatten() {
                if leading.contains(edge.parent.as_str()) {
                    ends.insert(end_along(edge, operation, root));
                } else if seen.insert(&edge.parent) {
                    open.push(&edge.parent);
                }
            }
        }
        ends
    }

    /// The decision of the resource as the root, if the operation ends there.
    fn end_at_root(&self, operation: &OperationDocument, root: Option<&str>, name: &str) -> Option<String> {
        let rule = self.document.resource(name)?.rule_for(&operation.code)?;
        let is_root = root.is_none_or(|root| root == name) && may_start(operation, name);
        is_root.then(|| format!("`{name}` has the rule `{rule}` for `{}` as the root", operation.name))
    }
}

/// Whether the operation names the resource as a root, or names none.
pub(crate) fn may_start(operation: &OperationDocument, root: &str) -> bool {
    operation.roots.is_empty() || operation.roots.iter().any(|name| name == root)
}

/// The decision along an edge at which the operation ends.
fn end_along(edge: &EdgeDocument, operation: &OperationDocument, root: Option<&str>) -> String {
    let (child, name) = (&edge.child, &operation.name);
    let parent = edge.role.as_ref().unwrap_or(&edge.parent);
    let of_any_root = || edge.rules.iter().find(|rule| rule.operation == operation.code && !rule.leads_on());
    match root.map_or_else(of_any_root, |root| edge.rule_for(&operation.code, root)) {
        None => format!("`{child}` has no rule for `{name}` from `{parent}`"),
        Some(rule) if rule.decision == Decision::Ignore => {
            format!("`{child}` ignores `{name}` from `{parent}`")
        }
        Some(rule) => format!("`{child}` has the rule `{rule}` for `{name}` from `{parent}`"),
    }
}
