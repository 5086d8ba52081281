//! What programs have to agree on that work on one run.

use std::collections::BTreeSet;
use std::fmt;

use serde::{Deserialize, Serialize};

use crate::cascade::Cascade;
use crate::model::hex;

/// All that decides which calls a run makes, and in which order, as lines of text: the graph with its extensions and
/// methods, how steps are packed, and the engine's own version.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fingerprint {
    lines: BTreeSet<String>,
}

/// Lines that are named of a difference, at most.
const NAMED: usize = 8;

impl Fingerprint {
    /// That of a program.
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
            for finder in &extension.finders {
                let operation = finder.operation.map_or("any operation", |operation| operation.code());
                let (method, parent) = (&finder.method, finder.parent.name());
                lines.insert(format!("finder {method} of {name} by {parent} for {operation}"));
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

    /// A short name for it, in hexadecimal digits.
    pub fn version(&self) -> String {
        let mut hex = hex(self.lines.iter().map(String::as_str));
        hex.truncate(12);
        hex
    }

    /// What `other` lacks of this, or has beside it; `None` where there is no difference.
    pub fn difference(&self, other: &Self) -> Option<GraphDifference> {
        let lacks: Vec<String> = self.lines.difference(&other.lines).cloned().collect();
        let has: Vec<String> = other.lines.difference(&self.lines).cloned().collect();
        (!lacks.is_empty() || !has.is_empty()).then_some(GraphDifference { lacks, has })
    }
}

/// In what the program that has to carry something out differs from the one that it was planned with.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct GraphDifference {
    /// What it does not have.
    pub lacks: Vec<String>,
    /// What it has, and the other had not.
    pub has: Vec<String>,
}

impl fmt::Display for GraphDifference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let said = |verb: &str, lines: &[String]| {
            // Whole extensions first: the rest follows from them.
            let mut lines: Vec<&String> = lines.iter().collect();
            lines.sort_by_key(|line| !line.starts_with("extension "));
            let named: Vec<&str> = lines.iter().take(NAMED).map(|line| line.as_str()).collect();
            let more = lines.len().saturating_sub(NAMED);
            let more = if more > 0 { format!(", and {more} more") } else { String::new() };
            (!lines.is_empty()).then(|| format!("{verb} {}{more}", named.join(", ")))
        };
        let parts = [said("it lacks", &self.lacks), said("it has besides", &self.has)];
        f.write_str(&parts.into_iter().flatten().collect::<Vec<_>>().join("; "))
    }
}
