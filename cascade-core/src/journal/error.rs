//! What can be wrong with a journal.

use std::error::Error;
use std::sync::Arc;

use crate::model::RunId;

/// Why a journal did not do what it was asked. Cheap to clone: writes that share a transaction share its error.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum JournalError {
    /// The journal has no such run.
    #[error("the journal has no run {run}: list its runs to see what there is")]
    UnknownRun {
        /// The run that was asked for.
        run: RunId,
    },
    /// A run of that id is there already.
    #[error("the journal has a run {run} already")]
    RunExists {
        /// The run that was to be created.
        run: RunId,
    },
    /// Somebody else is running it.
    #[error("run {run} is under way: {owner} owns it, and gave a sign of life {silent_for:.1?} ago")]
    Owned {
        /// The run.
        run: RunId,
        /// Who owns it.
        owner: String,
        /// How long ago the owner last renewed its lease.
        silent_for: std::time::Duration,
    },
    /// Somebody else took the run over, while this owner gave no sign of life.
    #[error(
        "run {run} was taken over by {owner} while this process gave no sign of life: it writes nothing more"
    )]
    Lost {
        /// The run.
        run: RunId,
        /// Who took it over.
        owner: String,
    },
    /// What was written cannot be read.
    #[error("the journal of run {run} cannot be read at position {position}: {what}")]
    Unreadable {
        /// The run.
        run: RunId,
        /// The position of the record.
        position: u64,
        /// What is wrong with it.
        what: String,
    },
    /// The medium that the journal is kept on.
    #[error(transparent)]
    Storage(Arc<dyn Error + Send + Sync>),
}

impl JournalError {
    /// An error of the medium.
    pub fn storage(error: impl Error + Send + Sync + 'static) -> Self {
        Self::Storage(Arc::new(error))
    }
}
