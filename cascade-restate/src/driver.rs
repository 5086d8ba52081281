//! A run inside its workflow: what the engine asks for becomes durable calls, and their answers come back in the order
//! that Restate has on record. So it is the same each time that it is done again.

use std::collections::{BTreeMap, VecDeque};
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::SystemTime;

use cascade_core::remote::{
    Answer, EventRecord, FindCall, MethodAnswer, RemoteError, Request, Turns, drive, is_same, records,
    report_pages,
};
use cascade_core::{ApplyError, CancellationToken, Plan, Report, RunId, unix_millis};
use restate_sdk::context::{DurableFuture, RequestTarget};
use restate_sdk::prelude::*;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::names::{AUTHORIZE, FIND, PLANS, handler_of, step};
use crate::pages::{FoundSoFar, RecordPages};
use crate::progress::Said;
use crate::service::Shared;
use crate::trace;
use crate::wire::{
    AuthorizeMessage, FindMessage, FoundPage, PutPage, Refusal, RunOutcome, RunRequest, StepMessage,
};
use crate::workflow::{CANCEL, state};

/// Something that the run waited for.
enum Completed {
    Found(u64, Result<Result<FoundPage, RemoteError>, TerminalError>),
    Executed(u64, Result<Result<MethodAnswer, RemoteError>, TerminalError>),
    Authorized(u64, Result<Result<Vec<(usize, String)>, RemoteError>, TerminalError>),
    Waited(u64),
    Cancelled,
}

type Waiting<'a> = Pin<Box<dyn DurableFuture<Output = Completed> + Send + 'a>>;

pub(crate) struct Driver<'a> {
    ctx: &'a WorkflowContext<'a>,
    shared: &'a Shared,
    request: RunRequest,
    turns: Turns<Result<Report, ApplyError>>,
    waiting: DurableFuturesUnordered<Waiting<'a>>,
    cancel: CancellationToken,
    /// The plan as it is stored: in `request.plan.pages` pages.
    plan: Plan,
    finds: BTreeMap<u64, (FindCall, FoundSoFar)>,
    events: Arc<Mutex<VecDeque<EventRecord>>>,
    said: Said,
    headers: Vec<(String, String)>,
}

impl<'a> Driver<'a> {
    pub(crate) fn new(
        ctx: &'a WorkflowContext<'a>,
        shared: &'a Shared,
        request: RunRequest,
        plan: Plan,
    ) -> Self {
        let events: Arc<Mutex<VecDeque<EventRecord>>> = Arc::default();
        let cancel = CancellationToken::new();
        let start = {
            let (plan, request, cancel) = (plan.clone(), request.clone(), cancel.clone());
            let (cascade, seen, run) = (shared.cascade.clone(), Arc::clone(&events), RunId::from(ctx.key()));
            move |remote| {
                let about = &request.about;
                let apply = drive(&cascade, remote, request.steps).apply(plan);
                let apply = apply.policy(about.policy).forced(about.forced).drift(request.drift);
                let apply = apply.run_as(run).cancelled_by(cancel);
                let apply = match &request.limits {
                    Some(limits) => apply.limits(limits.clone()),
                    None => apply,
                };
                let note = move |event: &_| {
                    seen.lock().unwrap_or_else(PoisonError::into_inner).push_back(EventRecord::from(event));
                };
                apply.on_event(note).into_future()
            }
        };
        Self {
            turns: Turns::new(start),
            waiting: DurableFuturesUnordered::new(),
            said: Said::new(plan.len()),
            finds: BTreeMap::new(),
            headers: trace::of(ctx.headers()),
            ctx,
            shared,
            request,
            cancel,
            plan,
            events,
        }
    }

