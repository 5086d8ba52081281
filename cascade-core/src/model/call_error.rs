//! Failures of calls to users' methods.

use std::fmt;
use std::time::Duration;

use super::error::StepError;

/// Why a call to a user's method failed.
#[derive(Debug)]
#[non_exhaustive]
pub enum CallError {
    /// The method returned an error.
    Failed(StepError),
    /// The method exceeded this timeout.
    TimedOut(Duration),
    /// The method panicked, with this message.
    Panicked(String),
    /// The method's answer is invalid, for example about an instance that it was not asked about.
    Fault(String),
    /// The instances changed since the plan was made; the text says how.
    Drifted(String),
    /// The method was not called, because a finder that was called again before it failed.
    Finder {
        /// The finder, with its extension.
        finder: String,
        /// Why the finder failed.
        source: Box<CallError>,
    },
}

impl CallError {
    /// Whether no other attempt can succeed.
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
            Self::TimedOut(limit) => write!(f, "no answer within the timeout of {limit:?}"),
            Self::Panicked(message) => write!(f, "panicked: {message}"),
            Self::Fault(message) | Self::Drifted(message) => f.write_str(message),
            Self::Finder { finder, source } => {
                write!(
                    f,
                    "not called, because the finder `{finder}`, called again before it, failed: {source}"
                )
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

/// Carries the error of a remote call inside the error of the proxy that made the call.
#[derive(Debug, thiserror::Error)]
#[error(transparent)]
pub(crate) struct Carried(pub(crate) CallError);

/// Converts the error of a method into a call error. For a proxy's method, that is the error of the remote call.
pub(crate) fn unwrapped(error: StepError) -> CallError {
    let terminal = error.is_terminal();
    match error.into_source().downcast::<Carried>() {
        Ok(carried) => carried.0,
        Err(source) if terminal => CallError::Failed(StepError::terminal(source)),
        Err(source) => CallError::Failed(StepError::retryable(source)),
    }
}
