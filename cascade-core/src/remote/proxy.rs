//! Proxies for extensions and authorizers: they pass each call of the engine to a [`Remote`].

use std::sync::Arc;
use std::task::Context;

use futures_util::future::BoxFuture;
use futures_util::{FutureExt, TryFutureExt};

use super::call::{AuthorizeCall, FindCall, MethodAnswer};
use super::error::RemoteError;
use super::names;
use super::remote::Remote;
use crate::affected::{Affected, Instances};
use crate::engine::{Authorizer, Denial};
use crate::extension::DynExtension;
use crate::graph::Graph;
use crate::handler::{
    Answers, DynFound, FindContext, HandlerFuture, Invocation, InvocationContext, NotDone, Positions, Reply,
    ReplyKind, ReplyResult, StepContext, begin,
};
use crate::ids::{Batch, BatchIds};
use crate::model::{ExtensionDescriptor, Phase, ResourceDescriptor, StepError, StepSettings};
use crate::plan::Plan;

use super::found::ParsedFound;

/// A proxy for one extension of a graph.
pub(super) struct Proxy {
    /// The descriptor of the extension, without timeout and retries: the worker applies the timeout, and retries finders and
    /// checks.
    descriptor: ExtensionDescriptor,
    remote: Arc<dyn Remote>,
}

impl Proxy {
    pub(super) fn new(graph: &Graph, extension: usize, remote: Arc<dyn Remote>) -> Self {
        let mut descriptor = graph.extensions[extension].clone();
        descriptor.settings = StepSettings { timeout: None, retries: 0, ..descriptor.settings };
        Self { descriptor, remote }
    }

    fn find_call(
        &self,
        finder: usize,
        parents: &Batch<'_>,
        cx: &FindContext,
    ) -> Result<(FindCall, &ResourceDescriptor), StepError> {
        let declared = &self.descriptor.finders[finder];
        let call = FindCall {
            operation: cx.operation.descriptor().code().to_owned(),
            payload: cx.operation.to_json().map_err(StepError::terminal)?,
            root: cx.root().to_owned(),
            roots: if cx.roots.len() > 1 { cx.roots.to_vec() } else { Vec::new() },
            parent: declared.parent.name().to_owned(),
            child: self.descriptor.resource.name().to_owned(),
            role: declared.parent.role().map(str::to_owned),
            extension: self.descriptor.name.to_string(),
            finder: declared.method.to_string(),
            parents: declared.parent.resource().write_ids(parents.ids()).map_err(StepError::terminal)?,
        };
        Ok((call, declared.parent.resource()))
    }

    async fn execute(&self, ids: BatchIds<'_>, cx: &StepContext) -> Result<MethodAnswer, StepError> {
        let ids = self.descriptor.resource.write_ids(ids).map_err(StepError::terminal)?;
        let count = ids.len();
        let plan = plan_of(&cx.affected);
        let answer = self.remote.execute(&plan, names::method_call(cx, ids)).await;
        let mut answer = answer.map_err(RemoteError::into_step_error)?;
        for nested in std::mem::take(&mut answer.nested) {
            cx.nesting.add_report(nested);
        }
        if let Some(error) = answer.failed {
            return Err(error.into_step_error());
        }
        let (named, left) = (answer.named.iter(), answer.left.iter());
        check_positions(named.map(|it| it.0).chain(left.map(|it| it.0)), count)?;
        Ok(answer)
    }
}

impl DynExtension for Proxy {
    fn descriptor(&self) -> &ExtensionDescriptor {
        &self.descriptor
    }

