//! The service for one resource: its finders, checks, authorizers and steps.

use std::collections::BTreeSet;
use std::sync::Arc;

use cascade_core::remote::{FoundIds, MethodAnswer, RemoteError, authorize, execute, find, methods};
use cascade_core::{Cascade, Phase};
use restate_sdk::discovery::{Handler, HandlerName, ServiceName};
use restate_sdk::endpoint::{ContextInternal, Error};
use restate_sdk::prelude::*;
use restate_sdk::serde::{Deserialize, Serialize};
use restate_sdk::service::macro_support::{ServiceBoxFuture, service_definition};
use restate_sdk::service::{Discoverable, Service};
use tokio::sync::{Semaphore, SemaphorePermit};
use tracing::Instrument;

use crate::found_pages::page_of;
use crate::names::{AUTHORIZE, CHECK, EXECUTE, FIND, PUBLIC, handler, step};
use crate::shared::Shared;
use crate::trace;
use crate::wire::{AuthorizeMessage, FindMessage, FoundPage, StepMessage};

/// Calls the methods of one resource.
#[derive(Debug)]
pub(crate) struct Step(Shared);

#[restate_sdk::service(client_visibility = "pub(crate)")]
impl Step {
    /// Calls a finder and returns one page of its answer.
    #[handler]
    async fn find(
        &self,
        _ctx: Context<'_>,
        Json(message): Json<FindMessage>,
    ) -> HandlerResult<Json<Result<FoundPage, RemoteError>>> {
        self.check_graph(&message.graph)?;
        let _permit = permit(&self.0.permits).await?;
        let found: Result<FoundIds, RemoteError> = find(&self.0.cascade, message.call).await;
        Ok(Json(found.and_then(|found| page_of(found, message.from))))
    }

    /// Calls a check. It changes nothing, so clients may call it through the ingress.
    #[handler]
    async fn check(
        &self,
        ctx: Context<'_>,
        Json(message): Json<StepMessage>,
    ) -> HandlerResult<Json<Result<MethodAnswer, RemoteError>>> {
        if message.call.phase != Phase::Check {
            return Err(refused(&message, "is not a check: only a run calls it"));
        }
        self.call(&ctx, message).await
    }

    /// Calls a method that acts: `begin`, an effect, or `cleanup`. Only workflows reach it.
    #[handler]
    async fn execute(
        &self,
        ctx: Context<'_>,
        Json(message): Json<StepMessage>,
    ) -> HandlerResult<Json<Result<MethodAnswer, RemoteError>>> {
        if message.call.phase == Phase::Check {
            return Err(refused(&message, "is a check: call the handler for checks"));
        }
        self.call(&ctx, message).await
    }

    /// Calls all authorizers.
    #[handler]
    async fn authorize(
        &self,
        _ctx: Context<'_>,
        Json(message): Json<AuthorizeMessage>,
    ) -> HandlerResult<Json<Result<Vec<(usize, String)>, RemoteError>>> {
        self.check_graph(&message.graph)?;
        let plan = self.0.plans.get(&message.plan).await?;
        let _permit = permit(&self.0.permits).await?;
        Ok(Json(authorize(&self.0.cascade, &plan, message.call).await))
    }
}

impl Step {
    /// Calls a method once.
    async fn call(
        &self,
        ctx: &Context<'_>,
        message: StepMessage,
    ) -> HandlerResult<Json<Result<MethodAnswer, RemoteError>>> {
        self.check_graph(&message.graph)?;
        let plan = self.0.plans.get(&message.plan).await?;
        let _permit = permit(&self.0.permits).await?;
        let span = trace::step(&message.call, ctx.headers());
        let (ingress, run) = (self.0.plans.ingress().clone(), message.call.run.clone());
        let cancelled = async {
            match run {
                Some(run) => self.0.cancellations.wait(ingress, run).await,
                // A check of a client belongs to no run.
                None => std::future::pending().await,
            }
        };
        let executed = execute(&self.0.cascade, &plan, message.call, cancelled);
        Ok(Json(executed.instrument(span).await))
    }

    /// Refuses a call that was planned with another graph. Restate tries again, perhaps on the right worker.
    fn check_graph(&self, graph: &str) -> Result<(), HandlerError> {
        let ours = &self.0.version.name;
        if graph == ours {
            return Ok(());
        }
        Err(HandlerError::from(std::io::Error::other(format!(
            "the step was planned with version {graph} of the graph, and this worker has version {ours}: keep a worker of \
             version {graph} registered until the run has ended"
        ))))
    }
}

