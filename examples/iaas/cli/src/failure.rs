//! The reasons why a command did not complete, and their exit codes.

use std::error::Error;
use std::process::ExitCode;

use cascade_core::{ApplyError, JournalError, PlanError, ResumeError};
use cascade_restate::RestateError;
use iaas_model::DbError;

use crate::print::{print_json, say};
use crate::runs::text_with_help;

/// A failure of a command.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Failure {
    /// A step failed, was blocked, or could not start.
    #[error(transparent)]
    Failed(Box<dyn Error + Send + Sync>),
    /// The arguments are invalid.
    #[error("{0}")]
    Usage(String),
    /// A check objected, or the user did not confirm.
    #[error("{0}")]
    Refused(String),
    /// The run is incomplete; its report lists the failures.
    #[error("the run is not complete")]
    Incomplete,
    /// A failure of one run of several; its message is printed already.
    #[error("the run is not complete")]
    Reported(Box<Failure>),
    /// A check objected; the plan lists the objections.
    #[error("vetoed: nothing was changed; --force ignores vetoes")]
    Vetoed,
    /// The journal failed; the report lists the recorded results.
    #[error("the run has stopped, because its journal could not be written: {0}")]
    Unrecorded(JournalError),
    /// Ctrl-C.
    #[error("interrupted: the report lists the finished work; no other step was started")]
    Interrupted,
}

impl Failure {
    pub(crate) fn failed(error: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self::Failed(error.into())
    }

    fn code(&self) -> ExitCode {
        ExitCode::from(match self {
            Self::Reported(failure) => return failure.code(),
            Self::Failed(_) | Self::Incomplete | Self::Unrecorded(_) => 1,
            Self::Usage(_) => 2,
            Self::Refused(_) | Self::Vetoed => 3,
            Self::Interrupted => 130,
        })
    }

    /// Whether the JSON document is printed already.
    fn has_document(&self) -> bool {
        matches!(
            self,
            Self::Incomplete | Self::Unrecorded(_) | Self::Reported(_) | Self::Vetoed | Self::Interrupted
        )
    }

    /// Prints the error and returns the exit code.
    pub(crate) fn report(self, json: bool) -> ExitCode {
        let mut text = self.to_string();
        let mut cause = self.source();
        while let Some(error) = cause {
            text = format!("{text}: {error}");
            cause = error.source();
        }
        say(format_args!("iaas: {text}"));
        if json && !self.has_document() {
            // If the output fails too, no other output is left.
            let _: Result<(), Self> = print_json(&serde_json::json!({ "error": text }));
        }
        self.code()
    }
}

impl From<DbError> for Failure {
    fn from(error: DbError) -> Self {
        match error {
            DbError::Exists { .. } => Self::Refused(error.to_string()),
            _ => Self::failed(error),
        }
    }
}

impl From<PlanError> for Failure {
    fn from(error: PlanError) -> Self {
        match error {
            PlanError::Finder { .. }
            | PlanError::Check { .. }
            | PlanError::Verify { .. }
            | PlanError::TooLarge => Self::failed(error),
            _ => Self::Usage(error.to_string()),
        }
    }
}

impl From<JournalError> for Failure {
    fn from(error: JournalError) -> Self {
        match error {
            JournalError::UnknownRun { .. } => Self::Usage(error.to_string()),
            JournalError::Owned { .. } => Self::Refused(error.to_string()),
            _ => Self::failed(error),
        }
    }
}

impl From<ResumeError> for Failure {
    fn from(error: ResumeError) -> Self {
        match error {
            ResumeError::Journal(error) => error.into(),
            ResumeError::Plan(error) => error.into(),
            ResumeError::HasEnded { .. }
            | ResumeError::NeverStarted { .. }
            | ResumeError::Refused { .. }
            | ResumeError::OverLimit { .. }
            | ResumeError::Differs { .. } => Self::Refused(text_with_help(&error)),
            _ => Self::failed(error),
        }
    }
}

impl From<RestateError> for Failure {
    fn from(error: RestateError) -> Self {
        match error {
            RestateError::Plan(error) => error.into(),
            RestateError::Apply(error) => error.into(),
            RestateError::Address { .. } | RestateError::UnknownRun { .. } => Self::Usage(error.to_string()),
            RestateError::OtherPlan { .. } | RestateError::Refused { .. } => Self::Refused(error.to_string()),
            _ => Self::failed(error),
        }
    }
}

impl From<ApplyError> for Failure {
    fn from(error: ApplyError) -> Self {
        match error {
            ApplyError::Drifted { difference, .. } => Self::Refused(format!(
                "the cloud has changed since the plan was made, nothing was changed: {difference}\n\
                 give the command again to confirm the plan of now, or choose another --drift"
            )),
            ApplyError::Vetoed { .. } | ApplyError::Cuts { .. } => Self::Refused(error.to_string()),
            _ => Self::failed(error),
        }
    }
}
