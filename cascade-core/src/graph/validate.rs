//! All that can be wrong with a set of extensions, found at once.
//!
//! What one `#[cascade]` impl can get wrong by itself does not compile; it is looked at here again for
//! declarations that are made by hand.

use std::collections::{BTreeMap, BTreeSet};

use super::order_faults::contradictions;
use crate::model::{
    Decision, ExtensionDescriptor, Fault, FaultKind, MAX_EFFECTS, OperationDescriptor, PhaseDeclaration,
    ResourceDescriptor, Rule,
};

/// The faults of these extensions, which are in a fixed order; so are the faults.
pub(crate) fn faults(extensions: &[ExtensionDescriptor]) -> Vec<Fault> {
    let mut found = Vec::new();
    resource_names(extensions, &mut found);
    operation_codes(extensions, &mut found);
    let owned = owners(extensions, &mut found);
    contradictions(extensions, &mut found);
    shared_claims(extensions, &mut found);
    shared_twice(extensions, &mut found);
    too_many_effects(extensions, &mut found);
    for extension in extensions {
        settings(extension, &mut found);
        edges(extension, &owned, &mut found);
        finders(extension, &mut found);
        effects(extension, &mut found);
        kept_by_leaves(extension, &mut found);
        rules(extension, &owned, &mut found);
        undecided(extension, &mut found);
        phases(extension, &mut found);
    }
    found
}

/// Every resource that an extension names, wherever it names it.
fn named_resources(extension: &ExtensionDescriptor) -> impl Iterator<Item = &ResourceDescriptor> {
    let edges = extension.edges.iter().chain(&extension.after).map(|edge| &edge.parent);
    let rules = extension.rules.iter().flat_map(|rule| rule.from.iter().chain(&rule.roots));
    std::iter::once(&extension.resource).chain(edges).chain(rules)
}

fn resource_names(extensions: &[ExtensionDescriptor], found: &mut Vec<Fault>) {
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
            found.push(places.into_iter().fold(fault, Fault::at));
        }
    }
}

fn operation_codes(extensions: &[ExtensionDescriptor], found: &mut Vec<Fault>) {
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
            found.push(places.into_iter().fold(fault, Fault::at));
        }
    }
}

/// The names of the resources that an extension owns (add-ons do not).
fn owners<'a>(extensions: &'a [ExtensionDescriptor], found: &mut Vec<Fault>) -> BTreeSet<&'a str> {
    let mut by_name: BTreeMap<&str, Vec<&ExtensionDescriptor>> = BTreeMap::new();
    for extension in extensions {
        by_name.entry(extension.resource.name()).or_default().push(extension);
    }
    for (name, extensions) in &by_name {
        let owners: Vec<_> = extensions.iter().filter(|extension| !extension.addon).collect();
        match owners.as_slice() {
            [_] => {}
            [] => found.push(extensions.iter().fold(
                Fault::new(
                    FaultKind::AddonAlone,
                    format!("`{name}` is only extended by add-ons"),
                    format!("link the crate whose extension owns `{name}`, or take `addon` away from one"),
                ),
                |fault, addon| fault.at(addon.place),
            )),
            owners => found.push(owners.iter().fold(
                Fault::new(
                    FaultKind::ResourceClaimedTwice,
                    format!("`{name}` has {} extensions", owners.len()),
                    "keep one, and mark those that only add edges: `#[cascade(…, addon)]`",
                ),
                |fault, owner| fault.at(owner.place),
            )),
        }
    }
    by_name.into_keys().collect()
}

