//! Why a command did not do all it was asked, and the exit code for it.

use std::error::Error;
use std::process::ExitCode;

use cascade_core::{ApplyError, JournalError, PlanError, ResumeError};
use cascade_restate::RestateError;
use iaas_model::DbError;

use crate::print::{print_json, say};
use crate::runs::in_words_with_help;

/// Something for the exit code to tell.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Failure {
    /// Something failed, was blocked, or could not even start.
    #[error(transparent)]
    Failed(Box<dyn Error + Send + Sync>),
    /// The command makes no sense as it was given.
    #[error("{0}")]
    Usage(String),
    /// A check objected, or a person did not confirm.
    #[error("{0}")]
    Refused(String),
    /// The report says what failed.
    #[error("not everything was done")]
    Incomplete,
    /// It was said already, among what was done beside it.
    #[error("not everything was done")]
    Told(Box<Failure>),
    /// The plan says who objected.
    #[error("vetoed: nothing was changed; --force goes on in spite of it")]
    Vetoed,
    /// The report says what is on record.
    #[error("the run has stopped, because its journal could not be written: {0}")]
    Unrecorded(JournalError),
    /// Ctrl-C.
    #[error("interrupted: what the report lists as done is done, and nothing else was started")]
    Interrupted,
}

impl Failure {
    pub(crate) fn failed(error: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self::Failed(error.into())
    }

    fn code(&self) -> ExitCode {
        ExitCode::from(match self {
            Self::Told(failure) => return failure.code(),
            Self::Failed(_) | Self::Incomplete | Self::Unrecorded(_) => 1,
            Self::Usage(_) => 2,
            Self::Refused(_) | Self::Vetoed => 3,
            Self::Interrupted => 130,
        })
    }

    /// Whether standard output has its JSON document already.
    fn has_document(&self) -> bool {
        matches!(
            self,
            Self::Incomplete | Self::Unrecorded(_) | Self::Told(_) | Self::Vetoed | Self::Interrupted
        )
    }

    /// Says what is wrong, and answers the exit code.
    pub(crate) fn report(self, json: bool) -> ExitCode {
        let mut text = self.to_string();
        let mut cause = self.source();
        while let Some(error) = cause {
            text = format!("{text}: {error}");
            cause = error.source();
        }
        say(format_args!("iaas: {text}"));
        if json && !self.has_document() {
            // There is nothing left to do about an error of this.
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
            | ResumeError::Differs { .. } => Self::Refused(in_words_with_help(&error)),
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
            ApplyError::Vetoed { .. } => Self::Refused(error.to_string()),
            _ => Self::failed(error),
        }
    }
}
