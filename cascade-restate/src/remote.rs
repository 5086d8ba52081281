//! Calls finders, checks and authorizers on workers, for a client that plans.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use cascade_core::remote::{
    AuthorizeCall, FindCall, FoundIds, MethodAnswer, MethodCall, PlanHeader, Remote, RemoteError, is_same,
    records,
};
use cascade_core::{ApplyError, Graph, Phase, Plan, RunId};
use futures::future::BoxFuture;
use restate_sdk::context::RequestTarget;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::error::RestateError;
use crate::found_pages::FoundSoFar;
use crate::ingress::Ingress;
use crate::names::{AUTHORIZE, CHECK, FIND, PLANS, Version, step};
use crate::record_pages::RecordPages;
use crate::wire::{AuthorizeMessage, FindMessage, FoundPage, PlanRef, PutPage, StepMessage};

/// The number of stored plans that a client remembers.
const REMEMBERED: usize = 4;

/// The workers that a client reaches through the ingress.
pub(crate) struct Workers {
    pub(crate) ingress: Ingress,
    pub(crate) version: Version,
    pub(crate) graph: Arc<Graph>,
    stored: tokio::sync::Mutex<VecDeque<(Plan, PlanRef)>>,
    /// The first error that did not come from a method. The engine's own error would say less.
    failed: Mutex<Option<RestateError>>,
}

impl Workers {
    pub(crate) fn new(ingress: Ingress, version: Version, graph: Arc<Graph>) -> Self {
        Self { ingress, version, graph, stored: tokio::sync::Mutex::default(), failed: Mutex::default() }
    }

    fn failed(&self) -> MutexGuard<'_, Option<RestateError>> {
        self.failed.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn take_error(&self) -> Option<RestateError> {
        self.failed().take()
    }

    /// Stores a plan unless it is stored already.
    pub(crate) async fn store(&self, plan: &Plan) -> Result<PlanRef, RestateError> {
        // The lock is held while the plan is stored, so that concurrent calls store it once.
        let mut stored = self.stored.lock().await;
        if let Some((_, known)) = stored.iter().find(|(known, _)| is_same(known, plan)) {
            return Ok(known.clone());
        }
        let id = RunId::generate().to_string();
        let target = RequestTarget::object(PLANS, &id, "put");
        let unwritable = |error| RestateError::from(ApplyError::Digest(error));
        let mut header = Some(PlanHeader::of(plan).map_err(unwritable)?);
        let mut pages = 0;
        for records in RecordPages::new(records(plan, None)) {
            let records = records.map_err(unwritable)?;
            let page = PutPage { number: pages, header: header.take(), records };
            let () = self.ingress.put(&target, &page).await?;
            pages += 1;
        }
        let reference = PlanRef { id, pages };
        stored.push_front((plan.clone(), reference.clone()));
        stored.truncate(REMEMBERED);
        Ok(reference)
    }

    async fn call<Req, Res>(&self, resource: &str, handler: &str, message: &Req) -> Result<Res, RemoteError>
    where
        Req: Serialize + Clone + Send + Sync + 'static,
        Res: DeserializeOwned + Send + 'static,
    {
        let target = RequestTarget::service(step(&self.graph, &self.version.name, resource), handler);
        let answer: Result<Result<Res, RemoteError>, RestateError> =
            self.ingress.call(&target, message).await;
        answer.unwrap_or_else(|error| Err(self.keep_error(error)))
    }

    /// Keeps an error that did not come from a method.
    fn keep_error(&self, error: RestateError) -> RemoteError {
        let fault = RemoteError::fault(&error);
        self.failed().get_or_insert(error);
        fault
    }
}

impl Remote for Workers {
    fn find(&self, call: FindCall) -> BoxFuture<'_, Result<FoundIds, RemoteError>> {
        Box::pin(async move {
            let mut so_far = FoundSoFar::default();
            while let Some(from) = so_far.next() {
                let message = FindMessage { graph: self.version.name.clone(), call: call.clone(), from };
                let page: FoundPage = self.call(&call.child, FIND, &message).await?;
                so_far.add(page);
            }
            Ok(so_far.finish())
        })
    }

    fn execute<'a>(
        &'a self,
        plan: &'a Plan,
        call: MethodCall,
    ) -> BoxFuture<'a, Result<MethodAnswer, RemoteError>> {
        Box::pin(async move {
            if call.phase != Phase::Check {
                let (resource, method) = (&call.resource, &call.effect);
                let refused = format!("`{method}` of {resource} is not a check: only a run calls it");
                return Err(RemoteError::fault(refused));
            }
            let plan = self.store(plan).await.map_err(|error| self.keep_error(error))?;
            let resource = call.resource.clone();
            let message = StepMessage { graph: self.version.name.clone(), plan, call };
            self.call(&resource, CHECK, &message).await
        })
    }

    fn authorize<'a>(
        &'a self,
        plan: &'a Plan,
        call: AuthorizeCall,
    ) -> BoxFuture<'a, Result<Vec<(usize, String)>, RemoteError>> {
        Box::pin(async move {
            let plan = self.store(plan).await.map_err(|error| self.keep_error(error))?;
            let resource = call.resource.clone();
            let message = AuthorizeMessage { graph: self.version.name.clone(), plan, call };
            self.call(&resource, AUTHORIZE, &message).await
        })
    }

    fn wait(&self, delay: Duration) -> BoxFuture<'_, ()> {
        Box::pin(tokio::time::sleep(delay))
    }
}
