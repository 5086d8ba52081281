//! What a finder found when it was asked again, with something new in it.

use std::collections::BTreeSet;

use crate::affected::Affected;
use crate::graph::EdgeRoute;
use crate::handler::DynFound;

/// What a finder found along one edge when it was asked again, with something new in it.
pub(crate) struct LateDependents {
    pub(crate) edge: usize,
    pub(crate) route: EdgeRoute,
    /// The parents that were asked about, sorted.
    pub(crate) asked: Vec<u32>,
    pub(crate) found: Box<dyn DynFound>,
    /// Those of them that something new hangs off.
    pub(crate) parents: BTreeSet<u32>,
    /// All that is new there is in the plan, and goes.
    pub(crate) goes_too: bool,
    /// Some of what is new, for people.
    pub(super) examples: Vec<String>,
    pub(super) count: usize,
}

/// LateDependents that are named in an error, at most.
pub(super) const EXAMPLES: usize = 5;

impl LateDependents {
    /// The difference in words.
    pub(crate) fn describe(&self, affected: &Affected) -> String {
        let child = affected.resource_name(affected.graph.edges[self.edge].child);
        let more = if self.count > self.examples.len() { ", …" } else { "" };
        format!("{} {child} came since the plan was made: {}{more}", self.count, self.examples.join(", "))
    }
}
