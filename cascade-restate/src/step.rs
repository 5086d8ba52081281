//! The service that steps on one resource are sent to.

use std::collections::BTreeSet;
use std::sync::Arc;

use cascade_core::remote::{FoundIds, MethodAnswer, RemoteError, authorize, execute, find, methods};
use restate_sdk::discovery::{Handler, HandlerName, ServiceName};
use restate_sdk::endpoint::{ContextInternal, Error};
use restate_sdk::prelude::*;
use restate_sdk::serde::{Deserialize, Serialize};
use restate_sdk::service::macro_support::{ServiceBoxFuture, service_definition};
use restate_sdk::service::{Discoverable, Service};
use tokio::sync::{Semaphore, SemaphorePermit};
use tracing::Instrument;

use crate::names::{handler, step};
use crate::pages::page_of;
use crate::service::Shared;
use crate::trace;
use crate::wire::{AuthorizeMessage, FindMessage, FoundPage, StepMessage};

/// Carries out what the methods of one resource are asked.
#[derive(Debug)]
pub(crate) struct Step(Shared);

#[restate_sdk::service(client_visibility = "pub(crate)")]
impl Step {
    /// Asks a finder, and answers a page of what it found.
    #[handler]
    async fn find(
        &self,
        _ctx: Context<'_>,
        Json(message): Json<FindMessage>,
    ) -> HandlerResult<Json<Result<FoundPage, RemoteError>>> {
        self.precheck(&message.graph)?;
        let _place = place(&self.0.places).await?;
        let found: Result<FoundIds, RemoteError> = find(&self.0.cascade, message.call).await;
        Ok(Json(found.and_then(|found| page_of(found, message.from))))
    }

    /// Calls a method once.
    #[handler]
    async fn execute(
        &self,
        ctx: Context<'_>,
        Json(message): Json<StepMessage>,
    ) -> HandlerResult<Json<Result<MethodAnswer, RemoteError>>> {
        self.precheck(&message.graph)?;
        let plan = self.0.plans.get(&message.plan).await?;
        let _place = place(&self.0.places).await?;
        let span = trace::step(&message.call, ctx.headers());
        let (ingress, run) = (self.0.plans.ingress(&message.plan)?, message.call.run.clone());
        let cancelled = async {
            match run {
                Some(run) => self.0.cancelled.wait(ingress, run).await,
                // A check comes before the run.
                None => std::future::pending().await,
            }
        };
        let executed = execute(&self.0.cascade, &plan, message.call, cancelled);
        Ok(Json(executed.instrument(span).await))
    }

    /// Asks all authorizers.
    #[handler]
    async fn authorize(
        &self,
        _ctx: Context<'_>,
        Json(message): Json<AuthorizeMessage>,
    ) -> HandlerResult<Json<Result<Vec<(usize, String)>, RemoteError>>> {
        self.precheck(&message.graph)?;
        let plan = self.0.plans.get(&message.plan).await?;
        let _place = place(&self.0.places).await?;
        Ok(Json(authorize(&self.0.cascade, &plan, message.call).await))
    }
}

impl Step {
    /// Refuses what was planned with another graph. Another worker may be the right one: so Restate tries again.
    fn precheck(&self, graph: &str) -> Result<(), HandlerError> {
        let ours = &self.0.version.name;
        if graph == ours {
            return Ok(());
        }
        Err(HandlerError::from(std::io::Error::other(format!(
            "the step belongs to a run that was planned with version {graph} of the graph, and this worker has {ours}: \
             keep a worker of that version registered until the run has ended"
        ))))
    }
}

/// Waits for a place. The semaphore is never closed, so that there is one in the end.
async fn place(places: &Semaphore) -> Result<SemaphorePermit<'_>, HandlerError> {
    Ok(places.acquire().await?)
}

/// The service for one resource: under a name of its own, with a handler for each of its methods, so that people see
/// what a step does. The SDK's attribute gives a service one name, that of its type.
pub(crate) fn service(shared: Shared, resource: &str) -> ServiceDefinition {
    let mut discovery = Step::discover();
    if let Ok(name) = ServiceName::try_from(step(shared.cascade.graph(), &shared.version.name, resource)) {
        discovery.name = name;
    }
    let mut known: BTreeSet<String> = discovery.handlers.iter().map(|it| it.name.to_string()).collect();
    let execute = discovery.handlers.iter().find(|it| it.name.as_str() == "execute").cloned();
    for method in methods(&shared.cascade, resource) {
        let name = handler(&method);
        if let (Some(execute), Ok(valid)) = (&execute, HandlerName::try_from(name.as_str()))
            && known.insert(name)
        {
            discovery.handlers.push(Handler { name: valid, ..execute.clone() });
        }
    }
    service_definition(Dispatcher { step: Arc::new(Step(shared)) }, discovery)
}

struct Dispatcher {
    step: Arc<Step>,
}

impl Service for Dispatcher {
    type Future = ServiceBoxFuture;

    fn handle(&self, ctx: ContextInternal) -> Self::Future {
        let step = Arc::clone(&self.step);
        Box::pin(async move {
            match ctx.handler_name() {
                "find" => answer(&ctx, async |cx, message| step.find(cx, message).await).await,
                "authorize" => answer(&ctx, async |cx, message| step.authorize(cx, message).await).await,
                // All others are names of methods.
                _ => answer(&ctx, async |cx, message| step.execute(cx, message).await).await,
            }
            Ok::<(), Error>(())
        })
    }
}

/// Takes the input, has it answered, and writes the answer.
async fn answer<Req, Res>(
    ctx: &ContextInternal,
    handle: impl AsyncFnOnce(Context<'_>, Req) -> HandlerResult<Res>,
) where
    Req: Deserialize,
    Res: Serialize,
{
    let (input, metadata) = ctx.input().await;
    let result = handle((ctx, metadata).into(), input).await;
    ctx.handle_handler_result(result);
    ctx.end();
}
