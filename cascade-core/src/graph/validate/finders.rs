//! Edges and their finders.

use std::collections::BTreeSet;

use super::misspelt::did_you_mean_edge;
use super::words::{declare_edge, edge_call, help};
use crate::model::{
    Decision, EdgeDeclaration, EdgeParent, ExtensionDescriptor, Fault, FaultKind, FinderDeclaration,
    OperationDescriptor, Rule,
};

/// Finders that no edge needs, and edges without the finders that they need. `corrected` has no misspelt parents.
pub(crate) fn finders(
    extension: &ExtensionDescriptor,
    corrected: &ExtensionDescriptor,
    faults: &mut Vec<Fault>,
) {
    for (index, finder) in extension.finders.iter().enumerate() {
        faults.extend(misfit(extension, finder));
        faults.extend(never_called(corrected, &corrected.finders[index]));
        let same_case = |earlier: &&FinderDeclaration| {
            earlier.parent.is_same(&finder.parent)
                && earlier.operation.map(|operation| operation.code())
                    == finder.operation.map(|operation| operation.code())
        };
        if let Some(first) = extension.finders[..index].iter().find(same_case) {
            faults.push(two_finders(finder, first));
        }
    }
    for edge in &corrected.edges {
        for operation in operations_without_finder(corrected, &edge.parent) {
            faults.push(no_finder(corrected, edge, operation));
        }
    }
}

/// A finder whose edge is not declared, or whose ids are not those of its parent.
fn misfit(extension: &ExtensionDescriptor, finder: &FinderDeclaration) -> Vec<Fault> {
    let (method, parent) = (&finder.method, finder.parent.name());
    let mut faults = Vec::new();
    if !extension.edges.iter().any(|edge| edge.parent.has_names_of(&finder.parent)) {
        let edge = finder.parent.label();
        let message = format!("the finder `{method}` is for the edge `{edge}`, which is not declared");
        let declare = help(finder.by_hand, declare_edge(&finder.parent), "add it to `edges`");
        let help =
            if finder.by_hand { did_you_mean_edge(extension, &finder.parent, declare) } else { declare };
        faults.push(Fault::new(FaultKind::Finder, message, help).at(finder.place));
    }
    if !finder.ids_fit {
        let message =
            format!("the id type of the finder `{method}` differs from that of its parent `{parent}`");
        let ids = finder.parent.resource().id_type();
        let call = format!("let its function take `&[{ids}]`, the ids of `{parent}`");
        let help = help(finder.by_hand, call, "let it take the ids of the parent");
        faults.push(Fault::new(FaultKind::Finder, message, help).at(finder.place));
    }
    faults
}

/// A finder for an operation that does not propagate along its edge. The attribute cannot declare one.
fn never_called(extension: &ExtensionDescriptor, finder: &FinderDeclaration) -> Option<Fault> {
    let operation = finder.operation.filter(|_| finder.by_hand)?;
    let is_edge = extension.edges.iter().any(|edge| edge.parent.is_same(&finder.parent));
    let of_operation = || extension.rules.iter().filter(|rule| rule.operation.is_same(&operation));
    let decides = |rule: &Rule| rule.from.iter().any(|from| from.is_same(&finder.parent));
    // An undecided edge is a fault of its own.
    let is_undecided = of_operation().next().is_some() && !of_operation().any(decides);
    if !is_edge || is_undecided || of_operation().any(|rule| propagates(rule, &finder.parent)) {
        return None;
    }
    let (method, parent, operation) = (&finder.method, finder.parent.label(), operation.name());
    let message = format!(
        "the finder `{method}` is never called: it is for `{operation}`, which no rule of `{}` lets propagate from \
         `{parent}`",
        extension.resource.name()
    );
    let from = edge_call(&finder.parent);
    let help =
        format!("add a rule, such as `Rule::effect::<{operation}>(…).from({from})`, or remove the finder");
    Some(Fault::new(FaultKind::Finder, message, help).at(finder.place))
}

fn two_finders(second: &FinderDeclaration, first: &FinderDeclaration) -> Fault {
    let message = format!(
        "the edge `{}` has two finders, `{}` and `{}`",
        second.parent.label(),
        first.method,
        second.method
    );
    let help = help(
        second.by_hand,
        "keep one, or pass the operation that one is for, such as `Some(Delete::DESCRIPTOR)`",
        "keep one, or restrict one to an operation with `on = …`",
    );
    Fault::new(FaultKind::Finder, message, help).at(second.place).at(first.place)
}

fn no_finder(extension: &ExtensionDescriptor, edge: &EdgeDeclaration, operation: &str) -> Fault {
    let (child, parent) = (extension.resource.name(), edge.parent.label());
    let message = format!(
        "`{operation}` propagates along the edge from `{parent}` to `{child}`, which has no finder for it"
    );
    let help = help(
        edge.by_hand,
        format!("declare one: `declaration.finder(\"…\", {}, None, place!(), …)`", edge_call(&edge.parent)),
        "add a method with `#[affected(by = …)]`",
    );
    Fault::new(FaultKind::Finder, message, help).at(edge.place)
}

fn propagates(rule: &Rule, parent: &EdgeParent) -> bool {
    rule.decision != Decision::Ignore && rule.from.iter().any(|from| from.is_same(parent))
}

/// The operations that propagate along an edge without a finder for them.
fn operations_without_finder<'a>(
    extension: &'a ExtensionDescriptor,
    parent: &'a EdgeParent,
) -> BTreeSet<&'static str> {
    let finder_for = |operation: &OperationDescriptor| {
        extension.finders.iter().any(|finder| {
            finder.parent.is_same(parent) && finder.operation.is_none_or(|only| only.is_same(operation))
        })
    };
    let operations =
        extension.rules.iter().filter(|rule| propagates(rule, parent)).map(|rule| rule.operation);
    operations.filter(|operation| !finder_for(operation)).map(|operation| operation.name()).collect()
}
