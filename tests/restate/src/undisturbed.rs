//! A deletion that nothing disturbs, in one process, to compare disturbed runs with.

use std::collections::BTreeSet;
use std::process::Child;

use iaas_audit::{Before, Pairs};
use serde_json::Value;

use crate::cloud::{self, Cloud, LIMIT};
use crate::process::{output, text};
use crate::{Environment, ensure};

/// The result of a deletion by one process.
pub(crate) struct Undisturbed {
    /// The cloud before the deletion.
    pub(crate) seeded: Cloud,
    pub(crate) before: Before,
    /// The commands that agents received.
    pub(crate) commands: BTreeSet<String>,
    report: Value,
    rows: Vec<String>,
    pairs: Pairs,
}

impl Undisturbed {
    pub(crate) fn run(environment: &Environment, vms: usize) -> Result<Self, String> {
        let seeded = Cloud::seed(&environment.iaas, environment.directory.join("seeded"), vms)?;
        let before = seeded.prepare_audit()?;
        let alone = seeded.copy(environment.directory.join("alone"))?;
        let report =
            alone.run(&["--agent-log", "agents.log", "delete", "Zone", "zone-1", "--yes", "--json"])?;
        let (commands, pairs) = (alone.commands(), alone.ordered_pairs(&before)?);
        ensure(pairs.agents >= 100 && pairs.inventory >= 1000, || {
            format!("too few pairs to prove the order: {pairs:?}")
        })?;
        let (report, rows) = (cloud::report(&report)?, alone.rows()?);
        Ok(Self { seeded, before, report, rows, commands: commands.into_iter().collect(), pairs })
    }

    /// An error unless a disturbed run left the same inventory and commands, in the same order. Returns the number of
    /// repeated commands, and the number of pairs in order in both logs.
    pub(crate) fn compare(&self, cloud: &Cloud) -> Result<(usize, usize), String> {
        let all = cloud.commands();
        let commands: BTreeSet<String> = all.iter().cloned().collect();
        ensure(commands == self.commands, || String::from("agents received other commands"))?;
        ensure(cloud.rows()? == self.rows, || String::from("the inventory differs"))?;
        let pairs = cloud.ordered_pairs(&self.before)?;
        ensure(pairs == self.pairs, || format!("{pairs:?} instead of {:?}", self.pairs))?;
        Ok((all.len() - commands.len(), pairs.agents + pairs.inventory))
    }

    /// An error unless the client succeeds and prints the same report.
    pub(crate) fn compare_report(&self, client: Child) -> Result<(), String> {
        let output = output(client, LIMIT)?;
        ensure(output.status.success(), || format!("the run failed: {}", text(&output)))?;
        let report = cloud::report(&String::from_utf8_lossy(&output.stdout))?;
        ensure(report == self.report, || format!("the reports differ:\n{report}\n{}", self.report))
    }
}
