//! Validation of a set of extensions: reports all faults at once.
//!
//! `#[cascade]` rejects faults within one `impl` at compile time. They are checked here again, for declarations that are
//! made by hand.

use std::collections::{BTreeMap, BTreeSet};

use super::order_faults::contradictions;
use super::undecided::{total_operations, undecided};
use crate::model::{
    Decision, ExtensionDescriptor, Fault, FaultKind, MAX_EFFECTS, OperationDescriptor, PhaseDeclaration,
    ResourceDescriptor, Rule,
};

/// Returns all faults. The caller sorts the extensions, so that the order of the faults is fixed.
pub(crate) fn validate(extensions: &[ExtensionDescriptor]) -> Vec<Fault> {
    let mut faults = Vec::new();
    resource_names(extensions, &mut faults);
    operation_codes(extensions, &mut faults);
    let extended = extended_resources(extensions, &mut faults);
    contradictions(extensions, &mut faults);
    claimed_by_two_extensions(extensions, &mut faults);
    shared_along_two_edges(extensions, &mut faults);
    too_many_effects(extensions, &mut faults);
    let total = total_operations(extensions);
    for extension in extensions {
        settings(extension, &mut faults);
        edges(extension, &extended, &mut faults);
        finders(extension, &mut faults);
        effects(extension, &mut faults);
        leaves_supersede_removals(extension, &mut faults);
        rules(extension, &extended, &mut faults);
        undecided(extension, &total, &mut faults);
        phases(extension, &mut faults);
    }
    faults
}

/// Every resource that an extension names, in any declaration.
fn named_resources(extension: &ExtensionDescriptor) -> impl Iterator<Item = &ResourceDescriptor> {
    let edges = extension.edges.iter().chain(&extension.after).map(|edge| &edge.parent);
    let rules = extension.rules.iter().flat_map(|rule| rule.from.iter().chain(&rule.roots));
    std::iter::once(&extension.resource).chain(edges).chain(rules)
}

fn resource_names(extensions: &[ExtensionDescriptor], faults: &mut Vec<Fault>) {
    let mut by_name: BTreeMap<&str, Vec<&ResourceDescriptor>> = BTreeMap::new();
    for resource in extensions.iter().flat_map(named_resources) {
        let same_name = by_name.entry(resource.name()).or_default();
        if !same_name.iter().any(|known| known.is_same(resource)) {
            same_name.push(resource);
        }
    }
    for (name, resources) in by_name {
        if resources.len() > 1 {
            let fault = Fault::new(
                FaultKind::ResourceNameTwice,
                format!("the resource name `{name}` is declared by {} types", resources.len()),
                "give one of them another name: `#[resource(name = \"…\")]`",
            );
            let mut places: Vec<_> = resources.iter().map(|resource| resource.place()).collect();
            places.sort();
            faults.push(places.into_iter().fold(fault, Fault::at));
        }
    }
}

fn operation_codes(extensions: &[ExtensionDescriptor], faults: &mut Vec<Fault>) {
    let mut by_code: BTreeMap<&str, Vec<OperationDescriptor>> = BTreeMap::new();
    for rule in extensions.iter().flat_map(|extension| &extension.rules) {
        let same_code = by_code.entry(rule.operation.code()).or_default();
        if !same_code.iter().any(|known| known.is_same(&rule.operation)) {
            same_code.push(rule.operation);
        }
    }
    for (code, operations) in by_code {
        if operations.len() > 1 {
            let fault = Fault::new(
                FaultKind::OperationCodeTwice,
                format!("the operation code `{code}` is declared by {} types", operations.len()),
                "give one of them another code: `#[operation(code = \"…\")]`",
            );
            let mut places: Vec<_> = operations.iter().map(OperationDescriptor::place).collect();
            places.sort();
            faults.push(places.into_iter().fold(fault, Fault::at));
        }
    }
}

