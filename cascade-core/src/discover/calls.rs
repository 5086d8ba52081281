//! The calls of finders, and the queues of their answers.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;

use crate::graph::EdgeRoute;
use crate::handler::DynFound;
use crate::ids::{EdgeIx, InstanceIx};
use crate::model::CallError;

/// A call of an edge's finder for a batch of the parents that are expanded.
pub(super) struct FinderCall {
    pub(super) edge: EdgeIx,
    pub(super) route: EdgeRoute,
    /// Counts the calls along the edge: answers are processed in this order.
    pub(super) number: u32,
    /// The parents of this call and of its sibling calls.
    pub(super) frontier: Arc<Vec<InstanceIx>>,
    /// The part of `frontier` that this call is about.
    pub(super) range: Range<usize>,
}

impl FinderCall {
    /// The parents that this call is about.
    pub(super) fn asked(&self) -> &[InstanceIx] {
        &self.frontier[self.range.clone()]
    }
}

pub(super) type FinderAnswer = (FinderCall, Result<Box<dyn DynFound>, CallError>);

/// The answers along one edge that are not processed yet.
#[derive(Default)]
pub(super) struct Inbox {
    /// The number of answers, once it is known.
    pub(super) expected: Option<u32>,
    /// How many answers have been processed.
    pub(super) processed: u32,
    pub(super) waiting: BTreeMap<u32, (FinderCall, Box<dyn DynFound>)>,
}

impl Inbox {
    pub(super) fn take_next(&mut self) -> Option<(FinderCall, Box<dyn DynFound>)> {
        let next = self.waiting.remove(&self.processed)?;
        self.processed += 1;
        Some(next)
    }

    pub(super) fn is_complete(&self) -> bool {
        self.expected == Some(self.processed)
    }
}
