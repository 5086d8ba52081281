//! The journal: the durable log of a run. A run can be resumed from it after its process has died.
//!
//! A run is an append-only list of [`Record`]s. The engine keeps these orderings:
//!
//! 1. The plan (in chunks) and then [`Record::Started`] with the confirmation are durable before the first step starts.
//! 2. The [`Record::StepEnded`] of a step is durable before any step starts that waits for an instance of that step,
//!    and before any report says that the instance is done.
//! 3. Late dependents, which join the plan during the run, are durable before a step on any of them starts.
//! 4. Departures, which change the plan during the run, are durable before a further step starts.
//! 5. [`Record::Ended`] is durable before the run returns its report.
//!
//! [`Record::StepBegun`] is written when the step starts, but the step does not wait for it. It shows which steps were
//! in progress. A resumed run treats every step that *may* have been in progress as a repeat, recorded or not.
//!
//! A failed write stops the run: no new step starts, and the report does not count unrecorded results as done.

mod chunks;
mod departure;
mod details;
mod error;
mod journal;
mod memory;
mod record;
mod recorded;
mod replan;
mod restore;
mod run;
mod run_change;
mod stored;

pub(crate) use chunks::chunks;
pub(crate) use departure::departure;
pub use details::{RunDetails, StepTotals, UnderWay};
pub use error::JournalError;
pub use journal::{Journal, RunLog};
pub use memory::MemoryJournal;
pub use record::{
    BlockChunk, Departed, DepartedInstance, FailedInstance, FurtherRoots, InstanceChunk, InstanceKind,
    LeftInstance, MayHaveBegun, Overridden, PairChunk, Record, Replanned, RunEnd, RunStart, StepBegun,
    StepEnded,
};
pub(crate) use recorded::Recorded;
pub(crate) use replan::{carry_over, missing_resources};
pub(crate) use restore::{History, history, restored, root_resources};
pub use run::{NewRun, RunInfo, RunRoots, RunState};
pub use run_change::RunChange;