/// The names of the resources that have an extension. Reports each that has no owner, or several: an owner is an extension that
/// is not an add-on.
fn extended_resources<'a>(
    extensions: &'a [ExtensionDescriptor],
    faults: &mut Vec<Fault>,
) -> BTreeSet<&'a str> {
    let mut by_name: BTreeMap<&str, Vec<&ExtensionDescriptor>> = BTreeMap::new();
    for extension in extensions {
        by_name.entry(extension.resource.name()).or_default().push(extension);
    }
    for (name, extensions) in &by_name {
        let owners: Vec<_> = extensions.iter().filter(|extension| !extension.addon).collect();
        match owners.as_slice() {
            [_] => {}
            [] => faults.push(extensions.iter().fold(
                Fault::new(
                    FaultKind::AddonAlone,
                    format!("`{name}` has only add-ons as extensions"),
                    format!("link the crate whose extension owns `{name}`, or remove `addon` from one"),
                ),
                |fault, addon| fault.at(addon.place),
            )),
            owners => faults.push(owners.iter().fold(
                Fault::new(
                    FaultKind::ResourceClaimedTwice,
                    format!("`{name}` has {} extensions that are not add-ons", owners.len()),
                    "keep one, and mark those that only add edges with `#[cascade(…, addon)]`",
                ),
                |fault, owner| fault.at(owner.place),
            )),
        }
    }
    by_name.into_keys().collect()
}

/// Edges and root rules that two extensions of one resource declare. [`edges`] and [`rules`] check each extension alone.
fn claimed_by_two_extensions(extensions: &[ExtensionDescriptor], faults: &mut Vec<Fault>) {
    let mut by_resource: BTreeMap<&str, Vec<&ExtensionDescriptor>> = BTreeMap::new();
    for second in extensions {
        let earlier = by_resource.entry(second.resource.name()).or_default();
        for first in earlier.iter() {
            for edge in &second.edges {
                if let Some(claimed) = first.edges.iter().find(|known| known.parent.is_same(&edge.parent)) {
                    faults.push(edge_twice(second, edge).at(claimed.place));
                }
            }
            for rule in root_rules(second) {
                if let Some(claimed) = root_rules(first).find(|claim| have_equal_precedence(claim, rule)) {
                    faults.push(rule_twice(second, rule).at(claimed.place));
                }
            }
        }
        earlier.push(second);
    }
}

fn root_rules(extension: &ExtensionDescriptor) -> impl Iterator<Item = &Rule> {
    extension.rules.iter().filter(|rule| rule.from.is_empty())
}

fn edge_twice(extension: &ExtensionDescriptor, edge: &crate::model::EdgeDeclaration) -> Fault {
    let (child, parent) = (extension.resource.name(), edge.parent.name());
    Fault::new(
        FaultKind::EdgeTwice,
        format!("the edge from `{parent}` to `{child}` is declared twice"),
        "remove one of the two declarations",
    )
    .at(edge.place)
}

fn rule_twice(extension: &ExtensionDescriptor, rule: &Rule) -> Fault {
    let (child, operation) = (extension.resource.name(), rule.operation.name());
    let from = match rule.from.as_slice() {
        [] => String::from("of a root instance"),
        parents => format!("from {}", names(parents)),
    };
    Fault::new(
        FaultKind::RuleTwice,
        format!("two rules of `{child}` for `{operation}` {from} have equal precedence"),
        "remove one, or add `root = …` to the more specific one",
    )
    .at(rule.place)
}

/// Whether both rules apply to some case, and neither is more specific.
fn have_equal_precedence(a: &Rule, b: &Rule) -> bool {
    let overlap = |a: &[ResourceDescriptor], b: &[ResourceDescriptor]| {
        (a.is_empty() && b.is_empty()) || a.iter().any(|a| b.iter().any(|b| a.is_same(b)))
    };
    a.operation.is_same(&b.operation) && overlap(&a.from, &b.from) && overlap(&a.roots, &b.roots)
}

/// A `shared` rule, and one of the edges that it is for.
#[derive(Clone, Copy)]
struct SharedEdge<'a> {
    rule: &'a Rule,
    owner: &'a ResourceDescriptor,
}

