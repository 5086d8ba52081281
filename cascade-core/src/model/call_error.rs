//! Why a call of a user's method did not answer.

use std::fmt;
use std::time::Duration;

use super::error::StepError;

/// Why a call did not answer.
#[derive(Debug)]
#[non_exhaustive]
pub enum CallError {
    /// The method answered with an error.
    Failed(StepError),
    /// The method took longer than its timeout.
    TimedOut(Duration),
    /// The method panicked, with this message.
    Panicked(String),
    /// The method answered something that it was not asked about.
    Fault(String),
    /// The world moved since the plan was made, in this way.
    Drifted(String),
    /// Before the method was called, a finder was asked again what hangs off its instances, and did not answer.
    Finder {
        /// The finder, with its extension.
        finder: String,
        /// What it answered.
        source: Box<CallError>,
    },
}

impl CallError {
    /// Whether another try is of no use.
    pub fn is_terminal(&self) -> bool {
        match self {
            Self::Failed(error) => error.is_terminal(),
            Self::TimedOut(_) => false,
            Self::Panicked(_) | Self::Fault(_) | Self::Drifted(_) | Self::Finder { .. } => true,
        }
    }
}

impl fmt::Display for CallError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Failed(error) => error.fmt(f),
            Self::TimedOut(limit) => write!(f, "no answer within {limit:?}, its timeout"),
            Self::Panicked(message) => write!(f, "panicked: {message}"),
            Self::Fault(message) | Self::Drifted(message) => f.write_str(message),
            Self::Finder { finder, source } => {
                write!(f, "not called: the finder `{finder}`, asked again before it, failed: {source}")
            }
        }
    }
}

impl std::error::Error for CallError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Failed(error) => error.source().source(),
            Self::Finder { source, .. } => source.source(),
            _ => None,
        }
    }
}

/// An error of a call inside the error of the placeholder that made it.
#[derive(Debug, thiserror::Error)]
#[error(transparent)]
pub(crate) struct Carried(pub(crate) CallError);

/// What went wrong, where `error` is a method's own: for one of a placeholder, what went wrong on the other side.
pub(crate) fn unwrapped(error: StepError) -> CallError {
    let terminal = error.is_terminal();
    match error.into_source().downcast::<Carried>() {
        Ok(carried) => carried.0,
        Err(source) if terminal => CallError::Failed(StepError::terminal(source)),
        Err(source) => CallError::Failed(StepError::retryable(source)),
    }
}
