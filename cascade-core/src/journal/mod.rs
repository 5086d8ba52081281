//! The journal: what is kept of a run, so that it survives the death of its process.
//!
//! A run is a list of [`Record`]s that only ever grows. What has to be durable before what:
//!
//! 1. the plan (in chunks), and then [`Record::Started`] with the confirmation, before the first step starts;
//! 2. the [`Record::StepEnded`] of a step, before anything starts that waits for an instance of that step, and before
//!    any report says that the instance is done;
//! 3. newcomers of a chase, before a step on any of them starts;
//! 4. [`Record::Ended`], before the run answers with its report.
//!
//! [`Record::StepBegun`] is written when the step starts, but nothing waits for it: it tells people what was under way,
//! and a resumed run takes everything that *may* have been under way for a repeat, recorded or not.
//!
//! A write that fails stops the run: nothing new starts, and what could not be recorded is not reported as done.

mod chunks;
mod details;
mod difference;
mod error;
mod memory;
mod record;
mod recorded;
mod replan;
mod restore;
mod run;

use futures_util::future::BoxFuture;

pub(crate) use chunks::chunks;
pub use details::{RunDetails, StepTotals, UnderWay};
pub use difference::PlanDifference;
pub use error::JournalError;
pub use memory::MemoryJournal;
pub use record::{
    BlockChunk, FailedInstance, InstanceChunk, InstanceKind, Overridden, PairChunk, Record, Replanned,
    RunChange, RunEnd, RunStart, StepBegun, StepEnded,
};
pub(crate) use recorded::Recorded;
pub(crate) use replan::{carry_over, gone};
pub(crate) use restore::{History, affected as restored, history};
pub use run::{NewRun, RunId, RunInfo, RunState, unix_millis};

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