/// Resources that one operation shares along two edges. The finder of an edge names only the owners along that edge, so the
/// removal of the last owner of one kind would remove an instance that still has an owner of the other kind.
fn shared_along_two_edges(extensions: &[ExtensionDescriptor], faults: &mut Vec<Fault>) {
    let same_resource =
        |a: &ExtensionDescriptor, b: &ExtensionDescriptor| a.resource.name() == b.resource.name();
    for extensions in extensions.chunk_by(same_resource) {
        let rules: Vec<&Rule> = extensions.iter().flat_map(|extension| &extension.rules).collect();
        let shared: Vec<SharedEdge<'_>> = rules
            .iter()
            .filter(|rule| rule.decision.is_shared())
            .flat_map(|&rule| rule.from.iter().map(move |owner| SharedEdge { rule, owner }))
            .collect();
        let mut reported = BTreeSet::new();
        for (index, &edge) in shared.iter().enumerate() {
            let conflicts = |other: &&SharedEdge<'_>| {
                !other.owner.is_same(edge.owner)
                    && other.rule.operation.is_same(&edge.rule.operation)
                    && both_apply(&rules, **other, edge)
            };
            let Some(&other) = shared[..index].iter().find(conflicts) else { continue };
            let (operation, owners) = (edge.rule.operation.name(), [other.owner.name(), edge.owner.name()]);
            if reported.insert((operation, owners)) {
                faults.push(shared_twice(extensions[0].resource.name(), other, edge));
            }
        }
    }
}

fn shared_twice(child: &str, first: SharedEdge<'_>, second: SharedEdge<'_>) -> Fault {
    let (operation, first_owner, second_owner) =
        (second.rule.operation.name(), first.owner.name(), second.owner.name());
    let message = format!(
        "for `{operation}`, `{child}` is `shared` along the edges from `{first_owner}` and from `{second_owner}`: the \
         removal of the last `{first_owner}` would remove an instance that still has a `{second_owner}`, and vice versa"
    );
    let help =
        "keep one `shared`; along the other edge, use `restrict` or an effect that checks for owners itself";
    Fault::new(FaultKind::SharedTwice, message, help).at(second.rule.place).at(first.rule.place)
}

/// Whether there is a root for which both rules, which are for the same operation, decide their edges.
fn both_apply(rules: &[&Rule], a: SharedEdge<'_>, b: SharedEdge<'_>) -> bool {
    let names_root =
        |rule: &Rule, root: &ResourceDescriptor| rule.roots.iter().any(|named| named.is_same(root));
    // `None` is a root that no rule names.
    let decides = |SharedEdge { rule, owner }: SharedEdge<'_>, root: Option<&ResourceDescriptor>| match root {
        Some(root) if rule.roots.is_empty() => !rules.iter().any(|other| {
            other.operation.is_same(&rule.operation)
                && other.from.iter().any(|from| from.is_same(owner))
                && names_root(other, root)
        }),
        Some(root) => names_root(rule, root),
        None => rule.roots.is_empty(),
    };
    let roots = rules.iter().flat_map(|rule| &rule.roots).map(Some);
    roots.chain([None]).any(|root| decides(a, root) && decides(b, root))
}

fn settings(extension: &ExtensionDescriptor, faults: &mut Vec<Fault>) {
    let zero = |setting: &str| {
        Fault::new(
            FaultKind::Settings,
            format!("the {setting} of `{}` is zero, so no step could run", extension.name),
            "set it to more than zero",
        )
        .at(extension.place)
    };
    if extension.settings.batch == 0 {
        faults.push(zero("batch"));
    }
    if extension.settings.concurrency == 0 {
        faults.push(zero("concurrency"));
    }
    if extension.settings.timeout.is_some_and(|timeout| timeout.is_zero()) {
        faults.push(zero("timeout"));
    }
}

