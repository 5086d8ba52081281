//! What must hold for edges, finders and rules together.

use std::collections::BTreeSet;

use proc_macro2::{Ident, Span};

use crate::errors::{Errors, closest, listed};
use crate::methods::Method;
use crate::model::{Decision, Finder, Mention, Model, Rule};
use crate::types::TypeRef;

/// Reports everything that is wrong with what the `impl` says.
pub(crate) fn check(model: &Model, errors: &mut Errors) {
    if model.args.resource.is_none() && errors.saw_everything() {
        let message = "`#[cascade]` needs the resource that the methods are for: `resource = …`";
        errors.add(syn::Error::new(Span::call_site(), message));
    }
    finders_twice(model, errors);
    rules_twice(model, errors);
    shared_twice(model, errors);
    phases_twice(model, errors);
    effect_names(model, errors);
    circles(model, errors);
    kept_by_leaves(model, errors);
    if errors.saw_everything() {
        undecided(model, errors);
        without_rule(model, errors);
        without_finder(model, errors);
        never_asked(model, errors);
    }
}

fn error(errors: &mut Errors, at: Span, message: impl std::fmt::Display) {
    errors.add(syn::Error::new(at, message));
}

fn same_operation(a: Option<&Mention>, b: Option<&Mention>) -> bool {
    a.map(|mention| mention.index) == b.map(|mention| mention.index)
}

fn finders_twice(model: &Model, errors: &mut Errors) {
    for (index, finder) in model.finders.iter().enumerate() {
        let asked_alike = |earlier: &&Finder| {
            earlier.edge.index == finder.edge.index
                && !earlier.edge.guessed
                && !finder.edge.guessed
                && same_operation(earlier.operation.as_ref(), finder.operation.as_ref())
        };
        let Some(first) = model.finders[..index].iter().find(asked_alike) else { continue };
        let (edge, first) = (&finder.edge.ty, &model.methods[first.method].name);
        match &finder.operation {
            None => error(errors, finder.edge.at, format!("`{edge}` has a finder already: `{first}`")),
            Some(operation) => {
                let message = format!("`{edge}` has a finder for `{}` already: `{first}`", operation.ty);
                error(errors, operation.at, message);
            }
        }
    }
}

/// A place that a rule decides.
struct Claim<'a> {
    rule: usize,
    operation: &'a Mention,
    edge: Option<&'a Mention>,
    root: Option<&'a TypeRef>,
}

impl Claim<'_> {
    fn is_for_same(&self, other: &Self) -> bool {
        let same_root = match (self.root, other.root) {
            (Some(a), Some(b)) => a.is(b),
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
            (None, _) => return format!("`{operation}` of a root instance is decided already, by `{by}`"),
            (Some(edge), None) => format!("from `{}`", edge.ty),
            (Some(edge), Some(root)) => format!("from `{}` with the root `{root}`", edge.ty),
        };
        format!("`{operation}` {from} is decided already, by `{by}`")
    }
}

fn claims(model: &Model) -> Vec<Claim<'_>> {
    let mut claims = Vec::new();
    for (index, rule) in model.rules.iter().enumerate() {
        let edges = rule.from.iter().map(Some).chain(rule.from.is_empty().then_some(None));
        for edge in edges {
            let roots = rule.roots.iter().map(Some).chain(rule.roots.is_empty().then_some(None));
            claims.extend(roots.map(|root| Claim { rule: index, operation: &rule.operation, edge, root }));
        }
    }
    claims
}

fn rules_twice(model: &Model, errors: &mut Errors) {
    let claims = claims(model);
    for (index, claim) in claims.iter().enumerate() {
        let Some(first) = claims[..index].iter().find(|first| first.is_for_same(claim)) else { continue };
        let by = match &model.rules[first.rule].decision {
            Decision::Effect { method, .. } => model.methods[*method].name.to_string(),
            Decision::Policy(kind) => kind.name().to_owned(),
        };
        error(errors, claim.at(), claim.message(&by));
    }
}

