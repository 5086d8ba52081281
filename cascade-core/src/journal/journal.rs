//! The interface of a journal.

use futures_util::future::BoxFuture;

use super::error::JournalError;
use super::record::Record;
use super::run::{NewRun, RunInfo};
use crate::model::RunId;

/// Keeps runs. Many in one journal, each written by one owner at a time.
///
/// Methods answer boxed futures, so that a journal can be chosen at run time. [`MemoryJournal`] is one for tests;
/// `cascade-sqlite` has one that survives.
pub trait Journal: Send + Sync + 'static {
    /// Begins a run, owned by the caller. A run of that id that is there already is an error.
    fn create(&self, run: NewRun) -> BoxFuture<'_, Result<Box<dyn RunLog>, JournalError>>;

    /// Becomes the owner of a run that nobody owns, or whose owner is gone. While the owner is there:
    /// [`JournalError::Owned`]. Of several that try at once, one succeeds.
    fn take_over<'a>(&'a self, run: &'a RunId) -> BoxFuture<'a, Result<Box<dyn RunLog>, JournalError>>;

    /// The records of a run behind the position `after` (0 for all), oldest first, at most `limit`, each with its
    /// position. Positions grow, and may have gaps.
    fn read<'a>(
        &'a self,
        run: &'a RunId,
        after: u64,
        limit: usize,
    ) -> BoxFuture<'a, Result<Vec<(u64, Record)>, JournalError>>;

    /// All runs, the oldest first.
    fn runs(&self) -> BoxFuture<'_, Result<Vec<RunInfo>, JournalError>>;

    /// What is known of one run. No such run: [`JournalError::UnknownRun`].
    fn run<'a>(&'a self, run: &'a RunId) -> BoxFuture<'a, Result<RunInfo, JournalError>>;

    /// Forgets the runs that ended longer than `age` ago; answers how many. What has not ended is never forgotten.
    fn forget_ended(&self, age: std::time::Duration) -> BoxFuture<'_, Result<u64, JournalError>>;
}

/// The right to write a run. Dropping it gives that up, so that others can take the run over at once.
pub trait RunLog: Send + Sync + 'static {
    /// Takes the records, in the order of the calls; the future answers once they are durable, all of them or none. They
    /// are written also if nobody awaits it.
    ///
    /// After an error nothing more is written by this log, and every later call fails with the same error: a run has no
    /// gaps. Taking no records makes sure that the run is still owned.
    fn append(&self, records: Vec<Record>) -> BoxFuture<'static, Result<(), JournalError>>;

    /// Whether the run is certainly still owned, as far as the owner's own clock tells. An owner that was stopped for
    /// long answers `false` when it wakes, until an [`append`](Self::append) has told it.
    fn is_held(&self) -> bool;
}
