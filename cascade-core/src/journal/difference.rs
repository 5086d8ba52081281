//! What planning again changed, after the graph had changed.

use std::fmt;

/// Lines that are kept, at most.
const LINES: usize = 20;

/// What the plan of a run's remainder has that the plan before had not, and the other way round.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct PlanDifference {
    /// Instances with a step that the plan before had not.
    pub added: usize,
    /// Instances that were left to do, and are not in the new plan.
    pub gone: usize,
    /// Instances that get other effects than before.
    pub changed: usize,
    /// The first few of them, in words.
    pub lines: Vec<String>,
    /// The digest of the new plan: who accepts a difference that somebody was shown before compares it with that one's.
    pub digest: String,
}

impl PlanDifference {
    pub(crate) fn add(&mut self, instance: &str, effects: &[String]) {
        self.added += 1;
        self.line(|| format!("+ {instance}: {}", effects.join(", ")));
    }

    pub(crate) fn miss(&mut self, instance: &str, effects: &[String]) {
        self.gone += 1;
        self.line(|| format!("- {instance}: {}", effects.join(", ")));
    }

    pub(crate) fn change(&mut self, instance: &str, before: &[String], after: &[String]) {
        self.changed += 1;
        self.line(|| format!("~ {instance}: {}, was {}", after.join(", "), before.join(", ")));
    }

    fn line(&mut self, line: impl FnOnce() -> String) {
        if self.lines.len() < LINES {
            self.lines.push(line());
        }
    }
}

impl fmt::Display for PlanDifference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { added, gone, changed, lines, .. } = self;
        write!(f, "{added} more, {gone} fewer, {changed} with other effects")?;
        for line in lines {
            write!(f, "\n  {line}")?;
        }
        let rest = added + gone + changed - lines.len();
        if rest > 0 { write!(f, "\n  and {rest} more") } else { Ok(()) }
    }
}
