//! Faults of `after`: orders that contradict the edges or each other.

use std::collections::{BTreeMap, BTreeSet};

use super::components::components;
use crate::model::{Decision, EdgeParent, ExtensionDescriptor, Fault, FaultKind, OperationDescriptor, Rule};

/// Reports each `after` that contradicts the edges or another `after`: for some operation, the resource that must complete
/// first already waits for the other one.
pub(crate) fn contradictions(extensions: &[ExtensionDescriptor], faults: &mut Vec<Fault>) {
    let operations: BTreeMap<&str, OperationDescriptor> = extensions
        .iter()
        .flat_map(|extension| &extension.rules)
        .map(|rule| (rule.operation.code(), rule.operation))
        .collect();
    let mut reported = BTreeSet::new();
    for operation in operations.values() {
        let components = wait_components(extensions, operation);
        for (index, extension) in extensions.iter().enumerate() {
            for (position, after) in extension.after.iter().enumerate() {
                let (first, second) = (after.parent.name(), extension.resource.name());
                let is_cyclic = components.get(&OrderPart::Completion(first))
                    == components.get(&OrderPart::Steps(second));
                if !is_cyclic || !reported.insert((index, position)) {
                    continue;
                }
                let message = format!(
                    "`{second}` cannot be ordered after `{first}`: for `{}`, `{first}` waits for `{second}`",
                    operation.name()
                );
                let other = "or the edge or `after` that requires the opposite order";
                let help = if after.by_hand {
                    format!("remove the call `declaration.after({first}, …)`, {other}")
                } else {
                    format!("remove `{first}` from `after`, {other}")
                };
                faults.push(Fault::new(FaultKind::After, message, help).at(after.place));
            }
        }
    }
}

/// A part of a resource that waits for others, and that others wait for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum OrderPart<'a> {
    /// The steps on its instances, and on all their dependents.
    Steps(&'a str),
    /// The completion of its instances, including those that complete with a parent.
    Completion(&'a str),
}

/// For each part, the number of its strongly connected component: the parts of a component wait for each other.
fn wait_components<'a>(
    extensions: &'a [ExtensionDescriptor],
    operation: &OperationDescriptor,
) -> BTreeMap<OrderPart<'a>, u32> {
    let mut waits = Waits::default();
    for extension in extensions {
        let resource = extension.resource.name();
        waits.add(OrderPart::Steps(resource), OrderPart::Completion(resource));
        for after in &extension.after {
            waits.add(OrderPart::Completion(after.parent.name()), OrderPart::Steps(resource));
        }
        for rule in &extension.rules {
            if rule.operation.is_same(operation) && rule.decision.orders() {
                waits.add_rule(resource, rule);
            }
        }
    }
    let mut numbers = waits.nodes;
    let component_of = components(numbers.len(), &waits.arcs);
    for number in numbers.values_mut() {
        *number = component_of[*number as usize];
    }
    numbers
}

/// A numbered node for each part, and an arc from each part to those that wait for it.
#[derive(Default)]
struct Waits<'a> {
    nodes: BTreeMap<OrderPart<'a>, u32>,
    arcs: Vec<(u32, u32)>,
}

impl<'a> Waits<'a> {
    fn add_rule(&mut self, resource: &'a str, rule: &'a Rule) {
        let (steps, completion) = (OrderPart::Steps(resource), OrderPart::Completion(resource));
        for parent in rule.from.iter().map(EdgeParent::name) {
            self.add(steps, OrderPart::Steps(parent));
            if rule.decision.completes_with_parent() {
                self.add(OrderPart::Steps(parent), completion);
                self.add(OrderPart::Completion(parent), completion);
            }
            if rule.decision != Decision::WithParent {
                self.add(completion, OrderPart::Steps(parent));
            }
        }
    }

    fn add(&mut self, first: OrderPart<'a>, second: OrderPart<'a>) {
        let arc = (self.node(first), self.node(second));
        self.arcs.push(arc);
    }

    fn node(&mut self, part: OrderPart<'a>) -> u32 {
        let next = self.nodes.len() as u32;
        *self.nodes.entry(part).or_insert(next)
    }
}
