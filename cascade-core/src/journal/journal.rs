//! The interfaces that a journal implements.

use futures_util::future::BoxFuture;

use super::error::JournalError;
use super::record::Record;
use super::run::{NewRun, RunInfo};
use crate::model::RunId;

/// Stores runs. A journal holds many runs; each has at most one owner at a time, and only the owner writes it.
///
/// The methods return boxed futures, so that a program can choose its journal at run time.
/// [`MemoryJournal`](super::MemoryJournal) is for tests; `cascade-sqlite` has a durable journal.
pub trait Journal: Send + Sync + 'static {
    /// Creates a run. The caller owns it.
    ///
    /// # Errors
    ///
    /// [`JournalError::RunExists`] if the journal already has a run with this id.
    fn create(&self, run: NewRun) -> BoxFuture<'_, Result<Box<dyn RunLog>, JournalError>>;

    /// Takes ownership of a run that has no owner, or whose owner has died. If several processes try at once, one
    /// succeeds.
    ///
    /// # Errors
    ///
    /// [`JournalError::Owned`] while the run has a live owner.
    fn take_over<'a>(&'a self, run: &'a RunId) -> BoxFuture<'a, Result<Box<dyn RunLog>, JournalError>>;

    /// Returns at most `limit` records of a run with their positions, oldest first, starting behind the position
    /// `after` (0 for all). Positions increase and may have gaps.
    fn read<'a>(
        &'a self,
        run: &'a RunId,
        after: u64,
        limit: usize,
    ) -> BoxFuture<'a, Result<Vec<(u64, Record)>, JournalError>>;

    /// Returns all runs, oldest first.
    fn runs(&self) -> BoxFuture<'_, Result<Vec<RunInfo>, JournalError>>;

    /// Returns the summary of one run.
    ///
    /// # Errors
    ///
    /// [`JournalError::UnknownRun`] if the journal has no such run.
    fn run<'a>(&'a self, run: &'a RunId) -> BoxFuture<'a, Result<RunInfo, JournalError>>;

    /// Deletes the runs that ended more than `age` ago, and returns how many. Never deletes a run that has not ended.
    fn forget_ended(&self, age: std::time::Duration) -> BoxFuture<'_, Result<u64, JournalError>>;
}

/// The owner's handle for writing a run. Dropping it releases the run, so that another process can take it over at once.
pub trait RunLog: Send + Sync + 'static {
    /// Appends the records, in the order of the calls. The future resolves once they are durable: all of them or none.
    /// They are written even if the future is dropped.
    ///
    /// After a failed write, the log refuses all further writes with the same error, so that a run has no gaps. An empty
    /// list writes no record, and checks that this process still owns the run.
    fn append(&self, records: Vec<Record>) -> BoxFuture<'static, Result<(), JournalError>>;

    /// Returns `true` if this process certainly still owns the run, by its own clock. After a long suspension of the
    /// process it returns `false` until an [`append`](Self::append) has confirmed the ownership.
    fn is_held(&self) -> bool;
}
