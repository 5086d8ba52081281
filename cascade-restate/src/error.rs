//! What can go wrong between a client and a run.

use cascade_core::remote::GraphDifference;
use cascade_core::{ApplyError, PlanError, RunId};

/// Why something could not be asked of Restate, or was refused by a worker.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RestateError {
    /// The address is none.
    #[error(
        "`{address}` is no address of Restate: write `http://`, the host and the port, as in http://127.0.0.1:8080"
    )]
    Address {
        /// What was given.
        address: String,
    },
    /// Nobody answers.
    #[error(
        "Restate does not answer at {address}: is it running there? A run that was started goes on without this program ({cause})"
    )]
    Unreachable {
        /// The address.
        address: String,
        /// What happened.
        cause: String,
    },
    /// No registered worker has what this program has.
    #[error(
        "no worker that is registered with Restate at {address} has the same extensions as this program: {difference}"
    )]
    Differs {
        /// The address.
        address: String,
        /// In what the newest worker differs.
        difference: Box<GraphDifference>,
    },
    /// There is no worker.
    #[error("no worker of this kind is registered with Restate at {address}: start one, and register it")]
    NoWorker {
        /// The address.
        address: String,
    },
    /// There is no plan.
    #[error(transparent)]
    Plan(#[from] PlanError),
    /// The plan was not applied: nothing was changed.
    #[error(transparent)]
    Apply(#[from] ApplyError),
    /// A worker did not start the run: nothing was changed.
    #[error("run {run} was not started, nothing was changed: {reason}")]
    Refused {
        /// The run.
        run: RunId,
        /// Why not.
        reason: String,
    },
    /// No run has that id, or it was forgotten.
    #[error("Restate at {address} knows no run {run}: ended runs are forgotten after some days")]
    UnknownRun {
        /// The address.
        address: String,
        /// The id.
        run: RunId,
    },
    /// A run of that id is there already, with another plan.
    #[error("run {run} is there already, and is of another plan: give this one an id of its own")]
    OtherPlan {
        /// The run.
        run: RunId,
    },
    /// Restate or a worker answered something else than was asked.
    #[error("Restate at {address} answered {what}")]
    Answer {
        /// The address.
        address: String,
        /// What it answered.
        what: String,
    },
    /// What came back does not fit this program.
    #[error("run {run} cannot be read: {what}")]
    Unreadable {
        /// The run.
        run: RunId,
        /// What does not fit.
        what: String,
    },
}
