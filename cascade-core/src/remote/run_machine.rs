//! A run as a state machine without I/O: it emits requests, and proceeds only when it receives answers.

use std::collections::{BTreeMap, VecDeque};
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Wake, Waker};
use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use tokio::sync::oneshot;

use super::call::{AuthorizeCall, FindCall, MethodAnswer, MethodCall};
use super::error::RemoteError;
use super::remote::Remote;
use crate::handler::FoundIds;
use crate::plan::Plan;

/// A request that a run waits for.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Request {
    /// Call a finder. The answer is [`Answer::Found`].
    Find(FindCall),
    /// Call a method, with the current state of the plan. The answer is [`Answer::Executed`].
    Execute(Plan, MethodCall),
    /// Call the authorizers, with the current state of the plan. The answer is [`Answer::Authorized`].
    Authorize(Plan, AuthorizeCall),
    /// Wait for this duration. The answer is [`Answer::Waited`].
    Wait(Duration),
}

/// The answer to a [`Request`].
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Answer {
    /// The answer of a finder.
    Found(Result<FoundIds, RemoteError>),
    /// The answer of a method.
    Executed(Result<MethodAnswer, RemoteError>),
    /// The denied positions in the call, each with the reason.
    Authorized(Result<Vec<(usize, String)>, RemoteError>),
    /// The duration has passed.
    Waited,
}

/// Drives a future that calls a [`Remote`]: [`turn`](Self::turn) polls it until it needs another answer. Its requests and
/// their order depend only on the answers and their order.
pub struct RunMachine<T> {
    run: BoxFuture<'static, T>,
    queue: Arc<Queue>,
    woken: Arc<WakeFlag>,
    /// The requests without an answer, by number.
    open: BTreeMap<u64, oneshot::Sender<Answer>>,
    next_number: u64,
}

impl<T> fmt::Debug for RunMachine<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RunMachine({} requests open)", self.open.len())
    }
}

impl<T: Send + 'static> RunMachine<T> {
    /// Drives the future that `start` returns. `start` receives the remote that the future must call.
    pub fn new<F>(start: impl FnOnce(Arc<dyn Remote>) -> F) -> Self
    where
        F: Future<Output = T> + Send + 'static,
    {
        let queue = Arc::new(Queue::default());
        let run = start(Arc::clone(&queue) as Arc<dyn Remote>);
        // Without `unconstrained`, tokio's cooperative budget could suspend the run although no answer is missing.
        let run = tokio::task::unconstrained(run).boxed();
        Self { run, queue, woken: Arc::default(), open: BTreeMap::new(), next_number: 0 }
    }

    /// Polls the future until it needs another answer. Returns its output once it has completed; do not call it again then.
    pub fn turn(&mut self) -> Option<T> {
        let waker = Waker::from(Arc::clone(&self.woken));
        loop {
            self.woken.0.store(false, Ordering::Relaxed);
            if let Poll::Ready(value) = Pin::new(&mut self.run).poll(&mut Context::from_waker(&waker)) {
                return Some(value);
            }
            if !self.woken.0.load(Ordering::Relaxed) {
                return None;
            }
        }
    }

    /// Returns the requests made since the last call, each with the number to pass to [`answer`](Self::answer).
    pub fn take_requests(&mut self) -> Vec<(u64, Request)> {
        let queued: Vec<QueuedRequest> = self.queue.lock().drain(..).collect();
        let numbered = queued.into_iter().map(|QueuedRequest { request, answer }| {
            let number = self.next_number;
            self.next_number += 1;
            self.open.insert(number, answer);
            (number, request)
        });
        numbered.collect()
    }

    /// Delivers the answer to a request. Ignores it if there is no such open request, or the run no longer waits for it.
    pub fn answer(&mut self, number: u64, answer: Answer) {
        if let Some(sender) = self.open.remove(&number) {
            drop(sender.send(answer));
        }
    }

    /// Returns the number of requests without an answer.
    pub fn open(&self) -> usize {
        self.open.len()
    }
}

/// Records that the future was woken.
#[derive(Debug, Default)]
struct WakeFlag(AtomicBool);

impl Wake for WakeFlag {
    fn wake(self: Arc<Self>) {
        self.0.store(true, Ordering::Relaxed);
    }
}

struct QueuedRequest {
    request: Request,
    answer: oneshot::Sender<Answer>,
}

/// The remote of a [`RunMachine`]: it queues requests until the driver takes them.
#[derive(Default)]
struct Queue {
    requests: Mutex<VecDeque<QueuedRequest>>,
}

impl Queue {
    /// A poisoned lock is used as it is: no change under the lock can leave the queue inconsistent.
    fn lock(&self) -> MutexGuard<'_, VecDeque<QueuedRequest>> {
        self.requests.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn ask(&self, request: Request) -> Result<Answer, RemoteError> {
        let (sender, answer) = oneshot::channel();
        self.lock().push_back(QueuedRequest { request, answer: sender });
        answer.await.map_err(|_| RemoteError::fault("the driver dropped the request without an answer"))
    }
}

fn wrong_answer() -> RemoteError {
    RemoteError::fault("the driver answered with the answer to another kind of request")
}

impl Remote for Queue {
    fn find(&self, call: FindCall) -> BoxFuture<'_, Result<FoundIds, RemoteError>> {
        Box::pin(async move {
            match self.ask(Request::Find(call)).await? {
                Answer::Found(found) => found,
                _ => Err(wrong_answer()),
            }
        })
    }

    fn execute<'a>(
        &'a self,
        plan: &'a Plan,
        call: MethodCall,
    ) -> BoxFuture<'a, Result<MethodAnswer, RemoteError>> {
        Box::pin(async move {
            match self.ask(Request::Execute(plan.clone(), call)).await? {
                Answer::Executed(answer) => answer,
                _ => Err(wrong_answer()),
            }
        })
    }

    fn authorize<'a>(
        &'a self,
        plan: &'a Plan,
        call: AuthorizeCall,
    ) -> BoxFuture<'a, Result<Vec<(usize, String)>, RemoteError>> {
        Box::pin(async move {
            match self.ask(Request::Authorize(plan.clone(), call)).await? {
                Answer::Authorized(denied) => denied,
                _ => Err(wrong_answer()),
            }
        })
    }

    fn wait(&self, delay: Duration) -> BoxFuture<'_, ()> {
        Box::pin(async move { drop(self.ask(Request::Wait(delay)).await) })
    }
}
