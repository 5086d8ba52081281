//! An extension as the engine sees it: with its type and the types of its ids erased.

use std::future::poll_fn;
use std::sync::Arc;
use std::task::{Poll, Waker};

use super::generated::Annotated;
use super::untyped::{MethodImpl, UntypedDeclaration};
use crate::handler::{
    Answers, AnyExtension, Begun, DynFound, FindContext, HandlerFuture, Invocation, InvocationContext,
    Positions, Reply, ReplyKind, ReplyResult, StepContext, begun, unexpected_reply,
};
use crate::ids::{Batch, BatchIds};
use crate::model::{ExtensionDescriptor, Phase};

/// An extension with its methods. A method is named by its index in the list of its phase in the descriptor.
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

    /// Whether [`verify`](Self::verify) can be called.
    fn verifies(&self) -> bool {
        true
    }

    /// Finds the instances of the batch that still exist.
    fn verify<'a>(
        &'a self,
        verify: usize,
        batch: &'a Batch<'a>,
        cx: &'a FindContext,
    ) -> HandlerFuture<'a, Positions<()>>;

    /// Calls an effect, begin or cleanup method and polls it once.
    fn begin<'a>(&'a self, phase: Phase, method: usize, call: &Invocation<'a, '_>) -> ReplyResult<'a>;
}

impl dyn DynExtension + '_ {
    /// Calls an effect, begin or cleanup method.
    pub(crate) fn act<'a>(
        &'a self,
        phase: Phase,
        method: usize,
        ids: BatchIds<'a>,
        cx: &'a StepContext,
    ) -> HandlerFuture<'a, Answers> {
        Box::pin(async move {
            let reply = poll_fn(|task| {
                let call = Invocation { ids, cx: InvocationContext::Step(cx), waker: task.waker() };
                Poll::Ready(self.begin(phase, method, &call))
            });
            match begun(reply.await) {
                Begun::Ready(result) => result,
                Begun::Pending(future) => future.await,
            }
        })
    }
}

/// The value of an extension with its declaration.
pub(crate) struct Bound {
    /// The extension, for methods that were declared by hand; `None` if there are none.
    pub(crate) extension: Option<Arc<AnyExtension>>,
    /// The extension, for methods under `#[cascade]`; `None` if there are none.
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

    fn begin<'a>(&'a self, phase: Phase, method: usize, call: &Invocation<'a, '_>) -> ReplyResult<'a> {
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

/// A future that fails, for a reply that is an error or of an unexpected kind.
fn refused<'a, T: Send + 'a>(reply: ReplyResult<'_>) -> HandlerFuture<'a, T> {
    let error = unexpected_reply(reply);
    Box::pin(async { Err(error) })
}
