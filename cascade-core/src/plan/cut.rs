//! The cuts of a plan: where the order of a cycle is given up.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::affected::{Affected, ArcRef};
use crate::ids::{InstanceIx, ResourceIx};
use crate::model::InstanceName;

/// The most cuts that a message lists.
const LISTED: usize = 5;

/// An arc that closes a cycle of instances. The order leaves it out: the parent does not wait for the child.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct CutSummary {
    /// The parent.
    pub parent: InstanceName,
    /// The child.
    pub child: InstanceName,
    /// The role of the edge; `None` if it has none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub role: Option<String>,
    /// Whether the parent still waits for all that depends on the child, and only not for the end of the child itself:
    /// the child is removed with another parent, which waits for this one.
    pub end_only: bool,
    /// Whether the edge is declared as one whose order may be given up: then a run need not allow the cut.
    pub may_cut: bool,
}

impl fmt::Display for CutSummary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { parent, child, role, .. } = self;
        write!(f, "{parent} → {child}")?;
        role.as_ref().map_or(Ok(()), |role| write!(f, " ({role})"))
    }
}

/// The cuts of a plan, sorted by resources and ids.
pub(crate) fn cuts(affected: &Affected) -> Vec<CutSummary> {
    let cuts = affected.cut_by_ids().into_iter().map(|(arc, end_only)| summary(affected, arc, end_only));
    let mut cuts: Vec<CutSummary> = cuts.collect();
    // The same arc can be cut for several root resources.
    cuts.dedup();
    cuts
}

/// The cuts that a run has to allow: those that are neither [`end_only`](CutSummary::end_only) nor declared with
/// [`may_cut`](CutSummary::may_cut).
pub(crate) fn cuts_to_allow(affected: &Affected) -> Vec<CutSummary> {
    cuts(affected).into_iter().filter(|cut| !cut.end_only && !cut.may_cut).collect()
}

/// The cuts that a run has to allow, and that an earlier plan did not need. `same` returns the index of an instance in the
/// earlier plan.
pub(crate) fn new_cuts(
    known: &Affected,
    affected: &Affected,
    same: impl Fn(ResourceIx, InstanceIx) -> Option<InstanceIx>,
) -> Vec<CutSummary> {
    let is_known = |arc: ArcRef| {
        let edge = &affected.graph.edges[arc.edge];
        let (parent, child) = (same(edge.parent, arc.parent), same(edge.child, arc.child));
        let Some((parent, child)) = parent.zip(child) else { return false };
        // The arc may have been cut for another root resource.
        let mut copies = affected.graph.copies_of(arc.edge);
        copies.any(|edge| known.cycles.cut.binary_search(&ArcRef { edge, parent, child }).is_ok())
    };
    let cuts = affected.cut_by_ids().into_iter();
    let new = cuts.filter(|&(arc, end_only)| !end_only && affected.has_to_allow(arc) && !is_known(arc));
    let mut new: Vec<CutSummary> = new.map(|(arc, end_only)| summary(affected, arc, end_only)).collect();
    // The same arc can be cut for several root resources.
    new.dedup();
    new
}

fn summary(affected: &Affected, arc: ArcRef, end_only: bool) -> CutSummary {
    let edge = &affected.graph.edges[arc.edge];
    let (parent, child) = (affected.name(edge.parent, arc.parent), affected.name(edge.child, arc.child));
    let role = edge.role.as_ref().map(ToString::to_string);
    CutSummary { parent, child, role, end_only, may_cut: edge.may_cut }
}

/// The first cuts, for messages.
pub(crate) fn listed(cuts: &[CutSummary]) -> String {
    let first: Vec<String> = cuts.iter().take(LISTED).map(ToString::to_string).collect();
    let more = if cuts.len() > LISTED { format!(" and {} more", cuts.len() - LISTED) } else { String::new() };
    format!("{}{more}", first.join(", "))
}