/// What would go with the last of two kinds of owners: each finder names only one kind, so nobody could name the last.
fn shared_twice(model: &Model, errors: &mut Errors) {
    let claims = claims(model);
    let shared: Vec<&Claim<'_>> = claims
        .iter()
        .filter(|claim| model.rules[claim.rule].decision.is_shared())
        .filter(|claim| claim.edge.is_some_and(|edge| !edge.guessed))
        .collect();
    for (index, claim) in shared.iter().enumerate() {
        let meets = |other: &&&Claim<'_>| {
            other.operation.index == claim.operation.index
                && !same_operation(other.edge, claim.edge)
                && both_apply(&claims, other, claim)
        };
        let (Some(other), Some(edge)) = (shared[..index].iter().find(meets), claim.edge) else { continue };
        let Some(owner) = other.edge else { continue };
        let message = format!(
            "`{}` shares it already, for `{}`: the last owner of one kind would take what the other kind still has; keep \
             one `shared`, and along the other edge `restrict`, or give an effect that looks itself",
            owner.ty, claim.operation.ty
        );
        error(errors, edge.at, message);
    }
}

/// Whether there is a root for which each of the two is what decides its edge.
fn both_apply(claims: &[Claim<'_>], a: &Claim<'_>, b: &Claim<'_>) -> bool {
    let special = |claim: &Claim<'_>, root: &TypeRef| {
        claims.iter().any(|other| {
            other.operation.index == claim.operation.index
                && same_operation(other.edge, claim.edge)
                && other.root.is_some_and(|other| other.is(root))
        })
    };
    match (a.root, b.root) {
        (None, None) => true,
        (Some(a), Some(b)) => a.is(b),
        (Some(root), None) => !special(b, root),
        (None, Some(root)) => !special(a, root),
    }
}

fn phases_twice(model: &Model, errors: &mut Errors) {
    for (index, phase) in model.phases.iter().enumerate() {
        let is_again = model.phases[..index].iter().any(|earlier| {
            (earlier.method, earlier.kind, earlier.operation.index)
                == (phase.method, phase.kind, phase.operation.index)
        });
        if is_again {
            let (name, operation) = (&model.methods[phase.method].name, &phase.operation.ty);
            error(errors, phase.operation.at, format!("`{name}` is marked so for `{operation}` already"));
        }
    }
}

/// The names in `supersedes` and `effects` are those of effects.
fn effect_names(model: &Model, errors: &mut Errors) {
    let effects: Vec<String> = effects(model).map(|method| method.name.to_string()).collect();
    for method in &model.methods {
        if let ([first, ..], []) = (method.supersedes.as_slice(), method.rules.as_slice()) {
            if errors.saw_everything() {
                let message =
                    format!("`{}` supersedes, but is no effect itself: it has no `#[on(…)]`", method.name);
                errors.at(first, message);
            }
            continue;
        }
        let in_phases = method.phases.iter().flat_map(|phase| &phase.effects);
        for name in method.supersedes.iter().chain(in_phases) {
            let written = name.to_string();
            if effects.contains(&written) || !errors.saw_everything() {
                continue;
            }
            let names = effects.iter().map(String::as_str);
            let hint = match closest(&written, names) {
                Some(meant) => format!("did you mean `{meant}`?"),
                None => String::from("an effect is a method with `#[on(…)]`"),
            };
            errors.at(name, format!("`{name}` is no effect of this `impl`: {hint}"));
        }
    }
}

fn effects(model: &Model) -> impl Iterator<Item = &Method> {
    model.methods.iter().filter(|method| !method.rules.is_empty())
}

/// Of effects that supersede each other in a circle, none would run.
fn circles(model: &Model, errors: &mut Errors) {
    let mut supersedes: Vec<(&Ident, &Ident)> = Vec::new();
    for effect in effects(model) {
        for other in &effect.supersedes {
            if *other == effect.name {
                errors.at(other, format!("`{other}` cannot supersede itself"));
            } else if reaches(&supersedes, other, &effect.name) {
                let name = &effect.name;
                let message =
                    format!("`{name}` supersedes `{other}`, which supersedes it in turn: neither would run");
                errors.at(other, message);
            } else {
                supersedes.push((&effect.name, other));
            }
        }
    }
}

/// An effect of a leaf rule that supersedes one of a rule that is no leaf: the instance would stay, and what hangs off it
/// would go.
fn kept_by_leaves(model: &Model, errors: &mut Errors) {
    let gives = |name: &Ident, operation: usize, wanted: bool| {
        model.rules.iter().any(|rule| match rule.decision {
            Decision::Effect { method, leaf, .. } => {
                model.methods[method].name == *name && rule.operation.index == operation && leaf == wanted
            }
            Decision::Policy(_) => false,
        })
    };
    let all: Vec<(&Ident, &Ident)> = effects(model)
        .flat_map(|effect| effect.supersedes.iter().map(move |other| (&effect.name, other)))
        .collect();
    for effect in effects(model) {
        for (index, operation) in model.operations.iter().enumerate() {
            let goes = |other: &&Ident| {
                effects(model).any(|it| reaches(&all, other, &it.name) && gives(&it.name, index, false))
            };
            let Some(other) = effect.supersedes.iter().find(goes) else { continue };
            if gives(&effect.name, index, true) {
                let name = &effect.name;
                let message = format!(
                    "`{name}` is a `leaf` for `{operation}`, and supersedes what is none: the instance would stay, and \
                     what hangs off it would go; let `{other}` supersede `{name}`, or take `leaf` away"
                );
                errors.at(other, message);
                break;
            }
        }
    }
}

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

