//! The calls of finders: which parents each is about, and the answers that wait for their turn.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;

use crate::graph::EdgeRoute;
use crate::handler::DynFound;
use crate::model::CallError;

/// A call that is to be made: an edge's finder about some of the parents to expand.
pub(super) struct FinderCall {
    pub(super) edge: usize,
    pub(super) route: EdgeRoute,
    pub(super) number: u32,
    pub(super) frontier: Arc<Vec<u32>>,
    pub(super) range: Range<usize>,
}

impl FinderCall {
    pub(super) fn asked(&self) -> &[u32] {
        &self.frontier[self.range.clone()]
    }
}

pub(super) type FinderAnswer = (FinderCall, Result<Box<dyn DynFound>, CallError>);

/// The answers along one edge that wait for their turn.
#[derive(Default)]
pub(super) struct Inbox {
    /// How many answers there will be, once that is known.
    pub(super) expected: Option<u32>,
    pub(super) taken: u32,
    pub(super) waiting: BTreeMap<u32, (FinderCall, Box<dyn DynFound>)>,
}

impl Inbox {
    pub(super) fn take_next(&mut self) -> Option<(FinderCall, Box<dyn DynFound>)> {
        let next = self.waiting.remove(&self.taken)?;
        self.taken += 1;
        Some(next)
    }

    pub(super) fn is_complete(&self) -> bool {
        self.expected == Some(self.taken)
    }
}
