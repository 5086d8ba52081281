//! The difference between the plan of a run and the plan that replaces it.

use std::fmt;

/// The most changes that are described in words.
const MAX_LINES: usize = 20;

/// The difference between the plan of a run and the new plan for the rest of that run, made because the graph had changed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct PlanDifference {
    /// The number of instances with a step that are only in the new plan.
    pub added: usize,
    /// The number of unfinished instances that are not in the new plan.
    pub gone: usize,
    /// The number of instances whose effects differ.
    pub changed: usize,
    /// The first 20 changes in words, one per instance.
    pub lines: Vec<String>,
    /// The digest of the new plan. Compare it to make sure that a difference accepted now is the one shown earlier.
    pub digest: String,
}

impl PlanDifference {
    pub(crate) fn add(&mut self, instance: &str, effects: &[String]) {
        self.added += 1;
        self.line(|| format!("+ {instance}: {}", effects.join(", ")));
    }

    pub(crate) fn remove(&mut self, instance: &str, effects: &[String]) {
        self.gone += 1;
        self.line(|| format!("- {instance}: {}", effects.join(", ")));
    }

    pub(crate) fn change(&mut self, instance: &str, before: &[String], after: &[String]) {
        self.changed += 1;
        self.line(|| format!("~ {instance}: {}, was {}", after.join(", "), before.join(", ")));
    }

    fn line(&mut self, line: impl FnOnce() -> String) {
        if self.lines.len() < MAX_LINES {
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
