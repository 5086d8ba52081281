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
mod error;
mod journal;
mod memory;
mod record;
mod recorded;
mod replan;
mod restore;
mod run;

pub(crate) use chunks::chunks;
pub use details::{RunDetails, StepTotals, UnderWay};
pub use error::JournalError;
pub use journal::{Journal, RunLog};
pub use memory::MemoryJournal;
pub use record::{
    BlockChunk, FailedInstance, InstanceChunk, InstanceKind, Overridden, PairChunk, Record, Replanned,
    RunChange, RunEnd, RunStart, StepBegun, StepEnded,
};
pub(crate) use recorded::Recorded;
pub(crate) use replan::{carry_over, gone};
pub(crate) use restore::{History, history, restored};
pub use run::{NewRun, RunInfo, RunState};
