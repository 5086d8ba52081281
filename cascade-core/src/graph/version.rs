//! The version of a graph: what a journal remembers of it.

use super::graph::{Graph, GraphDecision, GraphRule};
use super::methods::labels;
use crate::model::{ExtensionDescriptor, Phase, hex};

/// Where a version begins: another way of taking it is another version.
const FORM: &str = "cascade graph 1";

impl Graph {
    /// The SHA-256, in hex, of all that decides what plans look like and which steps they have: resources, edges, rules,
    /// effects with what they supersede, begin and cleanup methods. It depends neither on the link order nor on places
    /// in the source, nor on what the methods do.
    pub fn version(&self) -> String {
        let lines = self.lines();
        hex(std::iter::once(FORM).chain(lines.iter().map(String::as_str)))
    }

    pub(crate) fn lines(&self) -> Vec<String> {
        let mut lines = Vec::new();
        for (at, node) in self.resources.iter().enumerate() {
            lines.push(format!("resource {}", node.name()));
            for (bit, effect) in node.effects.iter().enumerate() {
                lines.push(format!("effect {bit} {} over {:b}", effect.name, effect.supersedes));
            }
            lines.extend(node.after.iter().map(|&after| format!("after {}", self.resources[after].name())));
            lines.extend(node.root_rules.iter().map(|rule| self.rule(at, rule)));
            for operation in &self.operations {
                for phase in [Phase::Begin, Phase::Cleanup] {
                    let names = labels(self, operation.code(), phase, at).join(" ");
                    lines.push(format!("{phase} of {}: {names}", operation.code()));
                }
            }
        }
        for edge in &self.edges {
            let (parent, child) = (self.resources[edge.parent].name(), self.resources[edge.child].name());
            lines.push(format!("edge from {child} to {parent}"));
            lines.extend(edge.rules.iter().map(|rule| self.rule(edge.child, rule)));
        }
        lines.extend(self.extensions.iter().flat_map(only_for));
        lines
    }

    fn rule(&self, resource: usize, rule: &GraphRule) -> String {
        let effect = |effect: usize| &self.resources[resource].effects[effect].name;
        let decision = match rule.decision {
            GraphDecision::Effect { effect: at, leaf: true } => format!("leaf {}", effect(at)),
            GraphDecision::Effect { effect: at, leaf: false } => format!("effect {}", effect(at)),
            GraphDecision::Ignore => String::from("ignore"),
            GraphDecision::Retain => String::from("retain"),
            GraphDecision::Restrict => String::from("restrict"),
            GraphDecision::WithParent => String::from("with parent"),
            GraphDecision::Shared { effect: Some(at) } => format!("shared {}", effect(at)),
            GraphDecision::Shared { effect: None } => String::from("shared"),
        };
        let root = rule.root.map_or("any", |root| self.resources[root].name());
        format!("rule for {} from {root}: {decision}", self.operations[rule.operation].code())
    }
}

/// The begin and cleanup methods that are only for some effects.
fn only_for(extension: &ExtensionDescriptor) -> Vec<String> {
    let phases = extension.begins.iter().chain(&extension.cleanups).filter(|phase| !phase.only.is_empty());
    phases
        .map(|phase| {
            format!("{} {} only for {}", extension.resource.name(), phase.method, phase.only.join(" "))
        })
        .collect()
}
