//! What an operation does along an edge, or to its root: by the document, as the engine decides it.

use crate::declare::Decision;
use crate::document::RuleDocument;

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
