//! The properties that all programs of one run must have in common.

use std::collections::BTreeSet;
use std::fmt;

use serde::{Deserialize, Serialize};

use crate::cascade::Cascade;
use crate::model::hex;

/// The properties of a program that decide which calls a run makes, and in which order. They are lines of text: the graph
/// with its extensions and methods, the sizes of batches, the limits on concurrency, and the version of the engine.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fingerprint {
    lines: BTreeSet<String>,
}

/// The most lines that the text of a difference lists, on each side.
const MAX_LISTED: usize = 8;

impl Fingerprint {
    /// Computes the fingerprint of a program.
    pub fn of(cascade: &Cascade) -> Self {
        let engine = &cascade.engine;
        let mut lines: BTreeSet<String> = engine.graph.lines().into_iter().collect();
        for extension in &engine.graph.extensions {
            let (resource, name, settings) = (extension.resource.name(), &extension.name, extension.settings);
            lines.insert(format!("extension {name} of {resource}"));
            lines.insert(format!(
                "steps of {name}: {} instances in one, {} at once, {} retries",
                settings.batch, settings.concurrency, settings.retries
            ));
            let exclusive = extension.edges.iter().find(|edge| edge.exclusive);
            lines.extend(exclusive.map(|edge| format!("steps of {name}: one at a time per {}", edge.parent)));
            for finder in &extension.finders {
                let operation = finder.operation.map_or("any operation", |operation| operation.code());
                let (method, parent) = (&finder.method, finder.parent.name());
                let role = finder.parent.role().map_or_else(String::new, |role| format!(" as {role}"));
                lines.insert(format!("finder {method} of {name} by {parent}{role} for {operation}"));
            }
            lines.extend(extension.checks.iter().map(|check| {
                let only = check.only.join(" ");
                format!("check {} of {name} for {} {only}", check.method, check.operation.code())
            }));
        }
        lines.insert(format!(
            "finder calls: {} parents in one, {} at once",
            engine.find.batch, engine.find.concurrency
        ));
        lines.insert(format!("authorizers: {}", if engine.authorizers.is_empty() { "none" } else { "some" }));
        lines.insert(format!("engine {}", env!("CARGO_PKG_VERSION")));
        Self { lines }
    }

    /// A hash of the fingerprint: 12 hexadecimal digits.
    pub fn version(&self) -> String {
        let mut hex = hex(self.lines.iter().map(String::as_str));
        hex.truncate(12);
        hex
    }

    /// The lines that `other` lacks, and those that only `other` has; `None` if both are equal.
    pub fn difference(&self, other: &Self) -> Option<GraphDifference> {
        let lacks: Vec<String> = self.lines.difference(&other.lines).cloned().collect();
        let has: Vec<String> = other.lines.difference(&self.lines).cloned().collect();
        (!lacks.is_empty() || !has.is_empty()).then_some(GraphDifference { lacks, has })
    }
}

/// How the program that executes a call differs from the program that made the plan.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct GraphDifference {
    /// The lines that it lacks.
    pub lacks: Vec<String>,
    /// The lines that only it has.
    pub has: Vec<String>,
}

impl fmt::Display for GraphDifference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let listed = |verb: &str, lines: &[String]| {
            // Extensions come first, because the other differences follow from them.
            let mut lines: Vec<&String> = lines.iter().collect();
            lines.sort_by_key(|line| !line.starts_with("extension "));
            let first: Vec<&str> = lines.iter().take(MAX_LISTED).map(|line| line.as_str()).collect();
            let more = lines.len().saturating_sub(MAX_LISTED);
            let more = if more > 0 { format!(", and {more} more") } else { String::new() };
            (!lines.is_empty()).then(|| format!("{verb} {}{more}", first.join(", ")))
        };
        let parts = [listed("it lacks", &self.lacks), listed("it has in addition", &self.has)];
        f.write_str(&parts.into_iter().flatten().collect::<Vec<_>>().join("; "))
    }
}
