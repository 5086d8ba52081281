//! The errors of clients and workers.

use cascade_core::remote::GraphDifference;
use cascade_core::{ApplyError, PlanError, RunId};

/// Why a request to Restate failed, or a worker refused it.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RestateError {
    /// The address is not valid.
    #[error(
        "`{address}` is not an address of Restate: write `http://`, the host and the port, as in http://127.0.0.1:8080"
    )]
    Address {
        /// The text that was given.
        address: String,
    },
    /// Restate does not answer.
    #[error(
        "Restate does not answer at {address}: is it running there? A run that was started continues without this program ({cause})"
    )]
    Unreachable {
        /// The address.
        address: String,
        /// The reason.
        cause: String,
    },
    /// No registered worker links the extensions of this program.
    #[error(
        "no worker that is registered with Restate at {address} links the same extensions as this program: {difference}"
    )]
    Differs {
        /// The address.
        address: String,
        /// The difference from the newest worker.
        difference: Box<GraphDifference>,
    },
    /// No worker is registered.
    #[error("no worker for this program is registered with Restate at {address}: start one and register it")]
    NoWorker {
        /// The address.
        address: String,
    },
    /// Planning failed.
    #[error(transparent)]
    Plan(#[from] PlanError),
    /// The plan was not applied. Nothing was changed.
    #[error(transparent)]
    Apply(#[from] ApplyError),
    /// A worker did not start the run. Nothing was changed.
    #[error("run {run} was not started and nothing was changed: {reason}")]
    Refused {
        /// The run.
        run: RunId,
        /// The reason.
        reason: String,
    },
    /// No run has this id, or Restate keeps it no longer.
    #[error("Restate at {address} has no run {run}: a run is removed some days after its end")]
    UnknownRun {
        /// The address.
        address: String,
        /// The id.
        run: RunId,
    },
    /// A run with this id and another plan exists.
    #[error("run {run} exists already, with another plan: give this run another id")]
    OtherPlan {
        /// The run.
        run: RunId,
    },
    /// Restate or a worker answered with an error.
    #[error("Restate at {address} answered {what}")]
    Answer {
        /// The address.
        address: String,
        /// The answer.
        what: String,
    },
    /// The plan or report of a run does not fit this program.
    #[error("run {run} cannot be read: {what}")]
    Unreadable {
        /// The run.
        run: RunId,
        /// The reason.
        what: String,
    },
}
