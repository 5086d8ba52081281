//! The virtual object that stores plans, one per key.
#![expect(clippy::unused_async, reason = "a handler is async, whether it waits or not")]

use cascade_core::Record;
use cascade_core::remote::PlanHeader;
use restate_sdk::context::RequestTarget;
use restate_sdk::prelude::*;
use restate_sdk::service::Discoverable;

use crate::names::PLANS;
use crate::shared::Shared;
use crate::wire::PutPage;

/// The handlers that clients and workers call through the ingress. All others are private: only workflows and the object
/// itself call them.
const PUBLIC: [&str; 3] = ["put", "page", "header"];

/// The key of the header.
const HEADER: &str = "header";

/// The key that is set while a run works by the plan.
const HELD: &str = "held";

fn page_key(number: u32) -> String {
    format!("page/{number}")
}

/// Stores a plan in pages.
#[derive(Debug)]
pub(crate) struct CascadePlan(pub(crate) Shared);

#[restate_sdk::object(client_visibility = "pub(crate)")]
impl CascadePlan {
    /// Stores a page for a client. A client may send the same page again. It cannot replace a page, nor add one to a plan
    /// that a run works by.
    #[handler]
    async fn put(&self, ctx: ObjectContext<'_>, Json(page): Json<PutPage>) -> HandlerResult<()> {
        let (key, number) = (page_key(page.number), page.number);
        if let Some(Json(known)) = ctx.get::<Json<Vec<Record>>>(&key).await? {
            return if known == page.records {
                Ok(())
            } else {
                Err(conflict(format!("page {number} of this plan is stored already, with other records")))
            };
        }
        if ctx.get::<bool>(HELD).await?.is_some() {
            return Err(conflict(format!("page {number} is refused, because a run works by this plan")));
        }
        match (number, page.header) {
            (0, Some(header)) => {
                ctx.set(HEADER, Json(header));
                self.expire_later(&ctx);
            }
            (0, None) | (_, Some(_)) => {
                return Err(conflict(format!(
                    "page {number} is refused: page 0, and no other, has the header"
                )));
            }
            (_, None) => {}
        }
        ctx.set(&key, Json(page.records));
        Ok(())
    }

    /// Stores a page for a run whose plan has grown.
    #[handler]
    async fn extend(&self, ctx: ObjectContext<'_>, Json(page): Json<PutPage>) -> HandlerResult<()> {
        ctx.set(&page_key(page.number), Json(page.records));
        Ok(())
    }

    /// One page, or `None` if it is not stored.
    #[handler]
    async fn page(
        &self,
        ctx: SharedObjectContext<'_>,
        number: u32,
    ) -> HandlerResult<Json<Option<Vec<Record>>>> {
        let key = page_key(number);
        Ok(Json(ctx.get::<Json<Vec<Record>>>(&key).await?.map(|Json(records)| records)))
    }

    /// The header, or `None` if the plan is not stored.
    #[handler]
    async fn header(&self, ctx: SharedObjectContext<'_>) -> HandlerResult<Json<Option<PlanHeader>>> {
        Ok(Json(ctx.get::<Json<PlanHeader>>(HEADER).await?.map(|Json(header)| header)))
    }

    /// Keeps the plan while a run works by it.
    #[handler]
    async fn hold(&self, ctx: ObjectContext<'_>) -> HandlerResult<()> {
        ctx.set(HELD, true);
        Ok(())
    }

    /// Lets the plan expire, because the run has ended.
    #[handler]
    async fn release(&self, ctx: ObjectContext<'_>) -> HandlerResult<()> {
        ctx.clear(HELD);
        self.expire_later(&ctx);
        Ok(())
    }

    /// Removes the plan unless a run works by it.
    #[handler]
    async fn expire(&self, ctx: ObjectContext<'_>) -> HandlerResult<()> {
        if ctx.get::<bool>(HELD).await?.is_none() {
            ctx.clear_all();
        }
        Ok(())
    }
}

impl CascadePlan {
    /// Makes every handler private that is not listed as public.
    pub(crate) fn privacy(options: ServiceOptions) -> ServiceOptions {
        let handlers = <Self as Discoverable>::discover().handlers;
        handlers.iter().map(|handler| handler.name.as_str()).fold(options, |options, name| {
            let private = HandlerOptions::new().ingress_private(!PUBLIC.contains(&name));
            options.handler(name, private)
        })
    }

    fn expire_later(&self, ctx: &ObjectContext<'_>) {
        let target = RequestTarget::object(PLANS, ctx.key(), "expire");
        drop(ctx.request::<(), ()>(target, ()).send_after(self.0.options.retention));
    }
}

/// A refusal that Restate does not retry.
fn conflict(message: String) -> HandlerError {
    TerminalError::new_with_code(409, message).into()
}