/// Edges and root rules that two extensions of one resource claim. Within one extension they are looked at there.
fn shared_claims(extensions: &[ExtensionDescriptor], found: &mut Vec<Fault>) {
    let mut by_resource: BTreeMap<&str, Vec<&ExtensionDescriptor>> = BTreeMap::new();
    for second in extensions {
        let earlier = by_resource.entry(second.resource.name()).or_default();
        for first in earlier.iter() {
            for edge in &second.edges {
                if let Some(claimed) = first.edges.iter().find(|known| known.parent.is_same(&edge.parent)) {
                    found.push(edge_twice(second, edge).at(claimed.place));
                }
            }
            for rule in root_rules(second) {
                if let Some(claimed) = root_rules(first).find(|known| matches_equally(known, rule)) {
                    found.push(rule_twice(second, rule).at(claimed.place));
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
        format!("the edge from `{parent}` to `{child}` is claimed twice"),
        "take it away from one of the two",
    )
    .at(edge.place)
}

fn rule_twice(extension: &ExtensionDescriptor, rule: &Rule) -> Fault {
    let (child, operation) = (extension.resource.name(), rule.operation.name());
    let from = match rule.from.as_slice() {
        [] => String::from("as the root"),
        parents => format!("from {}", names(parents)),
    };
    Fault::new(
        FaultKind::RuleTwice,
        format!("two rules of `{child}` for `{operation}` {from} match equally well"),
        "take one away, or say `root = …` on the more special one",
    )
    .at(rule.place)
}

/// Whether some instance would be ruled by both, and neither is the more special.
fn matches_equally(a: &Rule, b: &Rule) -> bool {
    let overlap = |a: &[ResourceDescriptor], b: &[ResourceDescriptor]| {
        (a.is_empty() && b.is_empty()) || a.iter().any(|a| b.iter().any(|b| a.is_same(b)))
    };
    a.operation.is_same(&b.operation) && overlap(&a.from, &b.from) && overlap(&a.roots, &b.roots)
}

/// Resources that one operation would share along two edges: the finder of each names only its own kind of owners, so
/// that the last owner of one kind would take what another kind still has.
fn shared_twice(extensions: &[ExtensionDescriptor], found: &mut Vec<Fault>) {
    let of_one = |a: &ExtensionDescriptor, b: &ExtensionDescriptor| a.resource.name() == b.resource.name();
    for extensions in extensions.chunk_by(of_one) {
        let rules: Vec<&Rule> = extensions.iter().flat_map(|extension| &extension.rules).collect();
        let shared: Vec<(&Rule, &ResourceDescriptor)> = rules
            .iter()
            .filter(|rule| rule.decision.is_shared())
            .flat_map(|&rule| rule.from.iter().map(move |from| (rule, from)))
            .collect();
        let mut reported = BTreeSet::new();
        for (index, &(rule, parent)) in shared.iter().enumerate() {
            let meets = |&&(other, owner): &&(&Rule, &ResourceDescriptor)| {
                !owner.is_same(parent)
                    && other.operation.is_same(&rule.operation)
                    && both_apply(&rules, (other, owner), (rule, parent))
            };
            let Some(&(other, owner)) = shared[..index].iter().find(meets) else { continue };
            let (child, operation) = (extensions[0].resource.name(), rule.operation.name());
            if reported.insert((operation, owner.name(), parent.name())) {
                let message = format!(
                    "`{child}` is shared by `{}` and by `{}`, for `{operation}`: the last owner of one kind would take \
                     what the other kind still has",
                    owner.name(),
                    parent.name()
                );
                let help =
                    "keep one `shared`; along the other edge `restrict`, or give an effect that looks itself";
                found.push(Fault::new(FaultKind::SharedTwice, message, help).at(rule.place).at(other.place));
            }
        }
    }
}

/// Whether there is a root for which each of two rules of one operation is the one that decides its edge.
fn both_apply(rules: &[&Rule], a: (&Rule, &ResourceDescriptor), b: (&Rule, &ResourceDescriptor)) -> bool {
    let of_edge = |(rule, parent): (&Rule, &ResourceDescriptor), root: Option<&ResourceDescriptor>| match root
    {
        Some(root) if rule.roots.is_empty() => !rules.iter().any(|other| {
            other.operation.is_same(&rule.operation)
                && other.from.iter().any(|from| from.is_same(parent))
                && other.roots.iter().any(|special| special.is_same(root))
        }),
        Some(root) => rule.roots.iter().any(|special| special.is_same(root)),
        None => rule.roots.is_empty(),
    };
    let roots = rules.iter().flat_map(|rule| &rule.roots).map(Some);
    roots.chain([None]).any(|root| of_edge(a, root) && of_edge(b, root))
}

fn settings(extension: &ExtensionDescriptor, found: &mut Vec<Fault>) {
    let zero = |what: &str| {
        Fault::new(
            FaultKind::Settings,
            format!("the {what} of `{}` is zero: no step could ever run", extension.name),
            "give at least 1",
        )
        .at(extension.place)
    };
    if extension.settings.batch == 0 {
        found.push(zero("batch"));
    }
    if extension.settings.concurrency == 0 {
        found.push(zero("concurrency"));
    }
    if extension.settings.timeout.is_some_and(|timeout| timeout.is_zero()) {
        found.push(zero("timeout"));
    }
}

fn edges(extension: &ExtensionDescriptor, owned: &BTreeSet<&str>, found: &mut Vec<Fault>) {
    for (index, edge) in extension.edges.iter().enumerate() {
        if extension.edges[..index].iter().any(|earlier| earlier.parent.is_same(&edge.parent)) {
            found.push(edge_twice(extension, edge));
        }
        if !owned.contains(edge.parent.name()) {
            found.push(not_linked(extension, &edge.parent, "has an edge to").at(edge.place));
        }
    }
    for after in extension.after.iter().filter(|after| !owned.contains(after.parent.name())) {
        found.push(not_linked(extension, &after.parent, "comes after").at(after.place));
    }
    if !extension.ids_fit {
        let (resource, ids) = (extension.resource.name(), extension.resource.id_type());
        found.push(
            Fault::new(
                FaultKind::Finder,
                format!("`{}` is declared with another type of id than `{resource}` has", extension.name),
                format!("declare it with ids of type `{ids}`"),
            )
            .at(extension.place),
        );
    }
}

fn not_linked(extension: &ExtensionDescriptor, resource: &ResourceDescriptor, how: &str) -> Fault {
    let (child, parent) = (extension.resource.name(), resource.name());
    let package = resource.place().package;
    Fault::new(
        FaultKind::UnknownResource,
        format!("`{child}` {how} `{parent}`, which no linked extension declares"),
        format!(
            "name the crate that holds the extension of `{parent}` in the binary (`cascade_core::link!(…);`); \
             the resource itself is defined in package `{package}`"
        ),
    )
}

fn finders(extension: &ExtensionDescriptor, found: &mut Vec<Fault>) {
    let fault = |message: String, help: &str| Fault::new(FaultKind::Finder, message, help);
    for (index, finder) in extension.finders.iter().enumerate() {
        let (method, parent) = (&finder.method, finder.parent.name());
        if !extension.edges.iter().any(|edge| edge.parent.is_same(&finder.parent)) {
            let message = format!("the finder `{method}` is for the edge `{parent}`, which is not listed");
            found.push(fault(message, "add it to `edges`").at(finder.place));
        }
        if !finder.ids_fit {
            let message = format!("the finder `{method}` takes another type of id than `{parent}` has");
            found.push(fault(message, "take the ids of the edge's parent").at(finder.place));
        }
        let asked_alike = |earlier: &&crate::model::FinderDeclaration| {
            earlier.parent.is_same(&finder.parent)
                && earlier.operation.map(|operation| operation.code())
                    == finder.operation.map(|operation| operation.code())
        };
        if let Some(first) = extension.finders[..index].iter().find(asked_alike) {
            let message = format!("the edge `{parent}` has two finders, `{}` and `{method}`", first.method);
            found.push(
                fault(message, "keep one, or say `on = …` for one operation")
                    .at(finder.place)
                    .at(first.place),
            );
        }
    }
    for edge in &extension.edges {
        for operation in unasked_operations(extension, &edge.parent) {
            let (child, parent) = (extension.resource.name(), edge.parent.name());
            let message = format!(
                "`{operation}` goes along the edge from `{parent}` to `{child}`, which has no finder"
            );
            found.push(fault(message, "add a method with `#[affected(by = …)]`").at(edge.place));
        }
    }
}

/// The operations that act along an edge without a finder to ask.
fn unasked_operations<'a>(
    extension: &'a ExtensionDescriptor,
    parent: &'a ResourceDescriptor,
) -> BTreeSet<&'static str> {
    let finder_for = |operation: &OperationDescriptor| {
        extension.finders.iter().any(|finder| {
            finder.parent.is_same(parent) && finder.operation.is_none_or(|only| only.is_same(operation))
        })
    };
    let along =
        |rule: &&Rule| rule.decision != Decision::Ignore && rule.from.iter().any(|from| from.is_same(parent));
    let operations = extension.rules.iter().filter(along).map(|rule| rule.operation);
    operations.filter(|operation| !finder_for(operation)).map(|operation| operation.name()).collect()
}

/// Over all extensions of a resource: an instance can get the effects of each.
fn too_many_effects(extensions: &[ExtensionDescriptor], found: &mut Vec<Fault>) {
    let of_one = |a: &ExtensionDescriptor, b: &ExtensionDescriptor| a.resource.name() == b.resource.name();
    for extensions in extensions.chunk_by(of_one) {
        let most = |count: fn(&ExtensionDescriptor) -> usize| extensions.iter().map(count).sum::<usize>();
        let effects = most(|it| it.effects.len());
        let methods = effects.max(most(|it| it.begins.len())).max(most(|it| it.cleanups.len()));
        if methods > MAX_EFFECTS {
            let what = if methods == effects { "effects" } else { "begin or cleanup methods" };
            let fault = Fault::new(
                FaultKind::TooManyEffects,
                format!("`{}` has {methods} {what}", extensions[0].resource.name()),
                format!(
                    "a resource has at most {MAX_EFFECTS}, over all its extensions; let some share a method"
                ),
            );
            found.push(extensions.iter().fold(fault, |fault, extension| fault.at(extension.place)));
        }
    }
}

fn effects(extension: &ExtensionDescriptor, found: &mut Vec<Fault>) {
    for effect in &extension.effects {
        for name in &effect.supersedes {
            let fault = |message: String, help: &str| {
                Fault::new(FaultKind::Supersedes, message, help).at(effect.place)
            };
            if !extension.effects.iter().any(|other| other.method == *name) {
                let message = format!("`{}` supersedes `{name}`, which is no effect", effect.method);
                found.push(fault(message, "name a method that has `#[on(…)]`"));
            } else if superseded_by(extension, name).contains(effect.method.as_ref()) {
                let message = format!("`{}` supersedes `{name}`, which supersedes it in turn", effect.method);
                found.push(fault(message, "take one of the two away: of a circle none would run"));
            }
        }
    }
}

/// Effects of leaf rules that supersede others: an instance would stay, and what hangs off it would go, for another rule
/// has reached it that is no leaf.
fn kept_by_leaves(extension: &ExtensionDescriptor, found: &mut Vec<Fault>) {
    for effect in &extension.effects {
        let superseded: BTreeSet<&str> =
            effect.supersedes.iter().flat_map(|name| superseded_by(extension, name)).collect();
        let (leaves, others): (Vec<&Rule>, Vec<&Rule>) = extension
            .rules
            .iter()
            .filter(|rule| rule.decision.effect().is_some())
            .partition(|rule| matches!(&rule.decision, Decision::Effect { leaf: true, .. }));
        let is_of = |rule: &&&Rule, names: &BTreeSet<&str>| {
            rule.decision.effect().is_some_and(|effect| names.contains(effect.as_ref()))
        };
        let mut reported = BTreeSet::new();
        for leaf in leaves.iter().filter(|rule| is_of(rule, &BTreeSet::from([effect.method.as_ref()]))) {
            let meets = |rule: &&&Rule| {
                let same_root = |a: &ResourceDescriptor| leaf.roots.iter().any(|b| a.is_same(b));
                is_of(rule, &superseded)
                    && rule.operation.is_same(&leaf.operation)
                    && (rule.roots.is_empty() || leaf.roots.is_empty() || rule.roots.iter().any(same_root))
            };
            let Some(other) = others.iter().find(meets) else { continue };
            if !reported.insert(leaf.operation.code()) {
                continue;
            }
            let (stays, goes) = (&effect.method, other.decision.effect().map_or("", AsRef::as_ref));
            let message = format!(
                "`{stays}` supersedes `{goes}`, and a rule for `{}` that gives it is a leaf: the instance would stay, \
                 and what hangs off it would go",
                leaf.operation.name()
            );
            let help = format!("let `{goes}` supersede `{stays}`, or take `leaf` away");
            let fault = Fault::new(FaultKind::Supersedes, message, help);
            found.push(fault.at(effect.place).at(leaf.place).at(other.place));
        }
    }
}

/// All that `effect` supersedes, directly or through others, itself included.
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

fn rules(extension: &ExtensionDescriptor, owned: &BTreeSet<&str>, found: &mut Vec<Fault>) {
    for (index, rule) in extension.rules.iter().enumerate() {
        let operation = rule.operation.name();
        for parent in &rule.from {
            if !extension.edges.iter().any(|edge| edge.parent.is_same(parent)) {
                let message =
                    format!("a rule for `{operation}` is from `{}`, which is no edge", parent.name());
                found.push(Fault::new(FaultKind::Rule, message, "add it to `edges`").at(rule.place));
            }
        }
        for root in rule.roots.iter().filter(|root| !owned.contains(root.name())) {
            found.push(not_linked(extension, root, "has a rule for the root").at(rule.place));
        }
        found.extend(without_edge(extension, rule));
        if let Some(effect) = rule.decision.effect()
            && !extension.effects.iter().any(|declared| declared.method == *effect)
        {
            let message =
                format!("a rule for `{operation}` has the effect `{effect}`, which is not declared");
            found.push(Fault::new(FaultKind::Rule, message, "declare the effect").at(rule.place));
        }
        if let Some(first) = extension.rules[..index].iter().find(|first| matches_equally(first, rule)) {
            found.push(rule_twice(extension, rule).at(first.place));
        }
    }
}

/// A rule that names no edge speaks of an instance that is itself the root: it gives an effect, and of no other root.
fn without_edge(extension: &ExtensionDescriptor, rule: &Rule) -> Option<Fault> {
    if !rule.from.is_empty() {
        return None;
    }
    let operation = rule.operation.name();
    let is_own = |root: &ResourceDescriptor| root.is_same(&extension.resource);
    let (message, help) = if !matches!(rule.decision, Decision::Effect { .. }) {
        (format!("a policy for `{operation}` names no edge"), "say which: `from = […]`")
    } else if !rule.roots.is_empty() && !rule.roots.iter().any(is_own) {
        let roots = names(&rule.roots);
        (
            format!(
                "a rule for `{operation}` is only for the root {roots}, and names no edge: it would never apply"
            ),
            "say what it comes from: `from = […]`; without, it is for an instance that is itself the root",
        )
    } else {
        return None;
    };
    Some(Fault::new(FaultKind::Rule, message, help).at(rule.place))
}

/// Edges that an operation of this extension leaves undecided.
fn undecided(extension: &ExtensionDescriptor, found: &mut Vec<Fault>) {
    let operations: BTreeMap<&str, OperationDescriptor> =
        extension.rules.iter().map(|rule| (rule.operation.code(), rule.operation)).collect();
    for operation in operations.values() {
        for edge in &extension.edges {
            let decides = |rule: &&Rule| {
                rule.operation.is_same(operation) && rule.from.iter().any(|from| from.is_same(&edge.parent))
            };
            if extension.rules.iter().filter(decides).any(|rule| rule.roots.is_empty()) {
                continue;
            }
            let (child, parent, operation) =
                (extension.resource.name(), edge.parent.name(), operation.name());
            let for_some_roots = extension.rules.iter().any(|rule| decides(&rule));
            let but = if for_some_roots { " but for some roots" } else { "" };
            found.push(
                Fault::new(
                    FaultKind::Undecided,
                    format!("`{child}` has no rule for `{operation}` from `{parent}`{but}"),
                    format!("name it in a `from`, or write `ignore({operation}, from = [{parent}])`"),
                )
                .at(edge.place),
            );
        }
    }
}

fn phases(extension: &ExtensionDescriptor, found: &mut Vec<Fault>) {
    let ExtensionDescriptor { checks, begins, cleanups, verifies, .. } = extension;
    for phase in checks.iter().chain(begins).chain(cleanups).chain(verifies) {
        let PhaseDeclaration { method, operation, only, place } = phase;
        if !extension.rules.iter().any(|rule| rule.operation.is_same(operation)) {
            let message = format!(
                "`{method}` is for `{}`, for which `{}` has no rule",
                operation.name(),
                extension.name
            );
            found.push(
                Fault::new(FaultKind::Phase, message, "add a rule, or take the method away").at(*place),
            );
        }
        for effect in only {
            if !extension.effects.iter().any(|declared| declared.method == *effect) {
                let message = format!("`{method}` is only for the effect `{effect}`, which is not declared");
                found.push(
                    Fault::new(FaultKind::Phase, message, "name a method that has `#[on(…)]`").at(*place),
                );
            }
        }
    }
}

fn names(resources: &[ResourceDescriptor]) -> String {
    resources.iter().map(|resource| format!("`{}`", resource.name())).collect::<Vec<_>>().join(", ")
}
