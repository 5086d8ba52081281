//! The workflow: a run each.

use cascade_core::Plan;
use cascade_core::remote::{GraphDifference, ReportPage};
use restate_sdk::prelude::*;

use crate::driver::Driver;
use crate::service::Shared;
use crate::wire::{
    ProgressAnswer, ProgressQuery, ProgressRecord, Refusal, RunAbout, RunOutcome, RunRequest, UnderWayRecord,
};

/// The names of the workflow's state.
pub(crate) mod state {
    pub(crate) const ABOUT: &str = "about";
    pub(crate) const PROGRESS: &str = "progress";
    pub(crate) const UNDER_WAY: &str = "under-way";

    pub(crate) fn events(page: u32) -> String {
        format!("events/{page}")
    }

    pub(crate) fn report(page: u32) -> String {
        format!("report/{page}")
    }
}

/// The promise that a run is cancelled by.
pub(crate) const CANCEL: &str = "cancel";

/// Pages of events in one answer, at most.
const EVENT_PAGES: u32 = 16;

/// Runs plans. Each run is an invocation of `run`, under its id.
#[derive(Debug)]
pub(crate) struct CascadeRun(pub(crate) Shared);

#[restate_sdk::workflow(name = "Cascade", client_visibility = "pub(crate)")]
impl CascadeRun {
    /// Runs a stored plan to its end.
    #[handler]
    async fn run(
        &self,
        ctx: WorkflowContext<'_>,
        Json(request): Json<RunRequest>,
    ) -> HandlerResult<Json<RunOutcome>> {
        let ours = &self.0.version.fingerprint;
        let difference = request.fingerprint.difference(ours);
        // On record, so that it stays the answer: a run that was begun rightly is not refused by a worker that comes later.
        let first = difference.clone();
        let Json(refused) = ctx
            .run(|| async { Ok(Json::<Option<GraphDifference>>(first)) })
            .name("what this worker differs in")
            .await?;
        if let Some(difference) = refused {
            return Ok(Json(RunOutcome::Refused(Refusal::Differs(difference))));
        }
        if let Some(difference) = difference {
            return Err(other_worker(&difference));
        }
        let plan = self.0.plans.get(&request.plan).await?;
        if let Err(reason) = is_confirmed(&plan, &request.about) {
            return Ok(Json(RunOutcome::Refused(Refusal::Other(reason))));
        }
        let outcome = Driver::new(&ctx, &self.0, request, plan).run().await?;
        Ok(Json(outcome))
    }

    /// What the run is about; `None` if it has not begun.
    #[handler]
    async fn about(&self, ctx: SharedWorkflowContext<'_>) -> HandlerResult<Json<Option<RunAbout>>> {
        Ok(Json(ctx.get::<Json<RunAbout>>(state::ABOUT).await?.map(|Json(about)| about)))
    }

    /// How far the run is, with its events from a page on.
    #[handler]
    async fn progress(
        &self,
        ctx: SharedWorkflowContext<'_>,
        Json(query): Json<ProgressQuery>,
    ) -> HandlerResult<Json<ProgressAnswer>> {
        let progress = ctx.get::<Json<ProgressRecord>>(state::PROGRESS).await?;
        let progress = progress.map(|Json(progress)| progress).unwrap_or_default();
        let first_page = query.from_page.max(progress.first_page);
        let mut events = Vec::new();
        for page in first_page..progress.pages.min(first_page.saturating_add(EVENT_PAGES)) {
            let key = state::events(page);
            let Some(Json(page)) = ctx.get(&key).await? else { break };
            events.push(page);
        }
        Ok(Json(ProgressAnswer { progress, first_page, events }))
    }

    /// The steps that are under way, the longest first.
    #[handler]
    async fn stuck(&self, ctx: SharedWorkflowContext<'_>) -> HandlerResult<Json<Vec<UnderWayRecord>>> {
        let under_way = ctx.get::<Json<Vec<UnderWayRecord>>>(state::UNDER_WAY).await?;
        Ok(Json(under_way.map(|Json(under_way)| under_way).unwrap_or_default()))
    }

    /// A page of the report; `None` if it is not there.
    #[handler]
    async fn report(
        &self,
        ctx: SharedWorkflowContext<'_>,
        number: u32,
    ) -> HandlerResult<Json<Option<ReportPage>>> {
        let key = state::report(number);
        Ok(Json(ctx.get::<Json<ReportPage>>(&key).await?.map(|Json(page)| page)))
    }

    /// Nothing new starts; what runs ends.
    #[handler]
    async fn cancel(&self, ctx: SharedWorkflowContext<'_>) -> HandlerResult<()> {
        if ctx.peek_promise::<bool>(CANCEL).await?.is_none() {
            ctx.resolve_promise(CANCEL, true);
        }
        Ok(())
    }

    /// Whether that was said.
    #[handler]
    async fn is_cancelled(&self, ctx: SharedWorkflowContext<'_>) -> HandlerResult<Json<bool>> {
        Ok(Json(ctx.peek_promise::<bool>(CANCEL).await?.is_some()))
    }
}

/// A run was taken to a worker that differs from the one it was begun on. Another may be the right one: Restate tries
/// again.
fn other_worker(difference: &GraphDifference) -> HandlerError {
    HandlerError::from(std::io::Error::other(format!(
        "this worker has other extensions than the one that the run was begun on: {difference}; the run goes on where a \
         worker has what it was begun with"
    )))
}

/// The stored plan has to be the one that was looked at.
fn is_confirmed(plan: &Plan, about: &RunAbout) -> Result<(), String> {
    match plan.digest() {
        Ok(digest) if digest == about.digest => Ok(()),
        Ok(digest) => {
            Err(format!("the stored plan is another one (confirmed {}, stored {digest})", about.digest))
        }
        Err(error) => Err(format!("the stored plan has no digest: {error}")),
    }
}