fn edges(extension: &ExtensionDescriptor, extended: &BTreeSet<&str>, faults: &mut Vec<Fault>) {
    for (index, edge) in extension.edges.iter().enumerate() {
        if extension.edges[..index].iter().any(|earlier| earlier.parent.is_same(&edge.parent)) {
            faults.push(edge_twice(extension, edge));
        }
        if !extended.contains(edge.parent.name()) {
            faults.push(not_linked(extension, &edge.parent, "has an edge to").at(edge.place));
        }
    }
    for after in extension.after.iter().filter(|after| !extended.contains(after.parent.name())) {
        faults.push(not_linked(extension, &after.parent, "is ordered after").at(after.place));
    }
    if !extension.ids_fit {
        let (resource, ids) = (extension.resource.name(), extension.resource.id_type());
        faults.push(
            Fault::new(
                FaultKind::Finder,
                format!("the id type of `{}` differs from that of its resource `{resource}`", extension.name),
                format!("declare it with ids of type `{ids}`"),
            )
            .at(extension.place),
        );
    }
}

fn not_linked(extension: &ExtensionDescriptor, resource: &ResourceDescriptor, relation: &str) -> Fault {
    let (child, parent) = (extension.resource.name(), resource.name());
    let package = resource.place().package;
    Fault::new(
        FaultKind::UnknownResource,
        format!("`{child}` {relation} `{parent}`, but no linked extension is for `{parent}`"),
        format!(
            "link the crate with the extension of `{parent}` into the binary: `cascade_core::link!(…);`. Package \
             `{package}` defines the resource itself"
        ),
    )
}

fn finders(extension: &ExtensionDescriptor, faults: &mut Vec<Fault>) {
    let fault = |message: String, help: &str| Fault::new(FaultKind::Finder, message, help);
    for (index, finder) in extension.finders.iter().enumerate() {
        let (method, parent) = (&finder.method, finder.parent.name());
        if !extension.edges.iter().any(|edge| edge.parent.is_same(&finder.parent)) {
            let message = format!("the finder `{method}` is for the edge `{parent}`, which is not declared");
            faults.push(fault(message, "add it to `edges`").at(finder.place));
        }
        if !finder.ids_fit {
            let message =
                format!("the id type of the finder `{method}` differs from that of its parent `{parent}`");
            faults.push(fault(message, "let it take the ids of the parent").at(finder.place));
        }
        let same_case = |earlier: &&crate::model::FinderDeclaration| {
            earlier.parent.is_same(&finder.parent)
                && earlier.operation.map(|operation| operation.code())
                    == finder.operation.map(|operation| operation.code())
        };
        if let Some(first) = extension.finders[..index].iter().find(same_case) {
            let message = format!("the edge `{parent}` has two finders, `{}` and `{method}`", first.method);
            faults.push(
                fault(message, "keep one, or restrict one to an operation with `on = …`")
                    .at(finder.place)
                    .at(first.place),
            );
        }
    }
    for edge in &extension.edges {
        for operation in operations_without_finder(extension, &edge.parent) {
            let (child, parent) = (extension.resource.name(), edge.parent.name());
            let message = format!(
                "`{operation}` propagates along the edge from `{parent}` to `{child}`, which has no finder for it"
            );
            faults.push(fault(message, "add a method with `#[affected(by = …)]`").at(edge.place));
        }
    }
}

/// The operations that propagate along an edge without a finder for them.
fn operations_without_finder<'a>(
    extension: &'a ExtensionDescriptor,
    parent: &'a ResourceDescriptor,
) -> BTreeSet<&'static str> {
    let finder_for = |operation: &OperationDescriptor| {
        extension.finders.iter().any(|finder| {
            finder.parent.is_same(parent) && finder.operation.is_none_or(|only| only.is_same(operation))
        })
    };
    let propagates =
        |rule: &&Rule| rule.decision != Decision::Ignore && rule.from.iter().any(|from| from.is_same(parent));
    let operations = extension.rules.iter().filter(propagates).map(|rule| rule.operation);
    operations.filter(|operation| !finder_for(operation)).map(|operation| operation.name()).collect()
}

