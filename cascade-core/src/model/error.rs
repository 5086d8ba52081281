//! What users' methods may answer with when they fail.

use std::error::Error;
use std::fmt;

/// The error of a user's method. Everything that turns into a boxed error turns into it by `?`, and is then
/// *retryable*: the step is tried again, up to `retries` times. An error that another try cannot mend is made
/// with [`StepError::terminal`], or marked on the way by [`Terminal::terminal`].
///
/// ```
/// use cascade_core::prelude::*;
///
/// fn parse(text: &str) -> Result<u32, StepError> {
///     let number: u32 = text.parse().terminal()?; // a bad number stays a bad number
///     Ok(number)
/// }
/// assert!(parse("x").unwrap_err().is_terminal());
/// ```
pub struct StepError {
    source: Box<dyn Error + Send + Sync>,
    terminal: bool,
}

impl StepError {
    /// An error that another try may mend: the default of every conversion.
    pub fn retryable(error: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self { source: error.into(), terminal: false }
    }

    /// An error that no other try mends.
    pub fn terminal(error: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self { source: error.into(), terminal: true }
    }

    /// Whether another try is of no use.
    pub fn is_terminal(&self) -> bool {
        self.terminal
    }

    pub(crate) fn into_source(self) -> Box<dyn Error + Send + Sync> {
        self.source
    }

    /// The user's own error.
    pub fn source(&self) -> &(dyn Error + Send + Sync + 'static) {
        &*self.source
    }
}

impl fmt::Display for StepError {
    /// The error with all its sources, as `{:#}` of `anyhow` prints them.
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

// `StepError` is itself no `Error`: only so can every error turn into it.
impl<E: Into<Box<dyn Error + Send + Sync>>> From<E> for StepError {
    fn from(error: E) -> Self {
        Self::retryable(error)
    }
}

/// Marks the error of a `Result` as one that no other try mends.
pub trait Terminal<T> {
    /// The same result, its error terminal.
    fn terminal(self) -> Result<T, StepError>;
}

impl<T, E: Into<Box<dyn Error + Send + Sync>>> Terminal<T> for Result<T, E> {
    fn terminal(self) -> Result<T, StepError> {
        self.map_err(StepError::terminal)
    }
}
