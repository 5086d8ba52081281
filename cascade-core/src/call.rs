//! One call of a user's method: limited in time, tried again, its panics contained.

use std::any::Any;
use std::fmt;
use std::future::poll_fn;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::task::{Context, Poll};
use std::time::Duration;

use backon::{BackoffBuilder, ExponentialBuilder};
use futures_util::FutureExt;

use crate::declare::{HandlerFuture, StepSettings};
use crate::error::StepError;

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

/// A call that was polled once.
pub(crate) enum Begun<'a, T> {
    Answered(Result<T, StepError>),
    Going(HandlerFuture<'a, T>),
}

/// A first try that was polled once, its panics contained.
pub(crate) enum First<'a, T> {
    Answered(Result<T, CallError>),
    Going(HandlerFuture<'a, T>),
}

impl<T> First<'_, Vec<T>> {
    /// Whether nothing failed.
    pub(crate) fn is_well(&self) -> bool {
        matches!(self, Self::Answered(Ok(failures)) if failures.is_empty())
    }
}

impl<'a, T> From<Begun<'a, T>> for First<'a, T> {
    fn from(begun: Begun<'a, T>) -> Self {
        match begun {
            Begun::Answered(answer) => Self::Answered(answer.map_err(unwrapped)),
            Begun::Going(future) => Self::Going(future),
        }
    }
}

/// Calls, which polls once: what answers at once needs no timer and no future around it.
pub(crate) fn first<'a, T>(call: impl FnOnce() -> Begun<'a, T>) -> First<'a, T> {
    contained(call).map_or_else(|panic| First::Answered(Err(panic)), First::from)
}

/// A panic as the error that it is.
pub(crate) fn contained<T>(call: impl FnOnce() -> T) -> Result<T, CallError> {
    catch_unwind(AssertUnwindSafe(call)).map_err(|panic| CallError::Panicked(panic_message(&*panic)))
}

impl<T> First<'_, T> {
    /// The answer, waited for up to the timeout.
    pub(crate) async fn answer(self, timeout: Option<Duration>) -> Result<T, CallError> {
        match self {
            Self::Answered(answer) => answer,
            Self::Going(call) => Box::pin(limited(timeout, call)).await,
        }
    }
}

/// Waits for a call that is under way. Its time begins when this is first polled.
pub(crate) async fn limited<T>(
    timeout: Option<Duration>,
    call: HandlerFuture<'_, T>,
) -> Result<T, CallError> {
    let answered = async {
        match timeout {
            Some(limit) => match tokio::time::timeout(limit, call).await {
                Ok(answer) => answer.map_err(unwrapped),
                Err(_) => Err(CallError::TimedOut(limit)),
            },
            None => call.await.map_err(unwrapped),
        }
    };
    match AssertUnwindSafe(answered).catch_unwind().await {
        Ok(answer) => answer,
        Err(panic) => Err(CallError::Panicked(panic_message(&*panic))),
    }
}

/// Calls once. `call` is called inside, so that what it does before its first `await` is contained too.
pub(crate) async fn once<'a, T>(
    timeout: Option<Duration>,
    call: impl FnOnce() -> HandlerFuture<'a, T>,
) -> Result<T, CallError> {
    let waker = poll_fn(|task| Poll::Ready(task.waker().clone())).await;
    first(|| begin(call(), &mut Context::from_waker(&waker))).answer(timeout).await
}

/// A call is polled once.
pub(crate) fn begin<'a, T>(mut call: HandlerFuture<'a, T>, task: &mut Context<'_>) -> Begun<'a, T> {
    match call.as_mut().poll(task) {
        Poll::Ready(answer) => Begun::Answered(answer),
        Poll::Pending => Begun::Going(call),
    }
}

/// Calls until it answers, up to `retries` times more.
pub(crate) async fn until_answered<'a, T>(
    settings: StepSettings,
    mut call: impl FnMut() -> HandlerFuture<'a, T>,
) -> Result<T, CallError> {
    let mut delays = delays(settings.retries, None);
    loop {
        match once(settings.timeout, &mut call).await {
            Err(error) if !error.is_terminal() => match delays.next() {
                Some(delay) => tokio::time::sleep(delay).await,
                None => return Err(error),
            },
            answer => return answer,
        }
    }
}

/// The waits before each further try: exponential from 100 ms up to 30 s, with jitter; with a `seed`, the same each time.
pub(crate) fn delays(retries: u32, seed: Option<u64>) -> impl Iterator<Item = Duration> + use<> {
    let delays = ExponentialBuilder::default()
        .with_min_delay(Duration::from_millis(100))
        .with_max_delay(Duration::from_secs(30))
        .with_max_times(retries as usize)
        .with_jitter();
    let delays = match seed {
        Some(seed) => delays.with_jitter_seed(seed),
        None => delays,
    };
    delays.build()
}

fn panic_message(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
    text.or_else(|| panic.downcast_ref::<String>().cloned())
        .unwrap_or_else(|| String::from("with no message"))
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
