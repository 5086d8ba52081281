//! The serialised form of an error of a user's method.

use std::fmt;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::model::{CallError, Carried, StepError};

/// Why a call, or one instance of it, failed. This form can be serialised: it has the message of a user's error, not its
/// type.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
#[non_exhaustive]
pub enum RemoteError {
    /// The method returned an error.
    Failed {
        /// The message of the error and of all its sources.
        error: String,
        /// Whether a retry cannot succeed.
        terminal: bool,
    },
    /// The method exceeded its timeout.
    TimedOut {
        /// The timeout in milliseconds.
        millis: u64,
    },
    /// The method panicked.
    Panicked {
        /// The message of the panic.
        message: String,
    },
    /// The answer does not match the call, or the call does not match the program.
    Fault {
        /// A description of the mismatch.
        message: String,
    },
    /// The instances have drifted: they changed since the plan was made.
    Drifted {
        /// A description of the change.
        message: String,
    },
    /// The method was not called, because a finder that is called again before it failed.
    Finder {
        /// The finder, with its extension.
        finder: String,
        /// The error of the finder.
        error: Box<RemoteError>,
    },
}

impl RemoteError {
    /// Creates the error for a call that does not match the program, or an answer that does not match the call.
    pub fn fault(message: impl fmt::Display) -> Self {
        Self::Fault { message: message.to_string() }
    }

    /// Creates an error, from outside of a method, that a retry may fix.
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

    /// Converts to an error that a proxy's method returns. The engine extracts the [`CallError`] from it.
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
