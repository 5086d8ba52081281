//! Edges that an operation leaves undecided: it would silently stop there.

use crate::model::{EdgeDeclaration, ExtensionDescriptor, Fault, FaultKind, OperationDescriptor, Rule};

/// The total operations that a rule of some extension mentions, in a fixed order.
pub(crate) fn total_operations(extensions: &[ExtensionDescriptor]) -> Vec<OperationDescriptor> {
    let mentioned = extensions.iter().flat_map(operations);
    distinct(mentioned.filter(OperationDescriptor::is_total))
}

/// Edges for which an operation has no rule: one that this extension mentions, or a total one.
pub(crate) fn undecided(
    extension: &ExtensionDescriptor,
    total: &[OperationDescriptor],
    faults: &mut Vec<Fault>,
) {
    for operation in &distinct(operations(extension).chain(total.iter().copied())) {
        let open = extension.edges.iter().filter(|edge| !is_decided(extension, edge, operation));
        faults.extend(open.map(|edge| fault(extension, edge, operation)));
    }
}

fn operations(extension: &ExtensionDescriptor) -> impl Iterator<Item = OperationDescriptor> {
    extension.rules.iter().map(|rule| rule.operation)
}

/// The operations without repetitions, by code. Two operations may have one code, which is a fault of its own.
fn distinct(operations: impl Iterator<Item = OperationDescriptor>) -> Vec<OperationDescriptor> {
    let mut distinct: Vec<OperationDescriptor> = Vec::new();
    for operation in operations {
        if !distinct.iter().any(|known| known.is_same(&operation)) {
            distinct.push(operation);
        }
    }
    distinct.sort_by_key(|operation| (operation.code(), operation.place()));
    distinct
}

/// Whether the rule is for that operation and that edge, at least for some roots.
fn is_for(rule: &Rule, edge: &EdgeDeclaration, operation: &OperationDescriptor) -> bool {
    rule.operation.is_same(operation) && rule.from.iter().any(|from| from.is_same(&edge.parent))
}

fn is_decided(
    extension: &ExtensionDescriptor,
    edge: &EdgeDeclaration,
    operation: &OperationDescriptor,
) -> bool {
    extension.rules.iter().any(|rule| is_for(rule, edge, operation) && rule.roots.is_empty())
}

fn fault(extension: &ExtensionDescriptor, edge: &EdgeDeclaration, operation: &OperationDescriptor) -> Fault {
    let (child, parent, name) = (extension.resource.name(), edge.parent.label(), operation.name());
    let for_some_roots = extension.rules.iter().any(|rule| is_for(rule, edge, operation));
    let only = if for_some_roots { " that is not limited to some roots" } else { "" };
    let is_mentioned = operations(extension).any(|mentioned| mentioned.is_same(operation));
    let why = if is_mentioned {
        String::new()
    } else {
        format!("; every extension has to decide `{name}` for each of its edges")
    };
    let message = format!("`{child}` has no rule for `{name}` from `{parent}`{only}{why}");
    let namesake = operations(extension).find(|other| other.name() == name && !other.is_same(operation));
    let Some(other) = namesake else {
        return Fault::new(FaultKind::Undecided, message, help(edge, name)).at(edge.place);
    };
    let (alias, package) = (format!("Other{name}"), operation.place().package);
    let help = format!(
        "the rules of `{}` are for another operation `{name}`: import that of package `{package}` as `{alias}`, and {}",
        extension.name,
        help(edge, &alias)
    );
    Fault::new(FaultKind::Undecided, message, help).at(edge.place).at(other.place())
}

/// The ways to decide the edge, in terms of the declaration that has it.
fn help(edge: &EdgeDeclaration, operation: &str) -> String {
    let parent = edge.parent.label();
    if edge.by_hand {
        let call = match edge.parent.role() {
            Some(role) => format!("parent.in_role({role:?})"),
            None => String::from("parent"),
        };
        format!(
            "add a rule with `.from({call})`, or `.rule(Rule::ignore::<{operation}>(place!()).from({call}))`, where \
             `parent` is the descriptor of `{}`",
            edge.parent.name()
        )
    } else {
        format!("name `{parent}` in a `from`, or write `ignore({operation}, from = [{parent}])`")
    }
}
