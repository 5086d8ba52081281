//! Checks that involve several edges, finders, rules or methods.

use std::collections::BTreeSet;

use proc_macro2::{Ident, Span};

use crate::errors::{Errors, closest, listed};
use crate::methods::Method;
use crate::model::{Decision, Finder, Mention, Model, Rule};
use crate::total::{forgets_delete, is_delete, undecided_delete};
use crate::types::TypeRef;

/// Reports all inconsistencies of the model.
pub(crate) fn check(model: &Model, errors: &mut Errors) {
    if model.args.resource.is_none() && errors.is_complete() {
        let message = "`#[cascade]` needs the resource that the methods are for: `resource = …`";
        errors.add(syn::Error::new(Span::call_site(), message));
    }
    duplicate_finders(model, errors);
    duplicate_rules(model, errors);
    shared_along_two_edges(model, errors);
    duplicate_phases(model, errors);
    effect_names(model, errors);
    supersedes_cycles(model, errors);
    leaves_that_supersede(model, errors);
    if errors.is_complete() {
        undecided_edges(model, errors);
        undecided_delete(model, errors);
        phases_without_rule(model, errors);
        edges_without_finder(model, errors);
        unused_finders(model, errors);
    }
}

fn error(errors: &mut Errors, at: Span, message: impl std::fmt::Display) {
    errors.add(syn::Error::new(at, message));
}

fn same_operation(a: Option<&Mention>, b: Option<&Mention>) -> bool {
    a.map(|mention| mention.index) == b.map(|mention| mention.index)
}

fn duplicate_finders(model: &Model, errors: &mut Errors) {
    for (index, finder) in model.finders.iter().enumerate() {
        let is_duplicate = |earlier: &&Finder| {
            earlier.edge.index == finder.edge.index
                && !earlier.edge.guessed
                && !finder.edge.guessed
                && same_operation(earlier.operation.as_ref(), finder.operation.as_ref())
        };
        let Some(first) = model.finders[..index].iter().find(is_duplicate) else { continue };
        let (edge, first) = (&finder.edge, &model.methods[first.method].name);
        match &finder.operation {
            None => error(errors, finder.edge.at, format!("`{edge}` already has a finder: `{first}`")),
            Some(operation) => {
                let message = format!("`{edge}` already has a finder for `{}`: `{first}`", operation.ty);
                error(errors, operation.at, message);
            }
        }
    }
}

/// One combination of operation, edge and root that a rule decides. Without an edge, the instance is itself the root.
struct Case<'a> {
    rule: usize,
    operation: &'a Mention,
    edge: Option<&'a Mention>,
    root: Option<&'a TypeRef>,
}

impl Case<'_> {
    fn is_same(&self, other: &Self) -> bool {
        let same_root = match (self.root, other.root) {
            (Some(a), Some(b)) => a.matches(b),
            (a, b) => a.is_none() && b.is_none(),
        };
        let is_guess = |edge: Option<&Mention>| edge.is_some_and(|edge| edge.guessed);
        self.operation.index == other.operation.index
            && same_operation(self.edge, other.edge)
            && same_root
            && !is_guess(self.edge)
            && !is_guess(other.edge)
    }

    fn at(&self) -> Span {
        self.edge.unwrap_or(self.operation).at
    }

    fn message(&self, by: &str) -> String {
        let operation = &self.operation.ty;
        let from = match (self.edge, self.root) {
            (None, _) => return format!("`{operation}` of a root instance is already decided by `{by}`"),
            (Some(edge), None) => format!("from `{edge}`"),
            (Some(edge), Some(root)) => format!("from `{edge}` with the root `{root}`"),
        };
        format!("`{operation}` {from} is already decided by `{by}`")
    }
}

