//! The version of a graph, which a journal records.

use super::graph::{Graph, GraphDecision, GraphRule};
use super::methods::labels;
use crate::ids::ResourceIx;
use crate::model::{ExtensionDescriptor, Phase, hex};

/// The first hashed text. Change it if the lines change, so that versions differ.
const FORM: &str = "cascade graph 1";

impl Graph {
    /// The SHA-256, in hex, of everything that determines the content and the steps of plans: resources, edges, rules, effects
    /// with `supersedes`, begin and cleanup methods. It depends neither on the link order, nor on source locations, nor on
    /// the bodies of methods.
    pub fn version(&self) -> String {
        let lines = self.lines();
        hex(std::iter::once(FORM).chain(lines.iter().map(String::as_str)))
    }

    /// The hashed texts, one per declaration.
    pub(crate) fn lines(&self) -> Vec<String> {
        let mut lines = Vec::new();
        for (index, node) in self.resources.enumerate() {
            lines.push(format!("resource {}", node.name()));
            for (bit, effect) in node.effects.iter().enumerate() {
                lines.push(format!("effect {bit} {} over {:b}", effect.name, effect.supersedes.bits()));
            }
            lines.extend(node.after.iter().map(|&after| format!("after {}", self.resources[after].name())));
            lines.extend(node.root_rules.iter().map(|rule| self.rule(index, rule)));
            for operation in &self.operations {
                for phase in [Phase::Begin, Phase::Cleanup] {
                    let names = labels(self, operation.code(), phase, index).join(" ");
                    lines.push(format!("{phase} of {}: {names}", operation.code()));
                }
            }
        }
        for edge in self.edges.iter().filter(|edge| edge.root == 0) {
            let (parent, child) = (self.resources[edge.parent].name(), self.resources[edge.child].name());
            let role = edge.role.as_ref().map_or_else(String::new, |role| format!(" as {role}"));
            lines.push(format!("edge from {child} to {parent}{role}"));
            lines.extend(edge.may_cut.then(|| String::from("its order may be given up")));
            lines.extend(edge.rules.iter().map(|rule| self.rule(edge.child, rule)));
        }
        lines.extend(self.extensions.iter().flat_map(only_for));
        lines
    }

    fn rule(&self, resource: ResourceIx, rule: &GraphRule) -> String {
        let name = |effect: usize| &self.resources[resource].effects[effect].name;
        let decision = match rule.decision {
            GraphDecision::Effect { effect, leaf: true } => format!("leaf {}", name(effect)),
            GraphDecision::Effect { effect, leaf: false } => format!("effect {}", name(effect)),
            GraphDecision::Ignore => String::from("ignore"),
            GraphDecision::Retain => String::from("retain"),
            GraphDecision::Restrict => String::from("restrict"),
            GraphDecision::WithParent => String::from("with parent"),
            GraphDecision::Shared { effect: Some(effect) } => format!("shared {}", name(effect)),
            GraphDecision::Shared { effect: None } => String::from("shared"),
        };
        let root = rule.root.map_or("any", |root| self.resources[root].name());
        format!("rule for {} from {root}: {decision}", self.operations[rule.operation].code())
    }
}

/// The begin and cleanup methods that are restricted to instances with certain effects.
fn only_for(extension: &ExtensionDescriptor) -> Vec<String> {
    let phases = extension.begins.iter().chain(&extension.cleanups).filter(|phase| !phase.only.is_empty());
    phases
        .map(|phase| {
            format!("{} {} only for {}", extension.resource.name(), phase.method, phase.only.join(" "))
        })
        .collect()
}
