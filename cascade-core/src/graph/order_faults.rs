//! Orders that contradict each other: what must end first waits for what must end later.

use std::collections::{BTreeMap, BTreeSet};

use super::components::components;
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
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
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
) -> BTreeMap<(&'a str, OrderPart), u32> {
    let mut waits = Waits::default();
    for extension in extensions {
        let resource = extension.resource.name();
        let (steps, end) = ((resource, OrderPart::Steps), (resource, OrderPart::End));
        waits.add(steps, end);
        for after in &extension.after {
            waits.add((after.parent.name(), OrderPart::End), steps);
        }
        let ordering =
            extension.rules.iter().filter(|rule| rule.operation.is_same(operation) && rule.decision.orders());
        for (rule, parent) in ordering.flat_map(|rule| rule.from.iter().map(move |from| (rule, from.name())))
        {
            let (of_parent, end_of_parent) = ((parent, OrderPart::Steps), (parent, OrderPart::End));
            waits.add(steps, of_parent);
            if rule.decision.completes_with_parent() {
                waits.add(of_parent, end);
                waits.add(end_of_parent, end);
            }
            if rule.decision != Decision::WithParent {
                waits.add(end, of_parent);
            }
        }
    }
    let mut groups = waits.nodes;
    let group_of = components(groups.len(), &waits.arcs);
    for node in groups.values_mut() {
        *node = group_of[*node as usize];
    }
    groups
}

/// The parts of resources, numbered, and which waits for which.
#[derive(Default)]
struct Waits<'a> {
    nodes: BTreeMap<(&'a str, OrderPart), u32>,
    arcs: Vec<(u32, u32)>,
}

impl<'a> Waits<'a> {
    fn add(&mut self, first: (&'a str, OrderPart), then: (&'a str, OrderPart)) {
        let arc = (self.node(first), self.node(then));
        self.arcs.push(arc);
    }

    fn node(&mut self, part: (&'a str, OrderPart)) -> u32 {
        let next = self.nodes.len() as u32;
        *self.nodes.entry(part).or_insert(next)
    }
}