fn cases(model: &Model) -> Vec<Case<'_>> {
    let mut cases = Vec::new();
    for (index, rule) in model.rules.iter().enumerate() {
        let edges = rule.from.iter().map(Some).chain(rule.from.is_empty().then_some(None));
        for edge in edges {
            let roots = rule.roots.iter().map(Some).chain(rule.roots.is_empty().then_some(None));
            cases.extend(roots.map(|root| Case { rule: index, operation: &rule.operation, edge, root }));
        }
    }
    cases
}

fn duplicate_rules(model: &Model, errors: &mut Errors) {
    let cases = cases(model);
    for (index, case) in cases.iter().enumerate() {
        let Some(first) = cases[..index].iter().find(|first| first.is_same(case)) else { continue };
        let by = match &model.rules[first.rule].decision {
            Decision::Effect { method, .. } => model.methods[*method].name.to_string(),
            Decision::Policy(kind) => kind.name().to_owned(),
        };
        error(errors, case.at(), case.message(&by));
    }
}

/// Reports `shared` along two edges for one operation. Each edge has its own finder, so that the engine cannot tell
/// whether an owner along the other edge remains.
fn shared_along_two_edges(model: &Model, errors: &mut Errors) {
    let cases = cases(model);
    let shared: Vec<&Case<'_>> = cases
        .iter()
        .filter(|case| model.rules[case.rule].decision.is_shared())
        .filter(|case| case.edge.is_some_and(|edge| !edge.guessed))
        .collect();
    for (index, case) in shared.iter().enumerate() {
        let conflicts = |other: &&&Case<'_>| {
            other.operation.index == case.operation.index
                && !same_operation(other.edge, case.edge)
                && both_apply(&cases, other, case)
        };
        let (Some(other), Some(edge)) = (shared[..index].iter().find(conflicts), case.edge) else { continue };
        let Some(owner) = other.edge else { continue };
        let message = format!(
            "`{owner}` is already `shared` for `{}`: the removal of the last `{owner}` would remove an instance that \
             still has a `{edge}`, and vice versa; keep one `shared`, and along the other edge use `restrict` or an \
             effect that checks for owners itself",
            case.operation.ty
        );
        error(errors, edge.at, message);
    }
}

/// Whether there is a root for which both cases apply. A case for any root does not apply to a root for which the edge
/// has a case of its own.
fn both_apply(cases: &[Case<'_>], a: &Case<'_>, b: &Case<'_>) -> bool {
    let has_own_case = |case: &Case<'_>, root: &TypeRef| {
        cases.iter().any(|other| {
            other.operation.index == case.operation.index
                && same_operation(other.edge, case.edge)
                && other.root.is_some_and(|other| other.matches(root))
        })
    };
    match (a.root, b.root) {
        (None, None) => true,
        (Some(a), Some(b)) => a.matches(b),
        (Some(root), None) => !has_own_case(b, root),
        (None, Some(root)) => !has_own_case(a, root),
    }
}

fn duplicate_phases(model: &Model, errors: &mut Errors) {
    for (index, phase) in model.phases.iter().enumerate() {
        let is_duplicate = model.phases[..index].iter().any(|earlier| {
            (earlier.method, earlier.kind, earlier.operation.index)
                == (phase.method, phase.kind, phase.operation.index)
        });
        if is_duplicate {
            let (name, operation) = (&model.methods[phase.method].name, &phase.operation.ty);
            error(
                errors,
                phase.operation.at,
                format!("`{name}` already has this attribute for `{operation}`"),
            );
        }
    }
}