    fn find<'a>(
        &'a self,
        finder: usize,
        parents: &'a Batch<'a>,
        cx: &'a FindContext,
    ) -> HandlerFuture<'a, Box<dyn DynFound>> {
        Box::pin(async move {
            let (call, parent) = self.find_call(finder, parents, cx)?;
            let found = self.remote.find(call).await;
            let found = found.and_then(|found| ParsedFound::new(parent, &self.descriptor.resource, found));
            found.map(|found| Box::new(found) as Box<dyn DynFound>).map_err(RemoteError::into_step_error)
        })
    }

    fn check<'a>(
        &'a self,
        _check: usize,
        batch: &'a Batch<'a>,
        cx: &'a StepContext,
    ) -> HandlerFuture<'a, Positions<String>> {
        let objections = |answer: MethodAnswer| {
            Ok(answer.named.into_iter().map(|(position, reason)| (position, reason.to_string())).collect())
        };
        self.execute(batch.ids(), cx).map_ok(objections).boxed()
    }

    fn verifies(&self) -> bool {
        false
    }

    /// Always fails: a run on workers has no journal, and verification reads the journal.
    fn verify<'a>(
        &'a self,
        _verify: usize,
        _batch: &'a Batch<'a>,
        _cx: &'a FindContext,
    ) -> HandlerFuture<'a, Positions<()>> {
        let message =
            "verify methods are not called remotely: verify a run in the process that has its journal";
        Box::pin(async move { Err(StepError::terminal(message)) })
    }

    fn begin<'a>(&'a self, _phase: Phase, _method: usize, call: &Invocation<'a, '_>) -> ReplyResult<'a> {
        let InvocationContext::Step(cx) = call.cx else { return call.refused() };
        let called = self.execute(call.ids, cx).map_ok(not_done).boxed();
        Ok(Reply(ReplyKind::Answers(begin(called, &mut Context::from_waker(call.waker)))))
    }
}

/// The instances that a step has not done.
fn not_done(answer: MethodAnswer) -> Answers {
    let failed = answer.named.into_iter();
    let failed = failed.map(|(position, error)| (position, NotDone::Failed(error.into_step_error())));
    let left = answer.left.into_iter().map(|(position, reason)| (position, NotDone::Left(reason)));
    failed.chain(left).collect()
}

/// A proxy for all authorizers together.
pub(super) struct AuthorizerProxy {
    graph: Arc<Graph>,
    remote: Arc<dyn Remote>,
}

impl AuthorizerProxy {
    pub(super) fn new(graph: Arc<Graph>, remote: Arc<dyn Remote>) -> Self {
        Self { graph, remote }
    }

    async fn ask(&self, instances: Instances<'_>) -> Result<Vec<Denial>, StepError> {
        let descriptor = &self.graph.resources[instances.resource].descriptor;
        let ids = &instances.affected.columns[instances.resource].ids;
        let ids = descriptor.write_ids(instances.members.batch(&**ids).ids());
        let ids = ids.map_err(StepError::terminal)?;
        let plan = plan_of(instances.affected);
        let call = AuthorizeCall { resource: instances.resource().to_owned(), ids };
        let denied = self.remote.authorize(&plan, call).await.map_err(RemoteError::into_step_error)?;
        check_positions(denied.iter().map(|(position, _)| *position), instances.len())?;
        Ok(denied.into_iter().map(|(position, reason)| Denial::new(position, reason)).collect())
    }
}

impl Authorizer for AuthorizerProxy {
    fn authorize<'a>(&'a self, instances: Instances<'a>) -> BoxFuture<'a, Result<Vec<Denial>, StepError>> {
        self.ask(instances).boxed()
    }
}

fn plan_of(affected: &Arc<Affected>) -> Plan {
    Plan { affected: Arc::clone(affected), vetoes: Vec::new(), denials: Vec::new() }
}

/// Checks that an answer is only about instances of the call.
fn check_positions(mut positions: impl Iterator<Item = usize>, count: usize) -> Result<(), StepError> {
    match positions.find(|&position| position >= count) {
        None => Ok(()),
        Some(position) => {
            let message = format!("it answered about position {position}, in a batch of {count}");
            Err(RemoteError::fault(message).into_step_error())
        }
    }
}
