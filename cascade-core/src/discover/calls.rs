//! The calls of finders: which parents each is about, and the answers that wait for their turn.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;

use super::Discovery;
use crate::call::CallError;
use crate::found::DynFound;
use crate::route::EdgeRoute;

/// A call that is to be made: an edge's finder about some of the parents to expand.
pub(super) struct Call {
    pub(super) edge: usize,
    pub(super) route: EdgeRoute,
    pub(super) number: u32,
    pub(super) frontier: Arc<Vec<u32>>,
    pub(super) range: Range<usize>,
}

impl Call {
    pub(super) fn asked(&self) -> &[u32] {
        &self.frontier[self.range.clone()]
    }
}

pub(super) type Answer = (Call, Result<Box<dyn DynFound>, CallError>);

/// The answers along one edge that wait for their turn.
#[derive(Default)]
pub(super) struct Inbox {
    /// How many answers there will be, once that is known.
    pub(super) expected: Option<u32>,
    pub(super) taken: u32,
    pub(super) waiting: BTreeMap<u32, (Call, Box<dyn DynFound>)>,
}

impl Inbox {
    pub(super) fn take_next(&mut self) -> Option<(Call, Box<dyn DynFound>)> {
        let next = self.waiting.remove(&self.taken)?;
        self.taken += 1;
        Some(next)
    }

    pub(super) fn is_complete(&self) -> bool {
        self.expected == Some(self.taken)
    }
}

impl Discovery<'_> {
    /// Parents in the order in which they are asked about. Where they take several calls, these part them by their ids,
    /// so that it does not show in which order finders answered. They come sorted, and are so within each call.
    pub(super) fn in_calls(&self, resource: usize, frontier: Vec<u32>) -> Arc<Vec<u32>> {
        let batch = self.settings.batch;
        if frontier.len() <= batch {
            return Arc::new(frontier);
        }
        Arc::new(self.columns[resource].ids.in_parts(frontier, batch))
    }
}
