//! An extension as the engine sees it: without the types of its ids.

use std::future::poll_fn;
use std::task::{Context, Poll};

use crate::adapt::{AnyEffect, AnyExtension};
use crate::call::Begun;
use crate::context::{FindContext, StepContext};
use crate::declare::{ExtensionDescriptor, HandlerFuture, Phase};
use crate::error::StepError;
use crate::found::DynFound;
use crate::intern::{Batch, Ids};
use crate::outcome::Positions;
use crate::untyped::UntypedDeclaration;

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
    fn begin<'a>(
        &'a self,
        method: (Phase, usize),
        ids: Ids<'a>,
        cx: &'a StepContext,
        task: &mut Context<'_>,
    ) -> Begun<'a, Vec<(usize, StepError)>>;
}

impl dyn DynExtension + '_ {
    /// Calls an effect, a begin or a cleanup method.
    pub(crate) fn act<'a>(
        &'a self,
        method: (Phase, usize),
        ids: Ids<'a>,
        cx: &'a StepContext,
    ) -> HandlerFuture<'a, Vec<(usize, StepError)>> {
        Box::pin(async move {
            match poll_fn(|task| Poll::Ready(self.begin(method, ids, cx, task))).await {
                Begun::Answered(answer) => answer,
                Begun::Going(future) => future.await,
            }
        })
    }
}

/// An extension's value with its declaration.
pub(crate) struct Bound {
    pub(crate) extension: Box<AnyExtension>,
    pub(crate) declaration: UntypedDeclaration,
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
        match self.declaration.finders.get(finder) {
            Some(finder) => finder.find(&*self.extension, parents, cx),
            None => Box::pin(async move { Err(no_method("finder", finder)) }),
        }
    }

    fn check<'a>(
        &'a self,
        check: usize,
        batch: &'a Batch<'a>,
        cx: &'a StepContext,
    ) -> HandlerFuture<'a, Positions<String>> {
        match self.declaration.checks.get(check) {
            Some(check) => check.check(&*self.extension, batch, cx),
            None => Box::pin(async move { Err(no_method("check", check)) }),
        }
    }

    fn verify<'a>(
        &'a self,
        verify: usize,
        batch: &'a Batch<'a>,
        cx: &'a FindContext,
    ) -> HandlerFuture<'a, Positions<()>> {
        match self.declaration.verifies.get(verify) {
            Some(verify) => verify.verify(&*self.extension, batch, cx),
            None => Box::pin(async move { Err(no_method("verify method", verify)) }),
        }
    }

    fn begin<'a>(
        &'a self,
        (phase, method): (Phase, usize),
        ids: Ids<'a>,
        cx: &'a StepContext,
        task: &mut Context<'_>,
    ) -> Begun<'a, Vec<(usize, StepError)>> {
        let UntypedDeclaration { effects, begins, cleanups, .. } = &self.declaration;
        let methods: &[Box<dyn AnyEffect>] = match phase {
            Phase::Check | Phase::Verify => &[],
            Phase::Begin => begins,
            Phase::Effect => effects,
            Phase::Cleanup => cleanups,
        };
        match methods.get(method) {
            Some(effect) => effect.begin(&*self.extension, ids, cx, task),
            None => Begun::Answered(Err(no_method("effect", method))),
        }
    }
}

/// The graph only names methods that were declared, so that this error is never seen; it stands in for a panic.
fn no_method(kind: &str, index: usize) -> StepError {
    StepError::terminal(format!("the extension has no {kind} number {index}"))
}