/// Reports names in `supersedes` and `effects` that are not effects.
fn effect_names(model: &Model, errors: &mut Errors) {
    let effects: Vec<String> = effects(model).map(|method| method.name.to_string()).collect();
    for method in &model.methods {
        if let ([first, ..], []) = (method.supersedes.as_slice(), method.rules.as_slice()) {
            if errors.is_complete() {
                let message = format!(
                    "`{}` is not an effect, so it cannot supersede one: add `#[on(…)]`, or remove `#[supersedes]`",
                    method.name
                );
                errors.at(first, message);
            }
            continue;
        }
        let in_phases = method.phases.iter().flat_map(|phase| &phase.effects);
        for name in method.supersedes.iter().chain(in_phases) {
            let written = name.to_string();
            if effects.contains(&written) || !errors.is_complete() {
                continue;
            }
            let names = effects.iter().map(String::as_str);
            let hint = match closest(&written, names) {
                Some(meant) => format!("did you mean `{meant}`?"),
                None => String::from("an effect is a method with `#[on(…)]`"),
            };
            errors.at(name, format!("`{name}` is not an effect of this `impl`: {hint}"));
        }
    }
}

fn effects(model: &Model) -> impl Iterator<Item = &Method> {
    model.methods.iter().filter(|method| !method.rules.is_empty())
}

/// Reports effects that supersede each other in a cycle: none of them would run.
fn supersedes_cycles(model: &Model, errors: &mut Errors) {
    let mut supersedes: Vec<(&Ident, &Ident)> = Vec::new();
    for effect in effects(model) {
        for other in &effect.supersedes {
            if *other == effect.name {
                errors.at(other, format!("`{other}` cannot supersede itself"));
            } else if reaches(&supersedes, other, &effect.name) {
                let name = &effect.name;
                let message = format!(
                    "`{name}` supersedes `{other}`, which in turn supersedes `{name}`: neither would run"
                );
                errors.at(other, message);
            } else {
                supersedes.push((&effect.name, other));
            }
        }
    }
}

/// Reports an effect of a leaf rule that supersedes the effect of another kind of rule: the instance would stay while
/// its dependents are removed.
fn leaves_that_supersede(model: &Model, errors: &mut Errors) {
    let has_rule = |name: &Ident, operation: usize, is_leaf: bool| {
        model.rules.iter().any(|rule| match rule.decision {
            Decision::Effect { method, leaf, .. } => {
                model.methods[method].name == *name && rule.operation.index == operation && leaf == is_leaf
            }
            Decision::Policy(_) => false,
        })
    };
    let all: Vec<(&Ident, &Ident)> = effects(model)
        .flat_map(|effect| effect.supersedes.iter().map(move |other| (&effect.name, other)))
        .collect();
    for effect in effects(model) {
        for (index, operation) in model.operations.iter().enumerate() {
            let supersedes_removal = |other: &&Ident| {
                effects(model).any(|it| reaches(&all, other, &it.name) && has_rule(&it.name, index, false))
            };
            let Some(other) = effect.supersedes.iter().find(supersedes_removal) else { continue };
            if has_rule(&effect.name, index, true) {
                let name = &effect.name;
                let message = format!(
                    "`{name}` has a `leaf` rule for `{operation}`, but supersedes an effect whose rule is not `leaf`: \
                     the instance would stay while its dependents are removed; let `{other}` supersede `{name}`, or remove \
                     `leaf`"
                );
                errors.at(other, message);
                break;
            }
        }
    }
}

/// Whether `from` supersedes `to`, directly or through other effects. Every effect reaches itself.
fn reaches(supersedes: &[(&Ident, &Ident)], from: &Ident, to: &Ident) -> bool {
    let mut reached = BTreeSet::from([from]);
    let mut open = vec![from];
    while let Some(name) = open.pop() {
        for (_, next) in supersedes.iter().filter(|(effect, _)| *effect == name) {
            if reached.insert(next) {
                open.push(next);
            }
        }
    }
    reached.contains(to)
}

