//! Selects the rule for an edge or a root from a document, in the same way as the engine.

use super::document::{EdgeDocument, ResourceDocument, RuleDocument};
use crate::model::Decision;

/// The rule that is limited to this root, or else the rule for any root.
pub(crate) fn decide<'d>(rules: &'d [RuleDocument], operation: &str, root: &str) -> Option<&'d RuleDocument> {
    let of_operation = || rules.iter().filter(|rule| rule.operation == operation);
    of_operation()
        .find(|rule| rule.roots.iter().any(|name| name == root))
        .or_else(|| of_operation().find(|rule| rule.roots.is_empty()))
}

/// A decision in words, such as `stop (leaf)`, `retain` or `wipe (with the last owner)`.
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

/// Whether the operation continues to the dependents of an instance with this decision.
pub(crate) fn leads_on(decision: &Decision) -> bool {
    match decision {
        Decision::Effect { leaf, .. } => !leaf,
        Decision::WithParent | Decision::Shared { .. } => true,
        Decision::Ignore | Decision::Retain | Decision::Restrict => false,
    }
}

impl RuleDocument {
    /// Whether the operation continues to the dependents of an instance that this rule decides.
    pub fn leads_on(&self) -> bool {
        leads_on(&self.decision)
    }
}

impl EdgeDocument {
    /// The rule for that operation, given by its code, in a cascade that started at `root`.
    pub fn rule_for(&self, operation: &str, root: &str) -> Option<&RuleDocument> {
        decide(&self.rules, operation, root)
    }
}

impl ResourceDocument {
    /// The rule for that operation, given by its code, on an instance that is itself the root.
    pub fn rule_for(&self, operation: &str) -> Option<&RuleDocument> {
        decide(&self.rules, operation, &self.name)
    }
}

/// A rule's decision in words, with the roots to which the rule is limited.
pub(crate) fn rule_words(rule: &RuleDocument) -> String {
    let decision = words(&rule.decision);
    if rule.roots.is_empty() { decision } else { format!("{decision} for {}", rule.roots.join(", ")) }
}

impl std::fmt::Display for RuleDocument {
    /// The decision, with the roots to which the rule is limited: `stop (leaf)`, `destroy for Zone`.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&rule_words(self))
    }
}