    /// Runs to the end. An `Err` is for Restate: it tries again, or people do.
    pub(crate) async fn run(mut self) -> Result<RunOutcome, HandlerError> {
        tracing::info!(run = self.ctx.key(), process = std::process::id(), "driving a run");
        self.ctx.set(state::ABOUT, Json(self.request.about.clone()));
        self.tell_plan("hold");
        let cancelled = self.ctx.promise::<bool>(CANCEL).map(|_| Completed::Cancelled);
        self.waiting.push(Box::pin(cancelled));
        loop {
            let ended = self.turns.turn();
            self.note_events();
            for (number, request) in self.turns.take_requests() {
                self.ask(number, request).await?;
            }
            if let Some(result) = ended {
                return self.end(result).await;
            }
            if self.said.is_due() {
                self.say_progress().await?;
            }
            match self.waiting.next().await {
                Ok(Some((_, completed))) => self.take(completed),
                Ok(None) => {
                    return Err(TerminalError::new("the run waits for nothing, and has not ended").into());
                }
                // Whoever cancels the invocation means the run: it says what became of it. Workers ask the promise.
                Err(_) => {
                    self.ctx.resolve_promise(CANCEL, true);
                    self.cancel.cancel();
                }
            }
        }
    }

    /// Tells the object that keeps the plan something that needs no answer.
    fn tell_plan(&self, what: &str) {
        let target = RequestTarget::object(PLANS, &self.request.plan.id, what);
        drop(self.ctx.request::<(), ()>(target, ()).send());
    }

    fn note_events(&mut self) {
        let mut events = self.events.lock().unwrap_or_else(PoisonError::into_inner);
        self.said.note(events.drain(..));
    }

    /// Sends what the engine asks for on its way.
    async fn ask(&mut self, number: u64, request: Request) -> Result<(), HandlerError> {
        match request {
            Request::Find(call) => {
                self.find(number, &call, 0);
                self.finds.insert(number, (call, FoundSoFar::default()));
            }
            Request::Execute(plan, call) => {
                self.store_what_grew(&plan).await?;
                self.said.begins(number, &call);
                let (graph, plan) = (self.version(), self.request.plan.clone());
                let (resource, method) = (call.resource.clone(), handler_of(&call));
                let message = StepMessage { graph, plan, call };
                self.call(&resource, &method, message, move |answer| Completed::Executed(number, answer));
            }
            Request::Authorize(plan, call) => {
                self.store_what_grew(&plan).await?;
                let (graph, plan) = (self.version(), self.request.plan.clone());
                let (resource, message) = (call.resource.clone(), AuthorizeMessage { graph, plan, call });
                self.call(&resource, AUTHORIZE, message, move |answer| Completed::Authorized(number, answer));
            }
            Request::Wait(delay) => {
                self.waiting.push(Box::pin(self.ctx.sleep(delay).map(move |_| Completed::Waited(number))));
            }
            other => {
                return Err(TerminalError::new(format!("this version cannot carry out {other:?}")).into());
            }
        }
        Ok(())
    }

    fn version(&self) -> String {
        self.shared.version.name.clone()
    }

    fn find(&mut self, number: u64, call: &FindCall, from: usize) {
        let message = FindMessage { graph: self.version(), call: call.clone(), from };
        self.call(&call.child, FIND, message, move |answer| Completed::Found(number, answer));
    }

    /// Calls a handler of the service for a resource.
    fn call<Req, Res>(
        &mut self,
        resource: &str,
        handler: &str,
        message: Req,
        completed: impl FnOnce(Result<Res, TerminalError>) -> Completed + Send + 'a,
    ) where
        Req: Serialize + 'static,
        Res: DeserializeOwned + 'static,
    {
        let service = step(self.shared.cascade.graph(), &self.shared.version.name, resource);
        let mut request =
            self.ctx.request::<Json<Req>, Json<Res>>(RequestTarget::service(service, handler), Json(message));
        for (name, value) in &self.headers {
            request = request.header(name.clone(), value.clone());
        }
        let answer = request.call().map(|answer| completed(answer.map(|Json(answer)| answer)));
        self.waiting.push(Box::pin(answer));
    }