/// Reports edges without a rule that holds for every root, for each operation that has rules.
fn undecided_edges(model: &Model, errors: &mut Errors) {
    for (edge, operation) in pairs(model) {
        if !has_rules(model, operation) || is_decided(model, edge, operation) {
            continue;
        }
        let (declared, name) = (&model.edges[edge], &model.operations[operation]);
        let ignore = format!("`ignore({name}, from = [{}])`", declared.in_code());
        let roots: Vec<&TypeRef> = model
            .rules
            .iter()
            .filter(|rule| rule.is_for(operation, edge))
            .flat_map(|rule| &rule.roots)
            .collect();
        let message = if roots.is_empty() {
            format!("`{declared}` has no rule for `{name}`: name it in a `from`, or write {ignore}")
        } else {
            let roots = listed(&roots, "and");
            format!(
                "`{declared}` has a rule for `{name}` only with the root {roots}: for all other roots, name it in a `from` \
                 without `root`, or write {ignore}"
            )
        };
        error(errors, declared.at(), message);
    }
}

/// All pairs of an edge and an operation, by their indices.
fn pairs(model: &Model) -> impl Iterator<Item = (usize, usize)> {
    let operations = model.operations.len();
    (0..model.edges.len()).flat_map(move |edge| (0..operations).map(move |operation| (edge, operation)))
}

fn has_rules(model: &Model, operation: usize) -> bool {
    model.rules.iter().any(|rule| rule.operation.index == operation)
}

/// Whether the operation is `Delete` and its rules are missing, which is reported for the edges.
fn is_missing_delete(model: &Model, operation: &Mention) -> bool {
    is_delete(operation) && forgets_delete(model)
}

fn is_decided(model: &Model, edge: usize, operation: usize) -> bool {
    model.rules.iter().any(|rule| rule.decides(operation, edge))
}

fn propagates(model: &Model, edge: usize, operation: usize) -> bool {
    model.rules.iter().any(|rule: &Rule| rule.is_for(operation, edge) && rule.propagates())
}

/// Reports check, begin, cleanup and verify methods of operations without a rule. Not for add-ons: the extension that
/// owns the resource may have the rules.
fn phases_without_rule(model: &Model, errors: &mut Errors) {
    let Some(resource) = model.args.resource.as_ref().filter(|_| !model.args.addon) else { return };
    for phase in &model.phases {
        let operation = &phase.operation;
        if !has_rules(model, operation.index) && !is_missing_delete(model, operation) {
            let (name, ty) = (&model.methods[phase.method].name, &operation.ty);
            let message = format!(
                "`{name}` never runs: `{ty}` does not reach `{resource}`, because this `impl` has no `#[on({ty}, …)]`"
            );
            error(errors, operation.at, message);
        }
    }
}

fn edges_without_finder(model: &Model, errors: &mut Errors) {
    for (index, edge) in model.edges.iter().enumerate() {
        let finders: Vec<&Finder> =
            model.finders.iter().filter(|finder| finder.edge.index == index).collect();
        let add = format!("add a method with `#[affected(by = {})]`", edge.in_code());
        if finders.is_empty() {
            error(errors, edge.at(), format!("`{edge}` has no finder: {add}"));
            continue;
        }
        for (operation, name) in model.operations.iter().enumerate() {
            let is_for_operation =
                |finder: &&Finder| finder.operation.as_ref().is_none_or(|only| only.index == operation);
            if propagates(model, index, operation) && !finders.iter().any(is_for_operation) {
                error(errors, edge.at(), format!("`{edge}` has no finder for `{name}`: {add}"));
            }
        }
    }
}

/// Reports finders for an operation that does not propagate along their edge.
fn unused_finders(model: &Model, errors: &mut Errors) {
    for finder in &model.finders {
        let Some(operation) = &finder.operation else { continue };
        let is_undecided = is_missing_delete(model, operation)
            || has_rules(model, operation.index) && !is_decided(model, finder.edge.index, operation.index);
        if !is_undecided && !propagates(model, finder.edge.index, operation.index) {
            let (edge, ty) = (&finder.edge, &operation.ty);
            error(
                errors,
                operation.at,
                format!("this finder is never called: `{ty}` does not propagate along the edge `{edge}`"),
            );
        }
    }
}
