//! Drives a run inside its workflow. Each request of the engine becomes a durable call, and the answers return in the order
//! of Restate's journal. So a replay makes the same calls.

use std::collections::{BTreeMap, VecDeque};
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::SystemTime;

use cascade_core::remote::{
    Answer, EventRecord, FindCall, MethodAnswer, RemoteError, Request, RunMachine, is_same, records,
    report_pages, with_remote,
};
use cascade_core::{ApplyError, CancellationToken, Plan, Report, RunId, unix_millis};
use restate_sdk::context::{DurableFuture, RequestTarget};
use restate_sdk::prelude::*;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::found_pages::FoundSoFar;
use crate::names::{AUTHORIZE, FIND, PLANS, handler_of, step};
use crate::progress::ProgressLog;
use crate::record_pages::RecordPages;
use crate::shared::Shared;
use crate::wire::{
    AuthorizeMessage, FindMessage, FoundPage, PutPage, Refusal, RunOutcome, RunRequest, StepMessage,
};
use crate::{state, trace};

/// A durable operation that has completed, with the number of the engine's request.
enum Completed {
    Found(u64, Result<Result<FoundPage, RemoteError>, TerminalError>),
    Executed(u64, Result<Result<MethodAnswer, RemoteError>, TerminalError>),
    Authorized(u64, Result<Result<Vec<(usize, String)>, RemoteError>, TerminalError>),
    Waited(u64),
    Cancelled,
}

type Pending<'a> = Pin<Box<dyn DurableFuture<Output = Completed> + Send + 'a>>;

