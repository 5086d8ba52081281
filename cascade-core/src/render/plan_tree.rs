//! The tree of a plan, line by line, for texts and pages.
//!
//! Each resource unfolds once, on the first line with removed instances that is not too deep: below it are the dependents
//! of all removed instances of the resource. A line whose instances all stay has nothing below it. Each further line has
//! only the count along its edge, so that the output grows with the number of edges, not of paths.

use std::collections::VecDeque;
use std::fmt;

use super::number::Count;
use crate::affected::Affected;
use crate::ids::{EdgeIx, Index, Indexed, InstanceIx, ResourceIx};

/// The greatest depth of a line. The dependents of a resource at this depth follow in a block of their own at depth 0, so
/// that a line has a bounded indent, and a page a bounded nesting.
const MAX_DEPTH: usize = 16;

/// A line of the tree.
pub(super) struct TreeLine {
    pub(super) depth: usize,
    /// Whether it is the last line at its depth below its parent.
    pub(super) is_last: bool,
    /// Whether lines follow below it.
    #[cfg_attr(not(feature = "document"), expect(dead_code, reason = "only pages need it"))]
    pub(super) is_open: bool,
    pub(super) resource: ResourceIx,
    /// The edge along which the instances were found; `None` for the roots.
    edge: Option<EdgeIx>,
    /// The number of instances along the edge.
    pub(super) count: usize,
    /// The effects on these instances.
    pub(super) effects: String,
    /// Whether all of these instances are retained.
    #[cfg_attr(not(feature = "document"), expect(dead_code, reason = "only pages need it"))]
    pub(super) all_retained: bool,
    pub(super) note: Option<Note>,
}

impl TreeLine {
    /// The resource, with the role of the edge.
    pub(super) fn name(&self, affected: &Affected) -> String {
        let resource = affected.resource_name(self.resource);
        match self.edge.and_then(|edge| affected.graph.edges[edge].role.as_ref()) {
            Some(role) => format!("{resource} ({role})"),
            None => resource.to_owned(),
        }
    }
}

/// Where the dependents of a line are, if they are not simply below it.
#[derive(Clone, Copy)]
pub(super) enum Note {
    /// An earlier line has the dependents of the resource.
    Above,
    /// A later line has the dependents of the resource.
    Below,
    /// An earlier line was too deep: this one continues it.
    Continues,
    /// Below the line are the dependents of this many removed instances. The line has others as well, or not all of them.
    DependentsOf(usize),
}

impl fmt::Display for Note {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Above => f.write_str("(continued above)"),
            Self::Below => f.write_str("(continued below)"),
            Self::Continues => f.write_str("(from above)"),
            Self::DependentsOf(removed) => write!(f, "(dependents of the {} removed)", Count(*removed)),
        }
    }
}

/// All lines of the tree, from the top.
pub(super) fn tree_lines(affected: &Affected) -> Vec<TreeLine> {
    let going = affected.columns.indices().map(|resource| going(affected, resource)).collect();
    let unfolding = Indexed::like(&affected.columns, || Unfolding::Pending);
    let mut tree = Tree { affected, going, unfolding, deferred: VecDeque::new(), lines: Vec::new() };
    for (root, count) in affected.roots() {
        let roots: Vec<InstanceIx> = InstanceIx::all(count as usize).collect();
        tree.add_block(tree.group(root.resource, None, &roots), false);
    }
    while let Some(group) = tree.deferred.pop_front() {
        // A line that is not too deep may have unfolded it since.
        if matches!(tree.unfolding[group.resource], Unfolding::Deferred) {
            tree.add_block(group, true);
        }
    }
    tree.lines
}

/// For each instance of a resource, whether it is removed.
fn going(affected: &Affected, resource: ResourceIx) -> Vec<bool> {
    let column = &affected.columns[resource];
    InstanceIx::all(column.len()).map(|index| affected.is_going(resource, index)).collect()
}

struct Tree<'a> {
    affected: &'a Affected,
    /// For each instance, whether it is removed.
    going: Indexed<ResourceIx, Vec<bool>>,
    unfolding: Indexed<ResourceIx, Unfolding>,
    /// The groups that were too deep to unfold.
    deferred: VecDeque<Group>,
    lines: Vec<TreeLine>,
}

/// Whether the dependents of a resource are in the tree already.
enum Unfolding {
    Pending,
    /// No removed instance has a dependent.
    Nothing,
    /// All lines so far are too deep.
    Deferred,
    Done,
}

