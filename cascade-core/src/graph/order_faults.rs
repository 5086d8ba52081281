//! Orders that contradict each other: what must end first waits for what must end later.

use std::collections::{BTreeMap, BTreeSet};

use petgraph::algo::kosaraju_scc;
use petgraph::graphmap::DiGraphMap;

use crate::model::{Decision, ExtensionDescriptor, Fault, FaultKind, OperationDescriptor};

/// `after`s that contradict the edges, or each other: for some operation, what must end first waits for what must end
/// later.
pub(crate) fn contradictions(extensions: &[ExtensionDescriptor], found: &mut Vec<Fault>) {
    let operations: BTreeMap<&str, OperationDescriptor> = extensions
        .iter()
        .flat_map(|extension| &extension.rules)
        .map(|rule| (rule.operation.code(), rule.operation))
        .collect();
    let mut contradicted = BTreeSet::new();
    for operation in operations.values() {
        let groups = groups_that_wait(extensions, operation);
        for (index, extension) in extensions.iter().enumerate() {
            for (at, after) in extension.after.iter().enumerate() {
                let (first, then) = (after.parent.name(), extension.resource.name());
                let circle = groups.get(&(first, OrderPart::End)) == groups.get(&(then, OrderPart::Steps));
                if !circle || !contradicted.insert((index, at)) {
                    continue;
                }
                let message = format!(
                    "`{then}` cannot come after `{first}`: for `{}`, `{first}` waits for `{then}`",
                    operation.name()
                );
                let help = format!("take `{first}` out of `after`, or the edge that says the opposite");
                found.push(Fault::new(FaultKind::After, message, help).at(after.place));
            }
        }
    }
}

/// What of a resource's instances may wait, and be waited for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
enum OrderPart {
    /// Their own steps, and all that hangs off them.
    Steps,
    /// Their end, where a parent's end takes them.
    End,
}

/// The resources by name, their steps and ends each with the number of its group: all in a group wait for each other.
fn groups_that_wait<'a>(
    extensions: &'a [ExtensionDescriptor],
    operation: &OperationDescriptor,
) -> BTreeMap<(&'a str, OrderPart), usize> {
    let mut waits = DiGraphMap::<(&str, OrderPart), ()>::new();
    for extension in extensions {
        let resource = extension.resource.name();
        let (steps, end) = ((resource, OrderPart::Steps), (resource, OrderPart::End));
        waits.add_edge(steps, end, ());
        for after in &extension.after {
            waits.add_edge((after.parent.name(), OrderPart::End), steps, ());
        }
        let ordering =
            extension.rules.iter().filter(|rule| rule.operation.is_same(operation) && rule.decision.orders());
        for (rule, parent) in ordering.flat_map(|rule| rule.from.iter().map(move |from| (rule, from.name())))
        {
            let (of_parent, end_of_parent) = ((parent, OrderPart::Steps), (parent, OrderPart::End));
            waits.add_edge(steps, of_parent, ());
            if rule.decision.takes() {
                waits.add_edge(of_parent, end, ());
                waits.add_edge(end_of_parent, end, ());
            }
            if rule.decision != Decision::WithParent {
                waits.add_edge(end, of_parent, ());
            }
        }
    }
    let groups = kosaraju_scc(&waits).into_iter().enumerate();
    groups.flat_map(|(number, group)| group.into_iter().map(move |name| (name, number))).collect()
}
