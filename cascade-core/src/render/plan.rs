//! Prints a plan as a tree with counts and effects.
//!
//! The dependents of a resource are printed where it occurs first. Each further line has only the count along its edge, so
//! that the output grows with the number of edges, not of paths.

use std::fmt;

use super::number::Count;
use crate::affected::Affected;
use crate::ids::{EdgeIx, Indexed, InstanceIx, ResourceIx};
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
        let mut tree =
            TreePrinter { affected, seen: Indexed::like(&affected.columns, || false), lines: Vec::new() };
        tree.add_root();
        tree.print(f)?;
        print_cut(self, f)?;
        print_objections(self.vetoes(), "veto", "vetoes", f)?;
        print_objections(self.denials(), "denial", "denials", f)
    }
}

/// The root resource with the ids of its first roots.
pub(super) fn roots(affected: &Affected) -> String {
    let name = affected.resource_name(affected.route.root);
    let shown: Vec<String> = affected
        .root_instances()
        .take(3)
        .map(|root| Printed(affected.display(affected.route.root, root)).to_string())
        .collect();
    let more = affected.roots as usize - shown.len();
    let more = if more > 0 { format!(" and {} more", Count(more)) } else { String::new() };
    format!("{name} {}{more}", shown.join(", "))
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

struct TreePrinter<'a> {
    affected: &'a Affected,
    seen: Indexed<ResourceIx, bool>,
    lines: Vec<PlanLine>,
}

impl TreePrinter<'_> {
    fn add_root(&mut self) {
        let root = self.affected.route.root;
        let instances: Vec<InstanceIx> = self.affected.root_instances().collect();
        self.add_line(self.affected.resource_name(root).to_owned(), root, &instances, false);
        self.seen[root] = true;
        self.add_children(root, "");
    }

    fn add_children(&mut self, resource: ResourceIx, indent: &str) {
        let edges = &self.affected.graph.resources[resource].down;
        let reached: Vec<(ResourceIx, Vec<InstanceIx>)> = edges
            .iter()
            .map(|&edge| (self.affected.graph.edges[edge].child, self.reached_along(edge)))
            .filter(|(_, instances)| !instances.is_empty())
            .collect();
        let last = reached.len().saturating_sub(1);
        for (at, (child, instances)) in reached.into_iter().enumerate() {
            let (branch, below) = if at == last { ("└── ", "    ") } else { ("├── ", "│   ") };
            let is_repeated = std::mem::replace(&mut self.seen[child], true);
            let tree = format!("{indent}{branch}{}", self.affected.resource_name(child));
            self.add_line(tree, child, &instances, is_repeated && self.has_children(child));
            if !is_repeated {
                self.add_children(child, &format!("{indent}{below}"));
            }
        }
    }

    /// The affected and retained instances that were found along an edge, without duplicates.
    fn reached_along(&self, edge: EdgeIx) -> Vec<InstanceIx> {
        let child = &self.affected.columns[self.affected.graph.edges[edge].child];
        let listed = |&index: &InstanceIx| child.is_affected(index) || child.is_retained(index);
        self.affected.arcs[edge].children().into_iter().filter(listed).collect()
    }

    fn has_children(&self, resource: ResourceIx) -> bool {
        let arcs = |&edge: &EdgeIx| &self.affected.arcs[edge];
        let edges = &self.affected.graph.resources[resource].down;
        edges.iter().map(arcs).any(|arcs| !arcs.is_empty())
    }

    fn add_line(&mut self, tree: String, resource: ResourceIx, instances: &[InstanceIx], shown_above: bool) {
        let mut effects = effect_counts(self.affected, resource, instances);
        if shown_above {
            effects.push_str("  (continued above)");
        }
        self.lines.push(PlanLine { tree, count: Count(instances.len()).to_string(), effects });
    }

    fn print(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let tree_width = self.lines.iter().map(|line| line.tree.chars().count()).max().unwrap_or(0);
        let count_width = self.lines.iter().map(|line| line.count.len()).max().unwrap_or(0);
        for PlanLine { tree, count, effects } in &self.lines {
            writeln!(f, "{tree:<tree_width$}  {count:>count_width$}  {effects}")?;
        }
        Ok(())
    }
}

/// The effects on these instances: the name alone if all instances get the same effect, otherwise each with its count.
pub(super) fn effect_counts(affected: &Affected, resource: ResourceIx, instances: &[InstanceIx]) -> String {
    let mut counts = vec![0_usize; affected.graph.resources[resource].effects.len()];
    let (mut with_parent, mut retained) = (0, 0);
    for &index in instances {
        let effects = affected.effects(resource, index);
        effects.iter().for_each(|effect| counts[effect] += 1);
        let is_retained = affected.columns[resource].is_retained(index);
        retained += usize::from(is_retained);
        with_parent += usize::from(effects.is_empty() && !is_retained);
    }
    let counts = counts.into_iter().enumerate();
    let named = counts.map(|(effect, count)| (affected.effect_name(resource, effect), count));
    let parts: Vec<String> = named
        .chain([("with its parent", with_parent), ("retained", retained)])
        .filter(|&(_, count)| count > 0)
        .map(
            |(name, count)| {
                if count == instances.len() { name.to_owned() } else { format!("{name} {}", Count(count)) }
            },
        )
        .collect();
    parts.join(", ")
}

/// The note on a cut arc whose parent waits for the child's dependents, but not for the child's own completion.
pub(crate) const END_ONLY: &str = " (completion only: the child completes later, with another parent)";

fn print_cut(plan: &Plan, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    let cut = plan.cut();
    if cut.is_empty() {
        return Ok(());
    }
    let count = cut.len();
    writeln!(f, "{} {} a cycle, left out of the order:", Count(count), closes_or_close(count))?;
    for CutSummary { parent, child, end_only } in cut.iter().take(MAX_LISTED) {
        let end = if *end_only { END_ONLY } else { "" };
        writeln!(f, "  {} {} → {} {}{end}", parent.0, Printed(&parent.1), child.0, Printed(&child.1))?;
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
