//! An error of a user's method on its way from one process to another.

use std::fmt;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::call::{CallError, Carried};
use crate::error::StepError;

/// Why a call did not answer, or an instance failed, in a form that travels: what a user's error said, not its type.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
#[non_exhaustive]
pub enum RemoteError {
    /// The method answered with an error.
    Failed {
        /// The error, with all its sources.
        error: String,
        /// Whether another try is of no use.
        terminal: bool,
    },
    /// The method took longer than its timeout.
    TimedOut {
        /// The timeout in milliseconds.
        millis: u64,
    },
    /// The method panicked.
    Panicked {
        /// The panic's message.
        message: String,
    },
    /// The method answered something that it was not asked about, or the call does not fit the program.
    Fault {
        /// What is wrong.
        message: String,
    },
    /// The world moved since the plan was made.
    Drifted {
        /// In which way.
        message: String,
    },
    /// Before the method was called, a finder was asked again, and did not answer.
    Finder {
        /// The finder, with its extension.
        finder: String,
        /// What it answered.
        error: Box<RemoteError>,
    },
}

impl RemoteError {
    /// A call that does not fit the program, or an answer that does not fit the call.
    pub fn fault(message: impl fmt::Display) -> Self {
        Self::Fault { message: message.to_string() }
    }

    /// An error that another try may mend, from outside of a method.
    pub fn retryable(error: impl fmt::Display) -> Self {
        Self::Failed { error: error.to_string(), terminal: false }
    }

    pub(crate) fn into_call_error(self) -> CallError {
        match self {
            Self::Failed { error, terminal: true } => CallError::Failed(StepError::terminal(error)),
            Self::Failed { error, terminal: false } => CallError::Failed(StepError::retryable(error)),
            Self::TimedOut { millis } => CallError::TimedOut(Duration::from_millis(millis)),
            Self::Panicked { message } => CallError::Panicked(message),
            Self::Fault { message } => CallError::Fault(message),
            Self::Drifted { message } => CallError::Drifted(message),
            Self::Finder { finder, error } => {
                CallError::Finder { finder, source: Box::new(error.into_call_error()) }
            }
        }
    }

    /// As an error of a placeholder's method: the engine takes it out again.
    pub(crate) fn into_step_error(self) -> StepError {
        let error = self.into_call_error();
        let terminal = error.is_terminal();
        let carried = Carried(error);
        if terminal { StepError::terminal(carried) } else { StepError::retryable(carried) }
    }
}

impl From<&StepError> for RemoteError {
    fn from(error: &StepError) -> Self {
        Self::Failed { error: error.to_string(), terminal: error.is_terminal() }
    }
}

impl From<&CallError> for RemoteError {
    fn from(error: &CallError) -> Self {
        match error {
            CallError::Failed(error) => error.into(),
            CallError::TimedOut(limit) => {
                Self::TimedOut { millis: u64::try_from(limit.as_millis()).unwrap_or(u64::MAX) }
            }
            CallError::Panicked(message) => Self::Panicked { message: message.clone() },
            CallError::Fault(message) => Self::Fault { message: message.clone() },
            CallError::Drifted(message) => Self::Drifted { message: message.clone() },
            CallError::Finder { finder, source } => {
                Self::Finder { finder: finder.clone(), error: Box::new(Self::from(&**source)) }
            }
        }
    }
}

impl fmt::Display for RemoteError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.clone().into_call_error().fmt(f)
    }
}

impl std::error::Error for RemoteError {}
