//! Rules: their edges, roots and effects.

use std::collections::BTreeSet;

use super::edges::not_linked;
use super::misspelt::did_you_mean_edge;
use super::words::{declare_edge, effect_help, help, list, list_edges};
use crate::model::{Decision, EdgeParent, ExtensionDescriptor, Fault, FaultKind, ResourceDescriptor, Rule};

/// Rules that contradict themselves or each other, or that could never apply.
pub(crate) fn rules(extension: &ExtensionDescriptor, extended: &BTreeSet<&str>, faults: &mut Vec<Fault>) {
    for (index, rule) in extension.rules.iter().enumerate() {
        faults.extend(contradiction(rule));
        let parents = Named { what: "parent", call: "from" };
        faults.extend(named_twice(rule, &rule.from, parents, EdgeParent::is_same, EdgeParent::label));
        let roots = Named { what: "root", call: "root" };
        faults.extend(named_twice(
            rule,
            &rule.roots,
            roots,
            ResourceDescriptor::is_same,
            ResourceDescriptor::name,
        ));
        faults.extend(undeclared_edges(extension, rule));
        for root in rule.roots.iter().filter(|root| !extended.contains(root.name())) {
            faults.push(not_linked(extension, root, "has a rule for the root", extended).at(rule.place));
        }
        faults.extend(rule_without_edge(extension, rule));
        faults.extend(undeclared_effect(extension, rule));
        if let Some(first) = extension.rules[..index].iter().find(|first| have_equal_precedence(first, rule))
        {
            faults.push(rule_twice(extension, rule).at(first.place));
        }
    }
}

/// Calls that the decision of the rule has no place for.
fn contradiction(rule: &Rule) -> Option<Fault> {
    let operation = rule.operation.name();
    let policy = policy(&rule.decision);
    let (message, help) = match (policy, rule.leaf, rule.with_last_owner) {
        (None, true, true) => (
            format!(
                "a rule for `{operation}` is a `leaf`, which keeps the instance, and `with_last_owner`, which removes it"
            ),
            String::from("remove `.leaf()` or `.with_last_owner()`"),
        ),
        (Some(policy), true, _) => (
            format!("a rule for `{operation}` is `{policy}` and a `leaf`, but only an effect can be a leaf"),
            format!("remove `.leaf()`, or name an effect: `Rule::effect::<{operation}>(…)`"),
        ),
        (Some(policy), false, true) => (
            format!(
                "a rule for `{operation}` is `{policy}` and `with_last_owner`, but only an effect can wait for the last \
                 owner"
            ),
            format!("remove `.with_last_owner()`, or name an effect: `Rule::effect::<{operation}>(…)`"),
        ),
        (None, _, _) | (Some(_), false, false) => return None,
    };
    Some(Fault::new(FaultKind::Call, message, help).at(rule.place))
}

/// The name of a policy; `None` for a decision with an effect.
fn policy(decision: &Decision) -> Option<&'static str> {
    match decision {
        Decision::Effect { .. } | Decision::Shared { effect: Some(_) } => None,
        Decision::Ignore => Some("ignore"),
        Decision::Retain => Some("retain"),
        Decision::Restrict => Some("restrict"),
        Decision::WithParent => Some("with_parent"),
        Decision::Shared { effect: None } => Some("shared"),
    }
}

/// The parents or the roots of a rule, in messages.
#[derive(Clone, Copy)]
struct Named {
    what: &'static str,
    call: &'static str,
}

/// Parents or roots that a rule names twice.
fn named_twice<T>(
    rule: &Rule,
    named: &[T],
    Named { what, call }: Named,
    is_same: fn(&T, &T) -> bool,
    name: fn(&T) -> &str,
) -> Vec<Fault> {
    let is_second =
        |index: usize| named[..index].iter().filter(|earlier| is_same(earlier, &named[index])).count() == 1;
    let twice = (0..named.len()).filter(|&index| is_second(index)).map(|index| {
        let (operation, name) = (rule.operation.name(), name(&named[index]));
        let message = format!("a rule for `{operation}` names the {what} `{name}` twice");
        let help = help(
            rule.by_hand,
            format!("remove one `.{call}({name})`"),
            format!("remove one `{name}` from `{call}`"),
        );
        Fault::new(FaultKind::Call, message, help).at(rule.place)
    });
    twice.collect()
}

