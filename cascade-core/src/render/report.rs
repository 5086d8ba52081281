//! Prints a report: a table of verdicts, followed by the failures.

use std::fmt;

use super::number::Count;
use crate::report::{Report, ReportSummary, VerdictCounts};

/// The maximum number of listed failures and overridden vetoes. Further ones are only counted.
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
            unrecorded: self.unrecorded,
        };
        let width = self.resources.keys().map(|name| name.chars().count()).max().unwrap_or(0).max(8);
        writeln!(
            f,
            "{:<width$}  {:>11} {:>11} {:>11} {:>11}",
            "", "done", "failed", "blocked", "not started"
        )?;
        for (name, counts) in &self.resources {
            write_row(f, name, width, *counts)?;
        }
        write_row(f, "all", width, all)?;
        if self.unrecorded > 0 {
            writeln!(f, "{} with a step that ended but is not recorded", Count(self.unrecorded))?;
        }
        if self.not_cleaned_up > 0 {
            writeln!(f, "{} done, but their cleanup did not succeed", Count(self.not_cleaned_up))?;
        }
        if self.cancelled {
            writeln!(f, "cancelled: no further step was started")?;
        }
        if let Some(drift) = &self.drift {
            writeln!(f, "changed since it was planned: {drift}")?;
        }
        write_overridden(self, f)?;
        write_failures(self, f)?;
        for nested in &self.nested {
            writeln!(f, "started by {} {}:", nested.resource, nested.effect)?;
            write!(f, "{}", nested.report)?;
        }
        Ok(())
    }
}

fn write_row(f: &mut fmt::Formatter<'_>, name: &str, width: usize, counts: VerdictCounts) -> fmt::Result {
    let VerdictCounts { done, failed, blocked, not_started, .. } = counts;
    let [done, failed, blocked, not_started] = [done, failed, blocked, not_started].map(Count);
    writeln!(f, "{name:<width$}  {done:>11} {failed:>11} {blocked:>11} {not_started:>11}")
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

fn write_rest(count: usize, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    if count > MAX_LISTED { writeln!(f, "  and {} more", Count(count - MAX_LISTED)) } else { Ok(()) }
}
