//! What an operation does along an edge, or to its root: by the document, as the engine decides it.

use super::document::{EdgeDocument, ResourceDocument, RuleDocument};
use crate::model::Decision;

/// The rule for this root if there is one, else the rule for any.
pub(crate) fn decide<'d>(rules: &'d [RuleDocument], operation: &str, root: &str) -> Option<&'d RuleDocument> {
    let of_operation = || rules.iter().filter(|rule| rule.operation == operation);
    of_operation()
        .find(|rule| rule.roots.iter().any(|name| name == root))
        .or_else(|| of_operation().find(|rule| rule.roots.is_empty()))
}

/// A decision in words: `stop (leaf)`, `retain`, `wipe (with the last owner)`.
pub(crate) fn words(decision: &Decision) -> String {
    match decision {
        Decision::Effect { effect, leaf: true } => format!("{effect} (leaf)"),
        Decision::Effect { effect, leaf: false } => effect.to_string(),
        Decision::Ignore => String::from("ignore"),
        Decision::Retain => String::from("retain"),
        Decision::Restrict => String::from("restrict"),
        Decision::WithParent => String::from("with parent"),
        Decision::Shared { effect: Some(effect) } => format!("{effect} (with the last owner)"),
        Decision::Shared { effect: None } => String::from("with the last owner"),
    }
}

/// Whether what is reached by such a decision leads on to what hangs off it.
pub(crate) fn leads_on(decision: &Decision) -> bool {
    match decision {
        Decision::Effect { leaf, .. } => !leaf,
        Decision::WithParent | Decision::Shared { .. } => true,
        Decision::Ignore | Decision::Retain | Decision::Restrict => false,
    }
}

impl RuleDocument {
    /// Whether what is reached by it leads on to what hangs off it.
    pub fn leads_on(&self) -> bool {
        leads_on(&self.decision)
    }
}

impl EdgeDocument {
    /// The rule for that operation in a cascade that started at `root`.
    pub fn rule_for(&self, operation: &str, root: &str) -> Option<&RuleDocument> {
        decide(&self.rules, operation, root)
    }
}

impl ResourceDocument {
    /// The rule for that operation on an instance that is itself the root.
    pub fn rule_for(&self, operation: &str) -> Option<&RuleDocument> {
        decide(&self.rules, operation, &self.name)
    }
}

/// A rule's decision with the roots it is for.
pub(crate) fn rule_words(rule: &RuleDocument) -> String {
    let decision = words(&rule.decision);
    if rule.roots.is_empty() { decision } else { format!("{decision} for {}", rule.roots.join(", ")) }
}

impl std::fmt::Display for RuleDocument {
    /// What is decided, with the roots it is for: `stop (leaf)`, `destroy for Zone`.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&rule_words(self))
    }
}
