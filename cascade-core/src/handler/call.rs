//! One call of a user's method: with_timeout in time, tried again, its panics catch_panic.

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
    ReplyResult(Result<T, StepError>),
    Going(HandlerFuture<'a, T>),
}

/// A first try that was polled once, its panics catch_panic.
pub(crate) enum FirstAttempt<'a, T> {
    ReplyResult(Result<T, CallError>),
    Going(HandlerFuture<'a, T>),
}

impl<T> FirstAttempt<'_, Vec<T>> {
    /// Whether nothing failed.
    pub(crate) fn is_well(&self) -> bool {
        matches!(self, Self::ReplyResult(Ok(failures)) if failures.is_empty())
    }
}

impl<'a, T> From<Begun<'a, T>> for FirstAttempt<'a, T> {
    fn from(begun: Begun<'a, T>) -> Self {
        match begun {
            Begun::ReplyResult(answer) => Self::ReplyResult(answer.map_err(unwrapped)),
            Begun::Going(future) => Self::Going(future),
        }
    }
}

/// Calls, which polls once: what answers at once needs no timer and no future around it.
pub(crate) fn first<'a, T>(call: impl FnOnce() -> Begun<'a, T>) -> FirstAttempt<'a, T> {
    catch_panic(call).map_or_else(|panic| FirstAttempt::ReplyResult(Err(panic)), FirstAttempt::from)
}

/// A panic as the error that it is.
pub(crate) fn catch_panic<T>(call: impl FnOnce() -> T) -> Result<T, CallError> {
    catch_unwind(AssertUnwindSafe(call)).map_err(|panic| CallError::Panicked(panic_message(&*panic)))
}

impl<T> FirstAttempt<'_, T> {
    /// The answer, waited for up to the timeout.
    pub(crate) async fn answer(self, timeout: Option<Duration>) -> Result<T, CallError> {
        match self {
            Self::ReplyResult(answer) => answer,
            Self::Going(call) => Box::pin(with_timeout(timeout, call)).await,
        }
    }
}

/// Waits for a call that is under way. Its time begins when this is first polled.
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

/// Calls once. `call` is called inside, so that what it does before its first `await` is catch_panic too.
pub(crate) async fn call_once<'a, T>(
    timeout: Option<Duration>,
    call: impl FnOnce() -> HandlerFuture<'a, T>,
) -> Result<T, CallError> {
    let waker = poll_fn(|task| Poll::Ready(task.waker().clone())).await;
    first(|| begin(call(), &mut Context::from_waker(&waker))).answer(timeout).await
}

/// A call is polled once.
pub(crate) fn begin<'a, T>(mut call: HandlerFuture<'a, T>, task: &mut Context<'_>) -> Begun<'a, T> {
    match call.as_mut().poll(task) {
        Poll::Ready(answer) => Begun::ReplyResult(answer),
        Poll::Pending => Begun::Going(call),
    }
}

/// Calls until it answers, up to `retries` times more.
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

/// The waits before each further try: exponential from 100 ms up to 30 s, with jitter; with a `seed`, the same each time.
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

/// What a user's method returns, boxed.
pub type HandlerFuture<'a, T> = BoxFuture<'a, Result<T, StepError>>;
