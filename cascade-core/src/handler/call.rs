//! Calls of users' methods: with a timeout, with retries, and with panics caught.

use std::any::Any;
use std::future::poll_fn;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::task::{Context, Poll};
use std::time::Duration;

use backon::{BackoffBuilder, ExponentialBuilder};
use futures_util::FutureExt;
use futures_util::future::BoxFuture;

use crate::model::{CallError, StepError, StepSettings, unwrapped};

/// A call that was polled once.
pub(crate) enum Begun<'a, T> {
    Ready(Result<T, StepError>),
    Pending(HandlerFuture<'a, T>),
}

/// A first attempt that was polled once, with panics caught.
pub(crate) enum FirstAttempt<'a, T> {
    Ready(Result<T, CallError>),
    Pending(HandlerFuture<'a, T>),
}

impl<T> FirstAttempt<'_, Vec<T>> {
    /// Whether the call has ended and all instances are done.
    pub(crate) fn is_well(&self) -> bool {
        matches!(self, Self::Ready(Ok(not_done)) if not_done.is_empty())
    }
}

impl<'a, T> From<Begun<'a, T>> for FirstAttempt<'a, T> {
    fn from(begun: Begun<'a, T>) -> Self {
        match begun {
            Begun::Ready(answer) => Self::Ready(answer.map_err(unwrapped)),
            Begun::Pending(future) => Self::Pending(future),
        }
    }
}

/// Makes the first attempt, with panics caught. `call` calls the method and polls it once: a method that is ready at
/// once needs no timer and no future around it.
pub(crate) fn first<'a, T>(call: impl FnOnce() -> Begun<'a, T>) -> FirstAttempt<'a, T> {
    catch_panic(call).map_or_else(|panic| FirstAttempt::Ready(Err(panic)), FirstAttempt::from)
}

/// Calls, and turns a panic into an error.
pub(crate) fn catch_panic<T>(call: impl FnOnce() -> T) -> Result<T, CallError> {
    catch_unwind(AssertUnwindSafe(call)).map_err(|panic| CallError::Panicked(panic_message(&*panic)))
}

impl<T> FirstAttempt<'_, T> {
    /// Waits for the answer, at most for `timeout`.
    pub(crate) async fn answer(self, timeout: Option<Duration>) -> Result<T, CallError> {
        match self {
            Self::Ready(answer) => answer,
            Self::Pending(call) => Box::pin(with_timeout(timeout, call)).await,
        }
    }
}

/// Waits for a pending call, with panics caught. The timeout starts when this future is first polled.
pub(crate) async fn with_timeout<T>(
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

/// Makes one attempt. Panics of `call` itself, before it returns its future, are caught too.
pub(crate) async fn call_once<'a, T>(
    timeout: Option<Duration>,
    call: impl FnOnce() -> HandlerFuture<'a, T>,
) -> Result<T, CallError> {
    let waker = poll_fn(|task| Poll::Ready(task.waker().clone())).await;
    first(|| begin(call(), &mut Context::from_waker(&waker))).answer(timeout).await
}

/// Polls a call once.
pub(crate) fn begin<'a, T>(mut call: HandlerFuture<'a, T>, task: &mut Context<'_>) -> Begun<'a, T> {
    match call.as_mut().poll(task) {
        Poll::Ready(answer) => Begun::Ready(answer),
        Poll::Pending => Begun::Pending(call),
    }
}

/// Calls until an attempt succeeds or fails with a terminal error, with up to `retries` attempts after the first.
pub(crate) async fn until_answered<'a, T>(
    settings: StepSettings,
    mut call: impl FnMut() -> HandlerFuture<'a, T>,
) -> Result<T, CallError> {
    let mut delays = backoff(settings.retries, None);
    loop {
        match call_once(settings.timeout, &mut call).await {
            Err(error) if !error.is_terminal() => match delays.next() {
                Some(delay) => tokio::time::sleep(delay).await,
                None => return Err(error),
            },
            answer => return answer,
        }
    }
}

/// The delays before each retry: exponential from 100 ms up to 30 s, with jitter. With a `seed`, the jitter is
/// reproducible.
pub(crate) fn backoff(retries: u32, seed: Option<u64>) -> impl Iterator<Item = Duration> + use<> {
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

/// The future of a method, boxed.
pub type HandlerFuture<'a, T> = BoxFuture<'a, Result<T, StepError>>;