/// One run, from its start to its outcome.
pub(crate) struct Driver<'a> {
    ctx: &'a WorkflowContext<'a>,
    shared: &'a Shared,
    request: RunRequest,
    turns: RunMachine<Result<Report, ApplyError>>,
    pending: DurableFuturesUnordered<Pending<'a>>,
    cancel: CancellationToken,
    /// The plan as it is stored, in `request.plan.pages` pages.
    plan: Plan,
    /// The finder calls whose answers are not complete.
    finds: BTreeMap<u64, (FindCall, FoundSoFar)>,
    /// The events since the last turn.
    events: Arc<Mutex<VecDeque<EventRecord>>>,
    progress: ProgressLog,
    /// The trace headers of the run.
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
            let (cascade, events, run) =
                (shared.cascade.clone(), Arc::clone(&events), RunId::from(ctx.key()));
            move |remote| {
                let about = &request.about;
                let apply = with_remote(&cascade, remote, request.steps).apply(plan);
                let apply = apply.policy(about.policy).forced(about.forced).drift(request.drift);
                let apply = if about.allow_cuts { apply.allow_cuts() } else { apply };
                // The client has compared the plan with the world.
                let apply = apply.run_as(run).cancelled_by(cancel).drift_checked();
                let apply = match &request.limits {
                    Some(limits) => apply.limits(limits.clone()),
                    None => apply,
                };
                let note = move |event: &_| {
                    let mut events = events.lock().unwrap_or_else(PoisonError::into_inner);
                    events.push_back(EventRecord::from(event));
                };
                apply.on_event(note).into_future()
            }
        };
        Self {
            turns: RunMachine::new(start),
            pending: DurableFuturesUnordered::new(),
            progress: ProgressLog::new(plan.len()),
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

    /// Runs to the end. After an `Err` Restate tries the invocation again, unless the error is terminal.
    pub(crate) async fn run(mut self) -> Result<RunOutcome, HandlerError> {
        tracing::info!(run = self.ctx.key(), process = std::process::id(), "driving a run");
        self.ctx.set(state::ABOUT, Json(self.request.about.clone()));
        // From here on no client can add a page to the plan, and it does not expire.
        self.ctx.request::<(), ()>(self.plan_target("hold"), ()).call().await?;
        let cancelled = self.ctx.promise::<bool>(state::CANCEL).map(|_| Completed::Cancelled);
        self.pending.push(Box::pin(cancelled));
        loop {
            let ended = self.turns.turn();
            self.note_events();
            for (number, request) in self.turns.take_requests() {
                self.send_request(number, request).await?;
            }
            if let Some(result) = ended {
                return self.end(result).await;
            }
            if self.progress.is_due() {
                self.report_progress().await?;
            }
            match self.pending.next().await {
                Ok(Some((_, completed))) => self.accept(completed),
                Ok(None) => {
                    let message =
                        "the run has not ended, but waits for nothing: this is a bug in cascade-restate";
                    return Err(TerminalError::new(message).into());
                }
                // Restate's own cancellation of the invocation cancels the run. It still ends with a report. The promise
                // tells the workers.
                Err(_) => {
                    self.ctx.resolve_promise(state::CANCEL, true);
                    self.cancel.cancel();
                }
            }
        }
    }

    /// A handler of the object that stores the plan.
    fn plan_target(&self, handler: &str) -> RequestTarget {
        RequestTarget::object(PLANS, &self.request.plan.id, handler)
    }

    fn note_events(&mut self) {
        let mut events = self.events.lock().unwrap_or_else(PoisonError::into_inner);
        self.progress.note(events.drain(..));
    }

    /// Starts the durable operation for a request of the engine.
    async fn send_request(&mut self, number: u64, request: Request) -> Result<(), HandlerError> {
        match request {
            Request::Find(call) => {
                self.find(number, &call, 0);
                self.finds.insert(number, (call, FoundSoFar::default()));
            }
            Request::Execute(plan, call) => {
                self.store_growth(&plan).await?;
                self.progress.step_started(number, &call);
                let (graph, plan) = (self.version(), self.request.plan.clone());
                let (resource, handler) = (call.resource.clone(), handler_of(&call));
                let message = StepMessage { graph, plan, call };
                self.call(&resource, &handler, message, move |answer| Completed::Executed(number, answer));
            }
            Request::Authorize(plan, call) => {
                self.store_growth(&plan).await?;
                let (graph, plan) = (self.version(), self.request.plan.clone());
                let (resource, message) = (call.resource.clone(), AuthorizeMessage { graph, plan, call });
                self.call(&resource, AUTHORIZE, message, move |answer| Completed::Authorized(number, answer));
            }
            Request::Wait(delay) => {
                self.pending.push(Box::pin(self.ctx.sleep(delay).map(move |_| Completed::Waited(number))));
            }
            other => {
                let message = format!("this version of cascade-restate cannot carry out {other:?}");
                return Err(TerminalError::new(message).into());
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
        self.pending.push(Box::pin(answer));
    }

    /// Stores the part of the plan that is new, before any worker needs it.
    async fn store_growth(&mut self, plan: &Plan) -> Result<(), HandlerError> {
        if is_same(plan, &self.plan) {
            return Ok(());
        }
        let pages = RecordPages::new(records(plan, Some(&self.plan)));
        let pages: Vec<_> = pages.collect::<Result<_, _>>().map_err(|error| unwritable(&error))?;
        for records in pages {
            let page = PutPage { number: self.request.plan.pages, header: None, records };
            self.ctx.request::<Json<PutPage>, ()>(self.plan_target("extend"), Json(page)).call().await?;
            self.request.plan.pages += 1;
        }
        self.plan = plan.clone();
        Ok(())
    }

    /// Gives the engine the answer to one of its requests.
    fn accept(&mut self, completed: Completed) {
        let (number, answer) = match completed {
            Completed::Cancelled => return self.cancel.cancel(),
            Completed::Found(number, page) => match self.accept_page(number, flatten(page)) {
                Some(answer) => (number, answer),
                None => return,
            },
            Completed::Executed(number, answer) => {
                self.progress.step_ended(number);
                (number, Answer::Executed(flatten(answer)))
            }
            Completed::Authorized(number, answer) => (number, Answer::Authorized(flatten(answer))),
            Completed::Waited(number) => (number, Answer::Waited),
        };
        self.turns.answer(number, answer);
    }

    /// Adds a page to a finder's answer. Returns the answer once it is complete, otherwise asks for the next page.
    fn accept_page(&mut self, number: u64, page: Result<FoundPage, RemoteError>) -> Option<Answer> {
        let (call, mut so_far) = self.finds.remove(&number)?;
        match page {
            Ok(page) => so_far.add(page),
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

    async fn report_progress(&mut self) -> Result<(), HandlerError> {
        let now = self.ctx.run(|| async { Ok(unix_millis(SystemTime::now())) }).name("the time").await?;
        let report = self.progress.take_report(now, self.request.plan.pages);
        for page in report.forgotten {
            self.ctx.clear(&state::events(page));
        }
        if let Some((number, events)) = report.events {
            self.ctx.set(&state::events(number), Json(events));
        }
        self.ctx.set(state::UNDER_WAY, Json(report.under_way));
        self.ctx.set(state::PROGRESS, Json(report.progress));
        Ok(())
    }

    async fn end(mut self, result: Result<Report, ApplyError>) -> Result<RunOutcome, HandlerError> {
        let outcome = match result {
            Ok(report) => self.store_report(&report),
            Err(ApplyError::Vetoed { vetoes }) => RunOutcome::Refused(Refusal::Vetoed(vetoes)),
            Err(ApplyError::Denied { denials }) => RunOutcome::Refused(Refusal::Denied(denials)),
            Err(error) => RunOutcome::Refused(Refusal::Other(error.to_string())),
        };
        self.progress.run_ended(matches!(&outcome, RunOutcome::Ended { complete: true, .. }));
        self.report_progress().await?;
        drop(self.ctx.request::<(), ()>(self.plan_target("release"), ()).send());
        Ok(outcome)
    }

    fn store_report(&self, report: &Report) -> RunOutcome {
        let pages = report_pages(report);
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
            left: summary.left,
        }
    }
}

/// The answer of a call. The invocation itself fails where a person has killed it, or its output cannot be read.
fn flatten<T>(answer: Result<Result<T, RemoteError>, TerminalError>) -> Result<T, RemoteError> {
    answer.unwrap_or_else(|error| {
        let (code, message) = (error.code(), error.message());
        Err(RemoteError::fault(format!("its invocation ended without an answer: {message} ({code})")))
    })
}

fn unwritable(error: &serde_json::Error) -> HandlerError {
    TerminalError::new(format!("the plan has grown and cannot be written: {error}")).into()
}