/// Every operation with rules has one for each edge, whatever the root.
fn undecided(model: &Model, errors: &mut Errors) {
    for (edge, operation) in pairs(model) {
        if !has_rules(model, operation) || is_decided(model, edge, operation) {
            continue;
        }
        let (ty, name) = (&model.edges[edge], &model.operations[operation]);
        let ignore = format!("`ignore({name}, from = [{ty}])`");
        let roots: Vec<&TypeRef> = model
            .rules
            .iter()
            .filter(|rule| rule.is_for(operation, edge))
            .flat_map(|rule| &rule.roots)
            .collect();
        let message = if roots.is_empty() {
            format!("`{ty}` has no rule for `{name}`: name it in a `from`, or write {ignore}")
        } else {
            let roots = listed(&roots, "and");
            format!(
                "`{ty}` has a rule for `{name}` only from the root {roots}: for all others, name it in a `from` \
                 without `root`, or write {ignore}"
            )
        };
        error(errors, ty.span(), message);
    }
}

/// All edges with all operations.
fn pairs(model: &Model) -> impl Iterator<Item = (usize, usize)> {
    let operations = model.operations.len();
    (0..model.edges.len()).flat_map(move |edge| (0..operations).map(move |operation| (edge, operation)))
}

fn has_rules(model: &Model, operation: usize) -> bool {
    model.rules.iter().any(|rule| rule.operation.index == operation)
}

fn is_decided(model: &Model, edge: usize, operation: usize) -> bool {
    model.rules.iter().any(|rule| rule.decides(operation, edge))
}

fn goes_along(model: &Model, edge: usize, operation: usize) -> bool {
    model.rules.iter().any(|rule: &Rule| rule.is_for(operation, edge) && rule.goes_along())
}

/// Checks, begin, cleanup and verify methods of operations that never come here. An add-on may count on the rules of the
/// extension that owns the resource.
fn without_rule(model: &Model, errors: &mut Errors) {
    let Some(resource) = model.args.resource.as_ref().filter(|_| !model.args.addon) else { return };
    for phase in &model.phases {
        let operation = &phase.operation;
        if !has_rules(model, operation.index) {
            let (name, ty) = (&model.methods[phase.method].name, &operation.ty);
            let message = format!(
                "`{name}` never runs: `{ty}` does not go through `{resource}`, as no `#[on({ty}, …)]` is here"
            );
            error(errors, operation.at, message);
        }
    }
}

fn without_finder(model: &Model, errors: &mut Errors) {
    for (edge, ty) in model.edges.iter().enumerate() {
        let finders: Vec<&Finder> = model.finders.iter().filter(|finder| finder.edge.index == edge).collect();
        if finders.is_empty() {
            error(
                errors,
                ty.span(),
                format!("`{ty}` has no finder: add a method with `#[affected(by = {ty})]`"),
            );
            continue;
        }
        for (operation, name) in model.operations.iter().enumerate() {
            let is_asked =
                |finder: &&Finder| finder.operation.as_ref().is_none_or(|only| only.index == operation);
            if goes_along(model, edge, operation) && !finders.iter().any(is_asked) {
                let message =
                    format!("`{ty}` has no finder for `{name}`: add a method with `#[affected(by = {ty})]`");
                error(errors, ty.span(), message);
            }
        }
    }
}

fn never_asked(model: &Model, errors: &mut Errors) {
    for finder in &model.finders {
        let Some(operation) = &finder.operation else { continue };
        let is_undecided =
            has_rules(model, operation.index) && !is_decided(model, finder.edge.index, operation.index);
        if !is_undecided && !goes_along(model, finder.edge.index, operation.index) {
            let (edge, ty) = (&finder.edge.ty, &operation.ty);
            error(
                errors,
                operation.at,
                format!("this finder is never asked: `{ty}` does not go along `{edge}`"),
            );
        }
    }
}