/// Counts over all extensions of a resource, because an instance can get the effects of each.
fn too_many_effects(extensions: &[ExtensionDescriptor], faults: &mut Vec<Fault>) {
    let same_resource =
        |a: &ExtensionDescriptor, b: &ExtensionDescriptor| a.resource.name() == b.resource.name();
    for extensions in extensions.chunk_by(same_resource) {
        let total = |count: fn(&ExtensionDescriptor) -> usize| extensions.iter().map(count).sum::<usize>();
        let effects = total(|extension| extension.effects.len());
        let methods = effects
            .max(total(|extension| extension.begins.len()))
            .max(total(|extension| extension.cleanups.len()));
        if methods > MAX_EFFECTS {
            let kind = if methods == effects { "effects" } else { "begin or cleanup methods" };
            let fault = Fault::new(
                FaultKind::TooManyEffects,
                format!("`{}` has {methods} {kind}", extensions[0].resource.name()),
                format!(
                    "a resource can have at most {MAX_EFFECTS}, over all its extensions: combine some methods"
                ),
            );
            faults.push(extensions.iter().fold(fault, |fault, extension| fault.at(extension.place)));
        }
    }
}

fn effects(extension: &ExtensionDescriptor, faults: &mut Vec<Fault>) {
    for effect in &extension.effects {
        for name in &effect.supersedes {
            let fault = |message: String, help: &str| {
                Fault::new(FaultKind::Supersedes, message, help).at(effect.place)
            };
            if !extension.effects.iter().any(|other| other.method == *name) {
                let message = format!("`{}` supersedes `{name}`, which is not an effect", effect.method);
                faults.push(fault(message, "name a method with `#[on(…)]`"));
            } else if superseded_by(extension, name).contains(effect.method.as_ref()) {
                let message =
                    format!("`{0}` supersedes `{name}`, which in turn supersedes `{0}`", effect.method);
                faults.push(fault(
                    message,
                    "remove one `supersedes` of the cycle: none of its effects would run",
                ));
            }
        }
    }
}

/// Effects of leaf rules that supersede effects of other rules. If both rules reach an instance, only the leaf's effect would
/// run, so the instance would stay while its dependents are removed.
fn leaves_supersede_removals(extension: &ExtensionDescriptor, faults: &mut Vec<Fault>) {
    for effect in &extension.effects {
        let superseded: BTreeSet<&str> =
            effect.supersedes.iter().flat_map(|name| superseded_by(extension, name)).collect();
        let (leaves, others): (Vec<&Rule>, Vec<&Rule>) = extension
            .rules
            .iter()
            .filter(|rule| rule.decision.effect().is_some())
            .partition(|rule| matches!(&rule.decision, Decision::Effect { leaf: true, .. }));
        let has_effect_in = |rule: &&&Rule, names: &BTreeSet<&str>| {
            rule.decision.effect().is_some_and(|effect| names.contains(effect.as_ref()))
        };
        let mut reported = BTreeSet::new();
        for leaf in
            leaves.iter().filter(|rule| has_effect_in(rule, &BTreeSet::from([effect.method.as_ref()])))
        {
            let conflicts = |rule: &&&Rule| {
                let same_root = |a: &ResourceDescriptor| leaf.roots.iter().any(|b| a.is_same(b));
                has_effect_in(rule, &superseded)
                    && rule.operation.is_same(&leaf.operation)
                    && (rule.roots.is_empty() || leaf.roots.is_empty() || rule.roots.iter().any(same_root))
            };
            let Some(other) = others.iter().find(conflicts) else { continue };
            if !reported.insert(leaf.operation.code()) {
                continue;
            }
            let (leaf_effect, removal) = (&effect.method, other.decision.effect().map_or("", AsRef::as_ref));
            let message = format!(
                "`{leaf_effect}` has a `leaf` rule for `{}`, but supersedes `{removal}`, whose rule is not `leaf`: the \
                 instance would stay while its dependents are removed",
                leaf.operation.name()
            );
            let help = format!("let `{removal}` supersede `{leaf_effect}`, or remove `leaf`");
            let fault = Fault::new(FaultKind::Supersedes, message, help);
            faults.push(fault.at(effect.place).at(leaf.place).at(other.place));
        }
    }
}

