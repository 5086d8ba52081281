//! The requests to the writer thread.

use std::sync::Arc;

use cascade_core::{JournalError, NewRun, Record, RunId};
use tokio::sync::oneshot;

use crate::owned_run::{OwnedRun, Ownership};

/// A change of the file, with the sender of its reply.
pub(crate) enum Request {
    Create {
        run: NewRun,
        reply: Reply<Arc<OwnedRun>>,
    },
    TakeOver {
        run: RunId,
        reply: Reply<Arc<OwnedRun>>,
    },
    Append {
        run: Arc<OwnedRun>,
        records: Vec<Record>,
        reply: Reply<()>,
    },
    Release {
        ownership: Ownership,
    },
    /// Removes one run that ended before a time. Replies whether there was one.
    Forget {
        ended_before: i64,
        reply: Reply<bool>,
    },
}

pub(crate) type Reply<T> = oneshot::Sender<Result<T, JournalError>>;

impl Request {
    /// Whether the change must survive a power failure before its reply. This is so for records that a caller awaits.
    /// Callers do not await the start of a step; and after a power failure no process is left that owns a run.
    pub(crate) fn must_be_synced(&self) -> bool {
        matches!(self, Self::Append { records, reply, .. } if !records.is_empty() && !reply.is_closed())
    }
}
