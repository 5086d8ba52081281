//! Names: two resources, operations or effects that share one, and names that break a line or a label.

use std::collections::{BTreeMap, BTreeSet};

use crate::model::{
    EdgeParent, ExtensionDescriptor, Fault, FaultKind, OperationDescriptor, Place, ResourceDescriptor,
};

/// Every resource that an extension names, in any declaration.
fn named_resources(extension: &ExtensionDescriptor) -> impl Iterator<Item = &ResourceDescriptor> {
    let edges = extension.edges.iter().chain(&extension.after).map(|edge| edge.parent.resource());
    let finders = extension.finders.iter().map(|finder| finder.parent.resource());
    let rules =
        extension.rules.iter().flat_map(|rule| rule.from.iter().map(EdgeParent::resource).chain(&rule.roots));
    std::iter::once(&extension.resource).chain(edges).chain(finders).chain(rules)
}

/// Names of resources that cannot be printed, or that two resources share.
pub(crate) fn of_resources(extensions: &[ExtensionDescriptor], faults: &mut Vec<Fault>) {
    let mut by_name: BTreeMap<&str, Vec<&ResourceDescriptor>> = BTreeMap::new();
    for resource in extensions.iter().flat_map(named_resources) {
        let same_name = by_name.entry(resource.name()).or_default();
        if !same_name.iter().any(|known| known.is_same(resource)) {
            same_name.push(resource);
        }
    }
    for (name, resources) in by_name {
        faults.extend(unprintable("resource", name, resources[0].place()));
        if resources.len() > 1 {
            let help = if resources.iter().any(|resource| resource.is_runtime()) {
                "declare it with one type of ids everywhere, or give one of them another name: \
                 `ResourceDescriptor::runtime::<Id>(\"…\", place!())`"
            } else {
                "give one of them another name: `#[resource(name = \"…\")]`"
            };
            let message = format!("the resource name `{name}` is declared by {} types", resources.len());
            let fault = Fault::new(FaultKind::ResourceNameTwice, message, help);
            let mut places: Vec<_> = resources.iter().map(|resource| resource.place()).collect();
            places.sort();
            faults.push(places.into_iter().fold(fault, Fault::at));
        }
    }
}

/// Codes that two operations share.
pub(crate) fn of_operations(extensions: &[ExtensionDescriptor], faults: &mut Vec<Fault>) {
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

/// Names of an extension and its methods that cannot be printed, and effects and methods that are declared twice.
pub(crate) fn within(extension: &ExtensionDescriptor, faults: &mut Vec<Fault>) {
    faults.extend(unprintable("extension", &extension.name, extension.place));
    let ExtensionDescriptor { finders, effects, checks, begins, cleanups, verifies, .. } = extension;
    let effects = effects.iter().map(|effect| ("effect", "", effect.method.as_ref(), effect.place));
    let mut declared: Vec<(&str, &str, &str, Place)> = effects.collect();
    let phases = [
        ("check", checks),
        ("begin method", begins),
        ("cleanup method", cleanups),
        ("verify method", verifies),
    ];
    for (what, methods) in phases {
        let named = |it: &'_ crate::model::PhaseDeclaration| it.operation.code();
        declared.extend(methods.iter().map(|it| (what, named(it), it.method.as_ref(), it.place)));
    }
    let mut first: BTreeMap<(&str, &str, &str), Place> = BTreeMap::new();
    for &(what, operation, method, place) in &declared {
        if let Some(first) = first.insert((what, operation, method), place) {
            faults.push(twice(extension, what, method).at(place).at(first));
        }
    }
    let finders = finders.iter().map(|finder| ("finder", "", finder.method.as_ref(), finder.place));
    let mut reported = BTreeSet::new();
    for (what, _, method, place) in declared.into_iter().chain(finders) {
        if reported.insert(method) {
            faults.extend(unprintable(what, method, place));
        }
    }
}

fn twice(extension: &ExtensionDescriptor, what: &str, method: &str) -> Fault {
    Fault::new(
        FaultKind::Name,
        format!("the {what} `{method}` of `{}` is declared twice", extension.name),
        "give one of them another name, or remove it",
    )
}

/// Plans, documents and labels such as `Extension::method` print names in one line.
pub(crate) fn unprintable(what: &str, name: &str, place: Place) -> Option<Fault> {
    let breaks_line = |char: char| char.is_control() || matches!(char, '\u{2028}' | '\u{2029}');
    let shown = name.escape_debug();
    let (message, help) = if name.is_empty() {
        (format!("the name of this {what} is empty"), "give it a name")
    } else if name.contains(breaks_line) {
        (format!("the name of the {what} `{shown}` has a control character"), "remove the control character")
    } else if name.trim() != name {
        (format!("the name of the {what} `{shown}` begins or ends with white space"), "trim the name")
    } else {
        return None;
    };
    Some(Fault::new(FaultKind::Name, message, help).at(place))
}