/// Waits until this worker may call another method.
async fn permit(permits: &Semaphore) -> Result<SemaphorePermit<'_>, HandlerError> {
    Ok(permits.acquire().await?)
}

/// The error for a call at the wrong handler. Restate does not try it again.
fn refused(message: &StepMessage, why: &str) -> HandlerError {
    let (resource, method) = (&message.call.resource, &message.call.effect);
    TerminalError::new_with_code(403, format!("`{method}` of {resource} {why}")).into()
}

/// The service for one resource.
pub(crate) fn service(shared: &Shared, resource: &str) -> ServiceDefinition {
    let discovery = discovery(&shared.cascade, &shared.version.name, resource);
    service_definition(Dispatcher { step: Arc::new(Step(shared.clone())) }, discovery)
}

/// What Restate learns about the service for one resource. It has a name of its own and a handler for each method, so
/// that Restate's UI shows what a step does. The SDK's attribute gives a service one name, that of its type.
fn discovery(cascade: &Cascade, version: &str, resource: &str) -> restate_sdk::discovery::Service {
    let mut discovery = Step::discover();
    if let Ok(name) = ServiceName::try_from(step(cascade.graph(), version, resource)) {
        discovery.name = name;
    }
    let mut known: BTreeSet<String> =
        discovery.handlers.iter().map(|handler| handler.name.to_string()).collect();
    let execute = discovery.handlers.iter().find(|handler| handler.name.as_str() == EXECUTE).cloned();
    for method in methods(cascade, resource) {
        let name = handler(&method);
        if let (Some(execute), Ok(valid)) = (&execute, HandlerName::try_from(name.as_str()))
            && known.insert(name)
        {
            discovery.handlers.push(Handler { name: valid, ..execute.clone() });
        }
    }
    for handler in &mut discovery.handlers {
        handler.ingress_private = Some(!PUBLIC.contains(&handler.name.as_str()));
    }
    discovery
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
                FIND => answer(&ctx, async |cx, message| step.find(cx, message).await).await,
                CHECK => answer(&ctx, async |cx, message| step.check(cx, message).await).await,
                AUTHORIZE => answer(&ctx, async |cx, message| step.authorize(cx, message).await).await,
                // All other handlers are private, and act.
                _ => answer(&ctx, async |cx, message| step.execute(cx, message).await).await,
            }
            Ok::<(), Error>(())
        })
    }
}

/// Reads the input, calls `handle`, and writes its output.
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

#[cfg(test)]
mod tests {
    use cascade_core::{Cascade, Declaration, Delete, Outcome, ResourceDescriptor, Rule, Veto, place};

    use super::discovery;

    /// A resource with a check, a `begin`, an effect and a `cleanup`. The `begin` has the name of a public handler.
    fn cascade() -> Cascade {
        let resource = ResourceDescriptor::runtime::<String>("Vm", place!());
        let mut declared = Declaration::<(), String>::new("Vms", resource, place!());
        declared.check::<Delete, _>("may_be_deleted", place!(), |(), _, _| {
            Box::pin(async { Ok(Vec::<Veto<String>>::new()) })
        });
        declared.effect("destroy", place!(), |(), _, _| Box::pin(async { Ok(Outcome::done()) }));
        declared.begin::<Delete, _>("check", place!(), |(), _, _| Box::pin(async { Ok(Outcome::done()) }));
        declared.cleanup::<Delete, _>("purge", place!(), |(), _, _| Box::pin(async { Ok(Outcome::done()) }));
        declared.rule(Rule::effect::<Delete>("destroy", place!()));
        Cascade::builder().declare((), declared).build().unwrap()
    }

    #[test]
    fn only_finders_checks_and_authorizers_are_public() {
        let discovery = discovery(&cascade(), "v", "Vm");
        let mut handlers: Vec<(&str, Option<bool>)> = discovery
            .handlers
            .iter()
            .map(|handler| (handler.name.as_str(), handler.ingress_private))
            .collect();
        handlers.sort_unstable();
        let private = |name| (name, Some(true));
        let public = |name| (name, Some(false));
        assert_eq!(
            handlers,
            [
                public("authorize"),
                public("check"),
                private("destroy"),
                private("execute"),
                public("find"),
                private("may_be_deleted"),
                private("purge")
            ]
        );
    }
}