/// The effects that `effect` supersedes, directly or through others, including itself.
fn superseded_by<'a>(extension: &'a ExtensionDescriptor, effect: &'a str) -> BTreeSet<&'a str> {
    let mut reached = BTreeSet::from([effect]);
    let mut open = vec![effect];
    while let Some(name) = open.pop() {
        let declared = extension.effects.iter().filter(|effect| effect.method == name);
        for next in declared.flat_map(|effect| &effect.supersedes) {
            if reached.insert(next) {
                open.push(next);
            }
        }
    }
    reached
}

fn rules(extension: &ExtensionDescriptor, extended: &BTreeSet<&str>, faults: &mut Vec<Fault>) {
    for (index, rule) in extension.rules.iter().enumerate() {
        let operation = rule.operation.name();
        for parent in &rule.from {
            if !extension.edges.iter().any(|edge| edge.parent.is_same(parent)) {
                let message = format!(
                    "a rule for `{operation}` is from `{}`, which is not a declared edge",
                    parent.name()
                );
                faults.push(Fault::new(FaultKind::Rule, message, "add it to `edges`").at(rule.place));
            }
        }
        for root in rule.roots.iter().filter(|root| !extended.contains(root.name())) {
            faults.push(not_linked(extension, root, "has a rule for the root").at(rule.place));
        }
        faults.extend(rule_without_edge(extension, rule));
        if let Some(effect) = rule.decision.effect()
            && !extension.effects.iter().any(|declared| declared.method == *effect)
        {
            let message =
                format!("a rule for `{operation}` has the effect `{effect}`, which is not declared");
            faults.push(Fault::new(FaultKind::Rule, message, "declare the effect").at(rule.place));
        }
        if let Some(first) = extension.rules[..index].iter().find(|first| have_equal_precedence(first, rule))
        {
            faults.push(rule_twice(extension, rule).at(first.place));
        }
    }
}

/// A rule without an edge is for an instance that is itself the root: it must name an effect, and no other root.
fn rule_without_edge(extension: &ExtensionDescriptor, rule: &Rule) -> Option<Fault> {
    if !rule.from.is_empty() {
        return None;
    }
    let operation = rule.operation.name();
    let is_own = |root: &ResourceDescriptor| root.is_same(&extension.resource);
    let (message, help) = if !matches!(rule.decision, Decision::Effect { .. }) {
        (format!("a policy for `{operation}` names no edge"), "add `from = […]`")
    } else if !rule.roots.is_empty() && !rule.roots.iter().any(is_own) {
        let roots = names(&rule.roots);
        (
            format!(
                "a rule for `{operation}` is only for the root {roots}, but names no edge: it would never apply"
            ),
            "add `from = […]`; without it, the rule is for an instance that is itself the root",
        )
    } else {
        return None;
    };
    Some(Fault::new(FaultKind::Rule, message, help).at(rule.place))
}

fn phases(extension: &ExtensionDescriptor, faults: &mut Vec<Fault>) {
    let ExtensionDescriptor { checks, begins, cleanups, verifies, .. } = extension;
    for phase in checks.iter().chain(begins).chain(cleanups).chain(verifies) {
        let PhaseDeclaration { method, operation, only, place } = phase;
        if !extension.rules.iter().any(|rule| rule.operation.is_same(operation)) {
            let message = format!(
                "`{method}` never runs: it is for `{}`, for which `{}` has no rule",
                operation.name(),
                extension.name
            );
            faults.push(Fault::new(FaultKind::Phase, message, "add a rule, or remove the method").at(*place));
        }
        for effect in only {
            if !extension.effects.iter().any(|declared| declared.method == *effect) {
                let message = format!("`{method}` is only for the effect `{effect}`, which is not declared");
                faults
                    .push(Fault::new(FaultKind::Phase, message, "name a method with `#[on(…)]`").at(*place));
            }
        }
    }
}

fn names(resources: &[ResourceDescriptor]) -> String {
    resources.iter().map(|resource| format!("`{}`", resource.name())).collect::<Vec<_>>().join(", ")
}