/// The instances of a resource along one edge.
#[derive(Clone)]
struct Group {
    resource: ResourceIx,
    edge: Option<EdgeIx>,
    count: usize,
    /// How many of them are removed.
    going: usize,
    effects: String,
    all_retained: bool,
}

impl Tree<'_> {
    /// Adds the lines of a group and of all that unfolds below it.
    fn add_block(&mut self, top: Group, continues: bool) {
        // An explicit stack: recursion could overflow on a chain of thousands of resources.
        let mut open = vec![vec![top].into_iter()];
        while let Some(siblings) = open.last_mut() {
            let Some(group) = siblings.next() else {
                open.pop();
                continue;
            };
            let is_last = siblings.len() == 0;
            let depth = open.len() - 1;
            let (mut note, dependents) = self.unfold(&group, depth);
            if continues && depth == 0 {
                note = note.or(Some(Note::Continues));
            }
            let Group { resource, edge, count, effects, all_retained, .. } = group;
            let is_open = !dependents.is_empty();
            self.lines.push(TreeLine {
                depth,
                is_last,
                is_open,
                resource,
                edge,
                count,
                effects,
                all_retained,
                note,
            });
            if is_open {
                open.push(dependents.into_iter());
            }
        }
    }

    /// The groups to show below a group, and a note.
    fn unfold(&mut self, group: &Group, depth: usize) -> (Option<Note>, Vec<Group>) {
        let resource = group.resource;
        if group.going == 0 {
            return (None, Vec::new());
        }
        match self.unfolding[resource] {
            Unfolding::Nothing => return (None, Vec::new()),
            Unfolding::Done => return (Some(Note::Above), Vec::new()),
            Unfolding::Deferred if depth == MAX_DEPTH => return (Some(Note::Below), Vec::new()),
            Unfolding::Pending | Unfolding::Deferred => {}
        }
        let dependents = self.dependents(resource);
        if dependents.is_empty() {
            self.unfolding[resource] = Unfolding::Nothing;
            return (None, dependents);
        }
        if depth == MAX_DEPTH {
            self.unfolding[resource] = Unfolding::Deferred;
            self.deferred.push_back(group.clone());
            return (Some(Note::Below), Vec::new());
        }
        self.unfolding[resource] = Unfolding::Done;
        let removed = self.going[resource].iter().filter(|&&is_going| is_going).count();
        let is_exact = group.going == group.count && group.going == removed;
        ((!is_exact).then_some(Note::DependentsOf(removed)), dependents)
    }

    /// What depends on the removed instances of a resource, edge by edge.
    fn dependents(&self, resource: ResourceIx) -> Vec<Group> {
        let graph = &self.affected.graph;
        let edges = graph.by_declaration(&graph.resources[resource].down);
        let reached = edges.map(|copies| (copies[0], self.reached_along_any(copies)));
        let reached = reached.filter(|(_, instances)| !instances.is_empty());
        let child = |edge: EdgeIx| graph.edges[edge].child;
        reached.map(|(edge, instances)| self.group(child(edge), Some(edge), &instances)).collect()
    }

    /// Like [`reached_along`](Self::reached_along), for the copies of an edge.
    fn reached_along_any(&self, copies: &[EdgeIx]) -> Vec<InstanceIx> {
        let mut reached: Vec<InstanceIx> = copies.iter().flat_map(|&edge| self.reached_along(edge)).collect();
        if copies.len() > 1 {
            reached.sort_unstable();
            reached.dedup();
        }
        reached
    }

    /// The affected and retained instances that depend on removed instances along an edge, each once.
    fn reached_along(&self, edge: EdgeIx) -> Vec<InstanceIx> {
        let of_edge = &self.affected.graph.edges[edge];
        let going = &self.going[of_edge.parent];
        let child = &self.affected.columns[of_edge.child];
        let mut reached = self.affected.arcs[edge].children_of(|parent| going[parent.position()]);
        reached.retain(|&index| child.is_affected(index) || child.is_retained(index));
        reached
    }

    fn group(&self, resource: ResourceIx, edge: Option<EdgeIx>, instances: &[InstanceIx]) -> Group {
        let column = &self.affected.columns[resource];
        let going = &self.going[resource];
        Group {
            resource,
            edge,
            count: instances.len(),
            going: instances.iter().filter(|index| going[index.position()]).count(),
            effects: effect_counts(self.affected, resource, instances),
            all_retained: instances.iter().all(|&index| column.is_retained(index)),
        }
    }
}

/// The effects on these instances: the name alone if all instances get the same effect, otherwise each with its count.
fn effect_counts(affected: &Affected, resource: ResourceIx, instances: &[InstanceIx]) -> String {
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
