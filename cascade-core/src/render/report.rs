//! Prints a report: a table of verdicts, followed by the failures.

use std::fmt;

use super::number::Count;
use crate::report::{Report, ReportSummary, VerdictCounts};

/// The maximum number of listed failures, left instances and overridden vetoes. Further ones are only counted.
const MAX_LISTED: usize = 20;

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.summary().fmt(f)
    }
}

impl fmt::Display for ReportSummary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let all = VerdictCounts {
            done: self.done,
            failed: self.failed,
            blocked: self.blocked,
            not_started: self.not_started,
            left: self.left,
            unrecorded: self.unrecorded,
        };
        let width = self.resources.keys().map(|name| name.chars().count()).max().unwrap_or(0).max(8);
        // Most runs leave nothing.
        let has_left = self.left > 0;
        let left = if has_left { "        left" } else { "" };
        writeln!(
            f,
            "{:<width$}  {:>11} {:>11} {:>11} {:>11}{left}",
            "", "done", "failed", "blocked", "not started"
        )?;
        for (name, counts) in &self.resources {
            write_row(f, name, width, *counts, has_left)?;
        }
        write_row(f, "all", width, all, has_left)?;
        if self.unrecorded > 0 {
            writeln!(f, "{} with a step that ended but is not recorded", Count(self.unrecorded))?;
        }
        if self.not_cleaned_up > 0 {
            writeln!(f, "{} without a cleanup that succeeded", Count(self.not_cleaned_up))?;
        }
        if self.done_below_left > 0 {
            writeln!(f, "{} removed because of one that then stayed", Count(self.done_below_left))?;
        }
        if self.roots_left > 0 {
            writeln!(f, "{} roots are left", Count(self.roots_left))?;
        }
        if self.cancelled {
            writeln!(f, "cancelled: no further step was started")?;
        }
        if let Some(drift) = &self.drift {
            writeln!(f, "changed since it was planned: {drift}")?;
        }
        write_overridden(self, f)?;
        write_failures(self, f)?;
        write_left(self, f)?;
        for nested in &self.nested {
            writeln!(f, "started by {} {}:", nested.resource, nested.effect)?;
            write!(f, "{}", nested.report)?;
        }
        Ok(())
    }
}

fn write_row(
    f: &mut fmt::Formatter<'_>,
    name: &str,
    width: usize,
    counts: VerdictCounts,
    has_left: bool,
) -> fmt::Result {
    let VerdictCounts { done, failed, blocked, not_started, left, .. } = counts;
    let [done, failed, blocked, not_started, left] = [done, failed, blocked, not_started, left].map(Count);
    write!(f, "{name:<width$}  {done:>11} {failed:>11} {blocked:>11} {not_started:>11}")?;
    if has_left { writeln!(f, " {left:>11}") } else { writeln!(f) }
}

fn write_overridden(summary: &ReportSummary, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    if summary.overridden.is_empty() {
        return Ok(());
    }
    writeln!(f, "forced despite:")?;
    for veto in summary.overridden.iter().take(MAX_LISTED) {
        writeln!(f, "  {veto}")?;
    }
    write_rest(summary.overridden.len(), f)
}

fn write_failures(summary: &ReportSummary, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    if summary.failures.is_empty() {
        return Ok(());
    }
    writeln!(f, "failed:")?;
    for failure in summary.failures.iter().take(MAX_LISTED) {
        writeln!(f, "  {}: {}: {}", failure.instance, failure.effect, failure.error)?;
    }
    write_rest(summary.failures.len(), f)
}

fn write_left(summary: &ReportSummary, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    if summary.left_instances.is_empty() {
        return Ok(());
    }
    writeln!(f, "left as they are:")?;
    for left in summary.left_instances.iter().take(MAX_LISTED) {
        writeln!(f, "  {}: {}", left.instance, left.reason)?;
    }
    write_rest(summary.left, f)
}

fn write_rest(count: usize, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    if count > MAX_LISTED { writeln!(f, "  and {} more", Count(count - MAX_LISTED)) } else { Ok(()) }
}
