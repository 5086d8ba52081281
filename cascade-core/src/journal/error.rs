//! The errors of a journal.

use std::error::Error;
use std::sync::Arc;

use crate::model::RunId;

/// Why a call of a journal failed. Cheap to clone, because all writes in one transaction share its error.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum JournalError {
    /// The journal has no such run.
    #[error("the journal has no run {run}: list its runs to find the id")]
    UnknownRun {
        /// The requested run.
        run: RunId,
    },
    /// The journal already has a run with this id.
    #[error("the journal already has a run {run}")]
    RunExists {
        /// The run that could not be created.
        run: RunId,
    },
    /// The run has a live owner.
    #[error("run {run} is in progress: {owner} owns it, and renewed its lease {silent_for:.1?} ago")]
    Owned {
        /// The run.
        run: RunId,
        /// The owner.
        owner: String,
        /// The time since the owner last renewed its lease.
        silent_for: std::time::Duration,
    },
    /// Another owner took the run over, because this owner had not renewed its lease.
    #[error(
        "run {run} was taken over by {owner}, because this process had not renewed its lease: this process writes \
         no further records"
    )]
    Lost {
        /// The run.
        run: RunId,
        /// The new owner.
        owner: String,
    },
    /// A record cannot be read.
    #[error("the journal of run {run} cannot be read at position {position}: {what}")]
    Unreadable {
        /// The run.
        run: RunId,
        /// The position of the record.
        position: u64,
        /// What is wrong with the record.
        what: String,
    },
    /// The storage of the journal failed.
    #[error(transparent)]
    Storage(Arc<dyn Error + Send + Sync>),
}

impl JournalError {
    /// Wraps an error of the journal's storage.
    pub fn storage(error: impl Error + Send + Sync + 'static) -> Self {
        Self::Storage(Arc::new(error))
    }
}
