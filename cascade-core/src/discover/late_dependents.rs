//! Late dependents: children that were found during a run, and that the plan does not have.

use std::collections::BTreeSet;

use crate::affected::Affected;
use crate::graph::EdgeRoute;
use crate::handler::DynFound;
use crate::ids::{EdgeIx, InstanceIx};

/// The answer of a finder that was called again, if it has children that the plan does not have.
pub(crate) struct LateDependents {
    pub(crate) edge: EdgeIx,
    pub(crate) route: EdgeRoute,
    /// The parents that were asked about, sorted.
    pub(crate) asked: Vec<InstanceIx>,
    pub(crate) found: Box<dyn DynFound>,
    /// Those of `asked` that have a late dependent.
    pub(crate) parents: BTreeSet<InstanceIx>,
    /// Whether the plan removes all the late dependents already: only their dependence on these parents is new.
    pub(crate) is_removed: bool,
    /// Whether one of them may join the plan: no effect has left it as it is.
    pub(crate) may_join: bool,
    /// Whether the run has left all of them: their parents must not be removed.
    pub(super) are_left: bool,
    /// The ids of some of them, for messages: of those that the run has not left, if there are any.
    pub(super) examples: Vec<String>,
    /// How many of these there are.
    pub(super) count: usize,
}

/// The maximum number of late dependents that a message names.
pub(super) const EXAMPLES: usize = 5;

impl LateDependents {
    /// The difference from the plan, for messages.
    pub(crate) fn describe(&self, affected: &Affected) -> String {
        let child = affected.resource_name(affected.graph.edges[self.edge].child);
        let more = if self.count > self.examples.len() { ", …" } else { "" };
        let (count, examples) = (self.count, self.examples.join(", "));
        match (self.are_left, count) {
            (false, _) => format!("{count} {child} added since the plan was made: {examples}{more}"),
            (true, 1) => format!("1 {child} that the run left still depends on it: {examples}"),
            (true, _) => format!("{count} {child} that the run left still depend on it: {examples}{more}"),
        }
    }
}
