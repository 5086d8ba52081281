//! The workflow: one invocation per run.

use cascade_core::Plan;
use cascade_core::remote::{GraphDifference, ReportPage};
use restate_sdk::prelude::*;

use crate::driver::Driver;
use crate::shared::Shared;
use crate::state;
use crate::wire::{
    ProgressAnswer, ProgressQuery, ProgressRecord, Refusal, RunAbout, RunOutcome, RunRequest, UnderWayRecord,
};

/// The maximum number of pages of events in one answer.
const EVENT_PAGES: u32 = 16;

/// Runs plans. Each run is an invocation of `run`, with the run's id as its key.
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
        let difference = request.fingerprint.difference(&self.0.version.fingerprint);
        // The journal keeps the decision of the first worker. A worker of another version that continues the run later must
        // not refuse it.
        let first = difference.clone();
        let Json(refused) = ctx
            .run(|| async { Ok(Json::<Option<GraphDifference>>(first)) })
            .name("the difference from this worker")
            .await?;
        if let Some(difference) = refused {
            return Ok(Json(RunOutcome::Refused(Refusal::Differs(difference))));
        }
        if let Some(difference) = difference {
            return Err(wrong_worker(&difference));
        }
        let plan = self.0.plans.get(&request.plan).await?;
        if let Err(reason) = is_confirmed(&plan, &request.about) {
            return Ok(Json(RunOutcome::Refused(Refusal::Other(reason))));
        }
        let outcome = Driver::new(&ctx, &self.0, request, plan).run().await?;
        Ok(Json(outcome))
    }

    /// The description of the run, or `None` if it has not begun.
    #[handler]
    async fn about(&self, ctx: SharedWorkflowContext<'_>) -> HandlerResult<Json<Option<RunAbout>>> {
        Ok(Json(ctx.get::<Json<RunAbout>>(state::ABOUT).await?.map(|Json(about)| about)))
    }

    /// The progress of the run, with its events from one page on.
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

    /// The steps in flight, the oldest first.
    #[handler]
    async fn stuck(&self, ctx: SharedWorkflowContext<'_>) -> HandlerResult<Json<Vec<UnderWayRecord>>> {
        let under_way = ctx.get::<Json<Vec<UnderWayRecord>>>(state::UNDER_WAY).await?;
        Ok(Json(under_way.map(|Json(under_way)| under_way).unwrap_or_default()))
    }

    /// A page of the report, or `None` if it is not stored.
    #[handler]
    async fn report(
        &self,
        ctx: SharedWorkflowContext<'_>,
        number: u32,
    ) -> HandlerResult<Json<Option<ReportPage>>> {
        let key = state::report(number);
        Ok(Json(ctx.get::<Json<ReportPage>>(&key).await?.map(|Json(page)| page)))
    }

    /// Cancels the run. Running steps end, and nothing new starts.
    #[handler]
    async fn cancel(&self, ctx: SharedWorkflowContext<'_>) -> HandlerResult<()> {
        if ctx.peek_promise::<bool>(state::CANCEL).await?.is_none() {
            ctx.resolve_promise(state::CANCEL, true);
        }
        Ok(())
    }

    /// Whether the run is cancelled.
    #[handler]
    async fn is_cancelled(&self, ctx: SharedWorkflowContext<'_>) -> HandlerResult<Json<bool>> {
        Ok(Json(ctx.peek_promise::<bool>(state::CANCEL).await?.is_some()))
    }
}

/// This worker differs from the one that began the run. Restate tries again, perhaps on the right worker.
fn wrong_worker(difference: &GraphDifference) -> HandlerError {
    HandlerError::from(std::io::Error::other(format!(
        "this worker links other extensions than the one that began the run: {difference}; start a worker that links the \
         extensions of the run, and the run continues there"
    )))
}

/// An error unless the stored plan is the one that was confirmed.
fn is_confirmed(plan: &Plan, about: &RunAbout) -> Result<(), String> {
    match plan.digest() {
        Ok(digest) if digest == about.digest => Ok(()),
        Ok(digest) => Err(format!(
            "the stored plan is not the one that was confirmed: its digest is {digest}, not {}",
            about.digest
        )),
        Err(error) => Err(format!("the digest of the stored plan cannot be computed: {error}")),
    }
}
