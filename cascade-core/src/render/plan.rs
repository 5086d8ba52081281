//! Prints a plan as a tree with counts and effects.

use std::fmt;

use super::number::Count;
use super::plan_tree::{TreeLine, tree_lines};
use crate::affected::Affected;
use crate::graph::RootRoute;
use crate::ids::{Index, InstanceIx};
use crate::model::Printed;
use crate::plan::{CutSummary, Plan, PlanVeto};

/// The maximum number of listed vetoes, denials and cut arcs. Further ones are only counted.
const MAX_LISTED: usize = 20;

impl fmt::Display for Plan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let affected = &*self.affected;
        let operation = affected.operation.descriptor().name();
        let resources = affected.resources().count();
        writeln!(
            f,
            "{operation} {}: {} {} of {resources} {}",
            roots(affected),
            Count(self.len()),
            plural(self.len(), "instance"),
            plural(resources, "resource"),
        )?;
        print_tree(affected, f)?;
        print_cut(self, f)?;
        print_objections(self.vetoes(), "veto", "vetoes", f)?;
        print_objections(self.denials(), "denial", "denials", f)
    }
}

/// The root resources, each with the ids of its first roots.
pub(super) fn roots(affected: &Affected) -> String {
    let of_resource = |(root, count): (RootRoute, u32)| {
        let count = count as usize;
        let shown: Vec<String> = InstanceIx::all(count)
            .take(3)
            .map(|index| Printed(affected.display(root.resource, index)).to_string())
            .collect();
        let more = count - shown.len();
        let more = if more > 0 { format!(" and {} more", Count(more)) } else { String::new() };
        format!("{} {}{more}", affected.resource_name(root.resource), shown.join(", "))
    };
    affected.roots().map(of_resource).collect::<Vec<_>>().join("; ")
}

fn plural(count: usize, word: &str) -> String {
    if count == 1 { word.to_owned() } else { format!("{word}s") }
}

/// A line of the tree: the branch with the resource, the count, and the effects.
struct PlanLine {
    tree: String,
    count: String,
    effects: String,
}

fn print_tree(affected: &Affected, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    let lines = plan_lines(affected);
    let tree_width = lines.iter().map(|line| line.tree.chars().count()).max().unwrap_or(0);
    let count_width = lines.iter().map(|line| line.count.len()).max().unwrap_or(0);
    for PlanLine { tree, count, effects } in &lines {
        writeln!(f, "{tree:<tree_width$}  {count:>count_width$}  {effects}")?;
    }
    Ok(())
}

fn plan_lines(affected: &Affected) -> Vec<PlanLine> {
    // What the lines below a line begin with, for each open depth below the first.
    let mut indents: Vec<&str> = Vec::new();
    let line_of = |line: TreeLine| {
        let name = line.name(affected);
        let TreeLine { depth, is_last, count, mut effects, note, .. } = line;
        indents.truncate(depth.saturating_sub(1));
        let mut tree = indents.concat();
        if depth > 0 {
            let (branch, below) = if is_last { ("└── ", "    ") } else { ("├── ", "│   ") };
            tree.push_str(branch);
            indents.push(below);
        }
        tree.push_str(&name);
        if let Some(note) = note {
            effects = format!("{effects}  {note}");
        }
        PlanLine { tree, count: Count(count).to_string(), effects }
    };
    tree_lines(affected).into_iter().map(line_of).collect()
}

/// The note on a cut arc: that its parent waits for the child's dependents, but not for the child's own completion; or
/// that nobody has to allow it.
pub(crate) fn note_on(arc: &CutSummary) -> &'static str {
    match arc {
        CutSummary { end_only: true, .. } => {
            " (completion only: the child completes later, with another parent)"
        }
        CutSummary { may_cut: true, .. } => " (declared with `may_cut`)",
        _ => "",
    }
}

fn print_cut(plan: &Plan, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    let cut = plan.cut();
    if cut.is_empty() {
        return Ok(());
    }
    let count = cut.len();
    writeln!(f, "{} {} a cycle, left out of the order:", Count(count), closes_or_close(count))?;
    for arc in cut.iter().take(MAX_LISTED) {
        writeln!(f, "  {arc}{}", note_on(arc))?;
    }
    print_rest(count, f)
}

fn closes_or_close(count: usize) -> &'static str {
    if count == 1 { "arc closes" } else { "arcs close" }
}

fn print_objections(
    vetoes: &[PlanVeto],
    singular: &str,
    plural: &str,
    f: &mut fmt::Formatter<'_>,
) -> fmt::Result {
    if vetoes.is_empty() {
        return Ok(());
    }
    let word = if vetoes.len() == 1 { singular } else { plural };
    writeln!(f, "{} {word}:", Count(vetoes.len()))?;
    for veto in vetoes.iter().take(MAX_LISTED) {
        writeln!(f, "  {veto}")?;
    }
    print_rest(vetoes.len(), f)
}

fn print_rest(count: usize, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    if count > MAX_LISTED { writeln!(f, "  and {} more", Count(count - MAX_LISTED)) } else { Ok(()) }
}