fn undeclared_edges(extension: &ExtensionDescriptor, rule: &Rule) -> Vec<Fault> {
    let is_declared =
        |parent: &EdgeParent| extension.edges.iter().any(|edge| edge.parent.has_names_of(parent));
    let faults = rule.from.iter().filter(|parent| !is_declared(parent)).map(|parent| {
        let (operation, edge) = (rule.operation.name(), parent.label());
        let message = format!("a rule for `{operation}` is from `{edge}`, which is not a declared edge");
        let declare = help(rule.by_hand, declare_edge(parent), "add it to `edges`");
        let help = if rule.by_hand { did_you_mean_edge(extension, parent, declare) } else { declare };
        Fault::new(FaultKind::Rule, message, help).at(rule.place)
    });
    faults.collect()
}

fn undeclared_effect(extension: &ExtensionDescriptor, rule: &Rule) -> Option<Fault> {
    let effect = rule.decision.effect()?;
    let declared = || extension.effects.iter().map(|declared| &declared.method);
    if declared().any(|declared| declared == effect) {
        return None;
    }
    let operation = rule.operation.name();
    let message = format!("a rule for `{operation}` has the effect `{effect}`, which is not declared");
    let help = effect_help(rule.by_hand, declared(), effect);
    Some(Fault::new(FaultKind::Rule, message, help).at(rule.place))
}

/// A rule without an edge is for an instance that is itself the root: it must name an effect, and no other root.
fn rule_without_edge(extension: &ExtensionDescriptor, rule: &Rule) -> Option<Fault> {
    if !rule.from.is_empty() {
        return None;
    }
    let operation = rule.operation.name();
    let is_own = |root: &ResourceDescriptor| root.is_same(&extension.resource);
    let add = help(rule.by_hand, "add the parent: `.from(…)`", "add `from = […]`");
    let (message, help) = if !matches!(rule.decision, Decision::Effect { .. }) {
        (format!("a policy for `{operation}` names no edge"), add)
    } else if !rule.roots.is_empty() && !rule.roots.iter().any(is_own) {
        let roots = list(&rule.roots);
        let message = format!(
            "a rule for `{operation}` is only for the root {roots}, but names no edge: it would never apply"
        );
        (message, format!("{add}; without it, the rule is for an instance that is itself the root"))
    } else {
        return None;
    };
    Some(Fault::new(FaultKind::Rule, message, help).at(rule.place))
}

/// The fault of a rule for a case that an earlier rule decides.
pub(crate) fn rule_twice(extension: &ExtensionDescriptor, rule: &Rule) -> Fault {
    let (child, operation) = (extension.resource.name(), rule.operation.name());
    let from = match rule.from.as_slice() {
        [] => String::from("of a root instance"),
        parents => format!("from {}", list_edges(parents)),
    };
    Fault::new(
        FaultKind::RuleTwice,
        format!("two rules of `{child}` for `{operation}` {from} have equal precedence"),
        help(
            rule.by_hand,
            "remove one, or add `.root(…)` to the more specific one",
            "remove one, or add `root = …` to the more specific one",
        ),
    )
    .at(rule.place)
}

/// Whether both rules apply to some case, and neither is more specific.
pub(crate) fn have_equal_precedence(a: &Rule, b: &Rule) -> bool {
    a.operation.is_same(&b.operation)
        && overlap(&a.from, &b.from, EdgeParent::is_same)
        && overlap(&a.roots, &b.roots, ResourceDescriptor::is_same)
}

/// Whether both lists are empty, or have an element in common.
fn overlap<T>(a: &[T], b: &[T], is_same: fn(&T, &T) -> bool) -> bool {
    (a.is_empty() && b.is_empty()) || a.iter().any(|a| b.iter().any(|b| is_same(a, b)))
}
