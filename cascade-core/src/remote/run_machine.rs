//! A run as a state machine: what it asks for goes out, answers come in, and nothing else moves it.

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

/// Something that a run waits for.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Request {
    /// A finder is to be asked.
    Find(FindCall),
    /// A method is to be called, for the plan as it is now.
    Execute(Plan, MethodCall),
    /// Authorizers are to be asked, about the plan as it is now.
    Authorize(Plan, AuthorizeCall),
    /// So long is to be waited.
    Wait(Duration),
}

/// The answer to a [`Request`], of the same name.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Answer {
    /// What a finder found.
    Found(Result<FoundIds, RemoteError>),
    /// What a method answered.
    Executed(Result<MethodAnswer, RemoteError>),
    /// The positions that are denied.
    Authorized(Result<Vec<(usize, String)>, RemoteError>),
    /// The time is over.
    Waited,
}

/// A future that asks a [`Remote`], taken turn by turn: [`turn`](Self::turn) runs it until it can go no further without
/// an answer. What it asks for, and in which order, follows from the answers and their order alone.
pub struct RunMachine<T> {
    run: BoxFuture<'static, T>,
    queue: Arc<Queue>,
    woken: Arc<Woken>,
    open: BTreeMap<u64, oneshot::Sender<Answer>>,
    next: u64,
}

impl<T> fmt::Debug for RunMachine<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RunMachine({} requests open)", self.open.len())
    }
}

impl<T: Send + 'static> RunMachine<T> {
    /// The future that `start` makes of the remote that is given to it.
    pub fn new<F>(start: impl FnOnce(Arc<dyn Remote>) -> F) -> Self
    where
        F: Future<Output = T> + Send + 'static,
    {
        let queue = Arc::new(Queue::default());
        let run = start(Arc::clone(&queue) as Arc<dyn Remote>);
        // A runtime that wants its thread back would let the run stop where no answer is missing.
        let run = tokio::task::unconstrained(run).boxed();
        Self { run, queue, woken: Arc::default(), open: BTreeMap::new(), next: 0 }
    }

    /// Runs until nothing moves without an answer; `Some` once the future has ended.
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

    /// What has been asked for since the last call, each with the number that its answer has to have.
    pub fn take_requests(&mut self) -> Vec<(u64, Request)> {
        let asked: Vec<Asked> = self.queue.asked().drain(..).collect();
        let numbered = asked.into_iter().map(|Asked { request, answer }| {
            let number = self.next;
            self.next += 1;
            self.open.insert(number, answer);
            (number, request)
        });
        numbered.collect()
    }

    /// Answers a request. An answer that nobody waits for any more is dropped.
    pub fn answer(&mut self, number: u64, answer: Answer) {
        if let Some(open) = self.open.remove(&number) {
            drop(open.send(answer));
        }
    }

    /// How many requests have no answer yet.
    pub fn open(&self) -> usize {
        self.open.len()
    }
}

#[derive(Debug, Default)]
struct Woken(AtomicBool);

impl Wake for Woken {
    fn wake(self: Arc<Self>) {
        self.0.store(true, Ordering::Relaxed);
    }
}

struct Asked {
    request: Request,
    answer: oneshot::Sender<Answer>,
}

/// The remote of a run that is taken turn by turn.
#[derive(Default)]
struct Queue {
    asked: Mutex<VecDeque<Asked>>,
}

impl Queue {
    /// Nothing is done under the lock that could leave the queue half changed.
    fn asked(&self) -> MutexGuard<'_, VecDeque<Asked>> {
        self.asked.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn ask(&self, request: Request) -> Result<Answer, RemoteError> {
        let (sender, answer) = oneshot::channel();
        self.asked().push_back(Asked { request, answer: sender });
        answer.await.map_err(|_| RemoteError::fault("nobody answers any more"))
    }
}

fn wrong_answer() -> RemoteError {
    RemoteError::fault("the answer is to another kind of request")
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