    /// A plan that has grown is stored before anybody is asked to work by it.
    async fn store_what_grew(&mut self, plan: &Plan) -> Result<(), HandlerError> {
        if is_same(plan, &self.plan) {
            return Ok(());
        }
        let pages = RecordPages::new(records(plan, Some(&self.plan)));
        let pages: Vec<_> = pages.collect::<Result<_, _>>().map_err(|error| unwritable(&error))?;
        for records in pages {
            let page = PutPage { number: self.request.plan.pages, header: None, records };
            let target = RequestTarget::object(PLANS, &self.request.plan.id, "extend");
            self.ctx.request::<Json<PutPage>, ()>(target, Json(page)).call().await?;
            self.request.plan.pages += 1;
        }
        self.plan = plan.clone();
        Ok(())
    }

    fn take(&mut self, completed: Completed) {
        let (number, answer) = match completed {
            Completed::Cancelled => return self.cancel.cancel(),
            Completed::Found(number, page) => match self.take_page(number, whole(page)) {
                Some(answer) => (number, answer),
                None => return,
            },
            Completed::Executed(number, answer) => {
                self.said.ended(number);
                (number, Answer::Executed(whole(answer)))
            }
            Completed::Authorized(number, answer) => (number, Answer::Authorized(whole(answer))),
            Completed::Waited(number) => (number, Answer::Waited),
        };
        self.turns.answer(number, answer);
    }

    /// Takes a page of what a finder found; asks for the next, if there is one.
    fn take_page(&mut self, number: u64, page: Result<FoundPage, RemoteError>) -> Option<Answer> {
        let (call, mut so_far) = self.finds.remove(&number)?;
        match page {
            Ok(page) => so_far.take(page),
            Err(error) => return Some(Answer::Found(Err(error))),
        }
        match so_far.next() {
            None => Some(Answer::Found(Ok(so_far.finish()))),
            Some(from) => {
                self.find(number, &call, from);
                self.finds.insert(number, (call, so_far));
                None
            }
        }
    }

    async fn say_progress(&mut self) -> Result<(), HandlerError> {
        let now = self.ctx.run(|| async { Ok(unix_millis(SystemTime::now())) }).name("the time").await?;
        let page = self.said.take_page(now, self.request.plan.pages);
        for key in page.forgotten {
            self.ctx.clear(&state::events(key));
        }
        if let Some((number, events)) = page.events {
            self.ctx.set(&state::events(number), Json(events));
        }
        self.ctx.set(state::UNDER_WAY, Json(page.under_way));
        self.ctx.set(state::PROGRESS, Json(page.progress));
        Ok(())
    }

    async fn end(mut self, result: Result<Report, ApplyError>) -> Result<RunOutcome, HandlerError> {
        let outcome = match result {
            Ok(report) => {
                let pages = report_pages(&report);
                let (report_pages, summary) = (pages.len() as u32, report.summary());
                for (number, page) in (0..).zip(pages) {
                    self.ctx.set(&state::report(number), Json(page));
                }
                RunOutcome::Ended {
                    report_pages,
                    plan: self.request.plan.id.clone(),
                    plan_pages: self.request.plan.pages,
                    complete: summary.is_complete(),
                    done: summary.done,
                    failed: summary.failed,
                    blocked: summary.blocked,
                    not_started: summary.not_started,
                }
            }
            Err(ApplyError::Vetoed { vetoes }) => RunOutcome::Refused(Refusal::Vetoed(vetoes)),
            Err(ApplyError::Denied { denials }) => RunOutcome::Refused(Refusal::Denied(denials)),
            Err(error) => RunOutcome::Refused(Refusal::Other(error.to_string())),
        };
        self.said.over(matches!(&outcome, RunOutcome::Ended { complete: true, .. }));
        self.say_progress().await?;
        self.tell_plan("release");
        Ok(outcome)
    }
}

/// An answer, where the invocation itself may have come to a bad end: somebody killed it, or what it answered cannot be
/// read.
fn whole<T>(answer: Result<Result<T, RemoteError>, TerminalError>) -> Result<T, RemoteError> {
    answer.unwrap_or_else(|error| {
        let (code, message) = (error.code(), error.message());
        Err(RemoteError::fault(format!("its invocation ended without an answer: {message} ({code})")))
    })
}

fn unwritable(error: &serde_json::Error) -> HandlerError {
    TerminalError::new(format!("the plan has grown, and cannot be written: {error}")).into()
}
