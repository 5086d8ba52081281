//! An extension as the engine sees it: without the types of its ids.

use std::future::poll_fn;
use std::sync::Arc;
use std::task::{Poll, Waker};

use super::generated::Annotated;
use super::untyped::{MethodImpl, UntypedDeclaration};
use crate::handler::{
    AnyExtension, Begun, DynFound, FindContext, HandlerFuture, Invocation, InvocationContext, Positions,
    Reply, ReplyKind, ReplyResult, StepContext, begun, unexpected_reply,
};
use crate::ids::{Batch, BatchIds};
use crate::model::{ExtensionDescriptor, Phase, StepError};

/// One extension with its methods, object-safe. Methods are named by their place in the descriptor's lists.
pub(crate) trait DynExtension: Send + Sync {
    fn descriptor(&self) -> &ExtensionDescriptor;

    fn find<'a>(
        &'a self,
        finder: usize,
        parents: &'a Batch<'a>,
        cx: &'a FindContext,
    ) -> HandlerFuture<'a, Box<dyn DynFound>>;

    fn check<'a>(
        &'a self,
        check: usize,
        batch: &'a Batch<'a>,
        cx: &'a StepContext,
    ) -> HandlerFuture<'a, Positions<String>>;

    /// Answers which of the batch are still there.
    fn verify<'a>(
        &'a self,
        verify: usize,
        batch: &'a Batch<'a>,
        cx: &'a FindContext,
    ) -> HandlerFuture<'a, Positions<()>>;

    /// Calls an effect, a begin or a cleanup method, and polls it once.
    fn begin<'a>(&'a self, method: (Phase, usize), call: &Invocation<'a, '_>) -> ReplyResult<'a>;
}

impl dyn DynExtension + '_ {
    /// Calls an effect, a begin or a cleanup method.
    pub(crate) fn act<'a>(
        &'a self,
        method: (Phase, usize),
        ids: BatchIds<'a>,
        cx: &'a StepContext,
    ) -> HandlerFuture<'a, Vec<(usize, StepError)>> {
        Box::pin(async move {
            let answer = poll_fn(|task| {
                let call = Invocation { ids, cx: InvocationContext::Step(cx), waker: task.waker() };
                Poll::Ready(self.begin(method, &call))
            });
            match begun(answer.await) {
                Begun::Ready(answer) => answer,
                Begun::Pending(future) => future.await,
            }
        })
    }
}

/// An extension's value with its declaration.
pub(crate) struct Bound {
    /// What methods that were declared by hand are called on; `None` where there are none.
    pub(crate) extension: Option<Arc<AnyExtension>>,
    /// What calls the methods that `#[cascade]` stands on; `None` where there are none.
    pub(crate) annotated: Option<Box<dyn Annotated>>,
    pub(crate) declaration: UntypedDeclaration,
}

impl Bound {
    fn call<'a>(
        &'a self,
        methods: &'a [MethodImpl],
        index: usize,
        call: &Invocation<'a, '_>,
    ) -> ReplyResult<'a> {
        match (methods.get(index), &self.annotated) {
            (Some(MethodImpl::Annotated(method)), Some(annotated)) => annotated.call(*method, call),
            (Some(MethodImpl::ByHand(method)), _) => method(self.extension.as_deref(), call),
            (Some(MethodImpl::Annotated(_)) | None, _) => call.refused(),
        }
    }
}

impl DynExtension for Bound {
    fn descriptor(&self) -> &ExtensionDescriptor {
        &self.declaration.descriptor
    }

    fn find<'a>(
        &'a self,
        finder: usize,
        parents: &'a Batch<'a>,
        cx: &'a FindContext,
    ) -> HandlerFuture<'a, Box<dyn DynFound>> {
        let call = Invocation { ids: parents.ids(), cx: InvocationContext::Find(cx), waker: Waker::noop() };
        match self.call(&self.declaration.finders, finder, &call) {
            Ok(Reply(ReplyKind::Found(found))) => found,
            other => refused(other),
        }
    }

    fn check<'a>(
        &'a self,
        check: usize,
        batch: &'a Batch<'a>,
        cx: &'a StepContext,
    ) -> HandlerFuture<'a, Positions<String>> {
        let call = Invocation { ids: batch.ids(), cx: InvocationContext::Step(cx), waker: Waker::noop() };
        match self.call(&self.declaration.checks, check, &call) {
            Ok(Reply(ReplyKind::Vetoes(vetoes))) => vetoes,
            other => refused(other),
        }
    }

    fn verify<'a>(
        &'a self,
        verify: usize,
        batch: &'a Batch<'a>,
        cx: &'a FindContext,
    ) -> HandlerFuture<'a, Positions<()>> {
        let call = Invocation { ids: batch.ids(), cx: InvocationContext::Find(cx), waker: Waker::noop() };
        match self.call(&self.declaration.verifies, verify, &call) {
            Ok(Reply(ReplyKind::Survivors(survivors))) => survivors,
            other => refused(other),
        }
    }

    fn begin<'a>(&'a self, (phase, method): (Phase, usize), call: &Invocation<'a, '_>) -> ReplyResult<'a> {
        let UntypedDeclaration { effects, begins, cleanups, .. } = &self.declaration;
        let methods: &[MethodImpl] = match phase {
            Phase::Check | Phase::Verify => &[],
            Phase::Begin => begins,
            Phase::Effect => effects,
            Phase::Cleanup => cleanups,
        };
        self.call(methods, method, call)
    }
}

/// The answer of a method that could not be called.
fn refused<'a, T: Send + 'a>(answer: ReplyResult<'_>) -> HandlerFuture<'a, T> {
    let error = unexpected_reply(answer);
    Box::pin(async { Err(error) })
}
