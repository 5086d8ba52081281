//! The services beside the workflow and the steps: plans, and the graph.
#![expect(clippy::unused_async, reason = "a handler is async, whether it waits or not")]

use std::sync::Arc;

use cascade_core::remote::{Fingerprint, PlanHeader};
use cascade_core::{Cascade, Record};
use restate_sdk::context::RequestTarget;
use restate_sdk::prelude::*;
use restate_sdk::service::Discoverable;
use tokio::sync::Semaphore;

use crate::cancelled::Cancelled;
use crate::names::{PLANS, Version};
use crate::plans::Plans;
use crate::wire::PutPage;
use crate::worker::Options;

/// What all services of one worker share.
#[derive(Clone, Debug)]
pub(crate) struct Shared {
    pub(crate) cascade: Cascade,
    pub(crate) version: Arc<Version>,
    pub(crate) plans: Plans,
    pub(crate) cancelled: Cancelled,
    /// A place for each step that may be under way here.
    pub(crate) places: Arc<Semaphore>,
    pub(crate) options: Options,
}

/// Keeps plans, in pages.
#[derive(Debug)]
pub(crate) struct CascadePlan(pub(crate) Shared);

#[restate_sdk::object(client_visibility = "pub(crate)")]
impl CascadePlan {
    /// Stores a page for a client. The same page may come twice. Nothing that is stored is replaced, and a plan that a
    /// run works by gets no page from a client.
    #[handler]
    async fn put(&self, ctx: ObjectContext<'_>, Json(page): Json<PutPage>) -> HandlerResult<()> {
        let (key, number) = (page_key(page.number), page.number);
        if let Some(Json(known)) = ctx.get::<Json<Vec<Record>>>(&key).await? {
            return if known == page.records {
                Ok(())
            } else {
                Err(conflict(format!("page {number} of this plan has been stored with other records")))
            };
        }
        if ctx.get::<bool>(HELD).await?.is_some() {
            return Err(conflict(format!("page {number} is refused: a run works by this plan")));
        }
        match (number, page.header) {
            (0, Some(header)) => {
                ctx.set("header", Json(header));
                self.expire_later(&ctx);
            }
            (0, None) | (_, Some(_)) => {
                return Err(conflict(format!("page {number} is refused: the first page alone has a header")));
            }
            (_, None) => {}
        }
        ctx.set(&key, Json(page.records));
        Ok(())
    }

    /// Stores a page for the run whose plan has grown. Only workflows reach it.
    #[handler]
    async fn extend(&self, ctx: ObjectContext<'_>, Json(page): Json<PutPage>) -> HandlerResult<()> {
        ctx.set(&page_key(page.number), Json(page.records));
        Ok(())
    }

    /// One page; `None` if it is not there.
    #[handler]
    async fn page(
        &self,
        ctx: SharedObjectContext<'_>,
        number: u32,
    ) -> HandlerResult<Json<Option<Vec<Record>>>> {
        let key = page_key(number);
        Ok(Json(ctx.get::<Json<Vec<Record>>>(&key).await?.map(|Json(records)| records)))
    }

    /// What the plan is about; `None` if it is not there.
    #[handler]
    async fn header(&self, ctx: SharedObjectContext<'_>) -> HandlerResult<Json<Option<PlanHeader>>> {
        Ok(Json(ctx.get::<Json<PlanHeader>>("header").await?.map(|Json(header)| header)))
    }

    /// A run needs the plan.
    #[handler]
    async fn hold(&self, ctx: ObjectContext<'_>) -> HandlerResult<()> {
        ctx.set(HELD, true);
        Ok(())
    }

    /// The run has ended.
    #[handler]
    async fn release(&self, ctx: ObjectContext<'_>) -> HandlerResult<()> {
        ctx.clear(HELD);
        self.expire_later(&ctx);
        Ok(())
    }

    /// Forgets a plan that no run needs.
    #[handler]
    async fn expire(&self, ctx: ObjectContext<'_>) -> HandlerResult<()> {
        if ctx.get::<bool>(HELD).await?.is_none() {
            ctx.clear_all();
        }
        Ok(())
    }
}

impl CascadePlan {
    fn expire_later(&self, ctx: &ObjectContext<'_>) {
        let target = RequestTarget::object(PLANS, ctx.key(), "expire");
        drop(ctx.request::<(), ()>(target, ()).send_after(self.0.options.retention));
    }
}

/// The handlers that clients and workers call through the ingress. All others are private: only workflows and the object
/// itself call them.
const PUBLIC: [&str; 3] = ["put", "page", "header"];

/// The state that says that a run works by the plan.
const HELD: &str = "held";

impl CascadePlan {
    /// Makes every handler private that is not listed as public.
    pub(crate) fn privacy(options: ServiceOptions) -> ServiceOptions {
        let handlers = <Self as Discoverable>::discover().handlers;
        handlers.iter().map(|handler| handler.name.as_str()).fold(options, |options, name| {
            let private = HandlerOptions::new().ingress_private(!PUBLIC.contains(&name));
            options.handler(name, private)
        })
    }
}

fn conflict(message: String) -> HandlerError {
    TerminalError::new_with_code(409, message).into()
}

fn page_key(number: u32) -> String {
    format!("page/{number}")
}

/// Tells what is linked into the newest workers.
#[derive(Debug)]
pub(crate) struct CascadeGraph(pub(crate) Arc<Version>);

#[restate_sdk::service(client_visibility = "pub(crate)")]
impl CascadeGraph {
    /// Their fingerprint.
    #[handler]
    async fn fingerprint(&self, _ctx: Context<'_>) -> HandlerResult<Json<Fingerprint>> {
        Ok(Json(self.0.fingerprint.clone()))
    }
}
