//! The error type of users' methods.

use std::error::Error;
use std::fmt;

/// The error of a user's method: retryable or terminal.
///
/// `?` converts every error that converts into a boxed error, and makes it *retryable*: the step is tried again, up to
/// `retries` times. If another attempt cannot succeed, create the error with [`StepError::terminal`], or mark it with
/// [`Terminal::terminal`].
///
/// ```
/// use cascade_core::prelude::*;
///
/// fn parse(text: &str) -> Result<u32, StepError> {
///     let number: u32 = text.parse().terminal()?; // another attempt would read the same text
///     Ok(number)
/// }
/// assert!(parse("x").unwrap_err().is_terminal());
/// ```
pub struct StepError {
    source: Box<dyn Error + Send + Sync>,
    terminal: bool,
}

impl StepError {
    /// An error after which another attempt may succeed. Conversions create this kind.
    pub fn retryable(error: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self { source: error.into(), terminal: false }
    }

    /// An error after which no other attempt can succeed.
    pub fn terminal(error: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self { source: error.into(), terminal: true }
    }

    /// Whether no other attempt can succeed.
    pub fn is_terminal(&self) -> bool {
        self.terminal
    }

    pub(crate) fn into_source(self) -> Box<dyn Error + Send + Sync> {
        self.source
    }

    /// The error that the user's method returned.
    pub fn source(&self) -> &(dyn Error + Send + Sync + 'static) {
        &*self.source
    }
}

impl fmt::Display for StepError {
    /// The error and all its sources, separated by `: `, like `{:#}` of `anyhow`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.source)?;
        let mut cause = self.source.source();
        while let Some(error) = cause {
            write!(f, ": {error}")?;
            cause = error.source();
        }
        Ok(())
    }
}

impl fmt::Debug for StepError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind = if self.terminal { "terminal" } else { "retryable" };
        write!(f, "StepError({kind}: {self})")
    }
}

// `StepError` does not implement `Error`: this conversion would then overlap with `From<T> for T`.
impl<E: Into<Box<dyn Error + Send + Sync>>> From<E> for StepError {
    fn from(error: E) -> Self {
        Self::retryable(error)
    }
}

/// Marks the error of a `Result` as terminal.
pub trait Terminal<T> {
    /// Converts the error into a terminal [`StepError`].
    fn terminal(self) -> Result<T, StepError>;
}

impl<T, E: Into<Box<dyn Error + Send + Sync>>> Terminal<T> for Result<T, E> {
    fn terminal(self) -> Result<T, StepError> {
        self.map_err(StepError::terminal)
    }
}
