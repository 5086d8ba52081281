//! Users' typed methods behind untyped ones: here the types of ids end.
//!
//! What is generic here is so over ids, answers and errors alone, not over the extension or the method: it is compiled
//! once in a crate for all methods that take and answer the same types.

use std::any::Any;
use std::collections::HashMap;
use std::task::{Context, Poll, Waker};

use futures_util::future::BoxFuture;

use super::call::{Begun, HandlerFuture};
use super::context::{FindContext, StepContext};
use super::found::{DynFound, Found};
use super::outcome::{Outcome, Positions, Veto};
use crate::ids::{BatchIds, ResourceId};
use crate::model::StepError;

/// An extension whose type the engine does not know.
pub(crate) type AnyExtension = dyn Any + Send + Sync;

/// A method that was called: the user's own future, boxed.
pub type MethodFuture<'a, R> = BoxFuture<'a, R>;

/// What comes of a call. An error where the method could not be called.
pub type ReplyResult<'a> = Result<Reply<'a>, StepError>;

/// What a method answers, or will answer, by its kind.
#[expect(missing_debug_implementations, reason = "no part of the public interface")]
pub struct Reply<'a>(pub(crate) ReplyKind<'a>);

pub(crate) enum ReplyKind<'a> {
    Found(HandlerFuture<'a, Box<dyn DynFound>>),
    Vetoes(HandlerFuture<'a, Positions<String>>),
    /// Which of the batch are still there.
    Survivors(HandlerFuture<'a, Positions<()>>),
    /// Of an effect, a begin or a cleanup method, polled once: what ends at once needs no future around the user's.
    Failures(Begun<'a, Failures>),
}

impl<'a> Reply<'a> {
    /// Whether a step has ended, and nothing failed.
    pub(crate) fn is_well(&self) -> bool {
        matches!(&self.0, ReplyKind::Failures(Begun::ReplyResult(Ok(failures))) if failures.is_empty())
    }

    /// That of a finder.
    pub(crate) fn found<P: ResourceId, C: ResourceId, T: 'static, X: 'static>(
        called: MethodFuture<'a, Result<T, X>>,
        found: fn(T) -> Found<P, C>,
        error: fn(X) -> StepError,
    ) -> Self {
        Self(ReplyKind::Found(Box::pin(async move {
            match called.await {
                Ok(answer) => Ok(Box::new(found(answer)) as Box<dyn DynFound>),
                Err(failed) => Err(error(failed)),
            }
        })))
    }
}

/// The failures of a step, by position in the batch.
pub(crate) type Failures = Vec<(usize, StepError)>;

/// A call of one method: what it is asked about, and who polls it. Made once where a step starts, and lent from there on:
/// to copy what was written a moment ago takes longer than to read it.
#[expect(missing_debug_implementations, reason = "no part of the public interface")]
pub struct Invocation<'a, 'w> {
    pub(crate) ids: BatchIds<'a>,
    pub(crate) cx: InvocationContext<'a>,
    /// Who polls a step for the first time.
    pub(crate) waker: &'w Waker,
}

#[derive(Clone, Copy)]
pub(crate) enum InvocationContext<'a> {
    Find(&'a FindContext),
    Step(&'a StepContext),
}

impl<'a> Invocation<'a, '_> {
    /// The ids and the context for a finder or a verify method.
    pub(crate) fn to_find<Id: ResourceId>(&self) -> Option<(&'a [Id], &'a FindContext)> {
        match self.cx {
            InvocationContext::Find(cx) => Some((self.ids.typed()?, cx)),
            InvocationContext::Step(_) => None,
        }
    }

    /// The ids and the context for any other method.
    pub(crate) fn to_step<Id: ResourceId>(&self) -> Option<(&'a [Id], &'a StepContext)> {
        match self.cx {
            InvocationContext::Step(cx) => Some((self.ids.typed()?, cx)),
            InvocationContext::Find(_) => None,
        }
    }

    /// There is no such method, or not for such ids. The graph is checked for it, so that this error is never seen; it
    /// stands in for a panic.
    #[cold]
    #[inline(never)]
    pub fn refused(&self) -> ReplyResult<'a> {
        Err(not_callable())
    }

    /// The answer of a check.
    pub(crate) fn vetoes<Id: ResourceId, T: 'static, X: 'static>(
        &self,
        called: MethodFuture<'a, Result<T, X>>,
        vetoes: fn(T) -> Vec<Veto<Id>>,
        error: fn(X) -> StepError,
    ) -> ReplyResult<'a> {
        let Some(ids) = self.ids.typed::<Id>() else { return self.refused() };
        Ok(Reply(ReplyKind::Vetoes(Box::pin(async move {
            let vetoes = vetoes(called.await.map_err(error)?);
            if vetoes.is_empty() {
                return Ok(Ok(Vec::new()));
            }
            Ok(positions(ids, vetoes.into_iter().map(Veto::into_parts)))
        }))))
    }

    /// The answer of a verify method.
    pub(crate) fn survivors<Id: ResourceId, T: 'static, X: 'static>(
        &self,
        called: MethodFuture<'a, Result<T, X>>,
        survivors: fn(T) -> Vec<Id>,
        error: fn(X) -> StepError,
    ) -> ReplyResult<'a> {
        let Some(ids) = self.ids.typed::<Id>() else { return self.refused() };
        Ok(Reply(ReplyKind::Survivors(Box::pin(async move {
            let survivors = survivors(called.await.map_err(error)?);
            Ok(positions(ids, survivors.into_iter().map(|id| (id, ()))))
        }))))
    }

    /// The answer of an effect, a begin or a cleanup method.
    #[expect(clippy::unnecessary_wraps, reason = "it is handed on as it is, without a copy")]
    pub(crate) fn outcome<Id: ResourceId, T: 'static, X: 'static>(
        &self,
        mut called: MethodFuture<'a, Result<T, X>>,
        outcome: fn(T) -> Outcome<Id>,
        error: fn(X) -> StepError,
    ) -> ReplyResult<'a> {
        let begun = match called.as_mut().poll(&mut Context::from_waker(self.waker)) {
            Poll::Ready(Ok(answer)) => Begun::ReplyResult(failures(self.ids, outcome(answer))),
            Poll::Ready(Err(failed)) => Begun::ReplyResult(Err(error(failed))),
            Poll::Pending => {
                let ids = self.ids;
                Begun::Going(Box::pin(async move {
                    match called.await {
                        Ok(answer) => failures(ids, outcome(answer)),
                        Err(failed) => Err(error(failed)),
                    }
                }))
            }
        };
        Ok(Reply(ReplyKind::Failures(begun)))
    }
}

/// The failures of a step that was begun.
pub(crate) fn begun(answer: ReplyResult<'_>) -> Begun<'_, Failures> {
    match answer {
        Ok(Reply(ReplyKind::Failures(begun))) => begun,
        other => Begun::ReplyResult(Err(why_refused(other))),
    }
}

/// What an answer of another kind says, or an error.
pub(crate) fn why_refused(answer: ReplyResult<'_>) -> StepError {
    answer.err().unwrap_or_else(not_callable)
}

/// The extension as what it is. A method is only called on an extension that was declared with it, so that this error is
/// never seen; it stands in for a panic.
pub(crate) fn typed<E: 'static>(extension: Option<&AnyExtension>) -> Result<&E, StepError> {
    extension.and_then(|extension| extension.downcast_ref()).ok_or_else(other_extension)
}

#[cold]
fn other_extension() -> StepError {
    StepError::terminal("the method is not one of this extension")
}

#[cold]
pub(crate) fn not_callable() -> StepError {
    StepError::terminal("the extension has no such method for such ids")
}

/// The failures of an outcome, by position in the batch.
fn failures<Id: ResourceId>(batch: BatchIds<'_>, outcome: Outcome<Id>) -> Result<Failures, StepError> {
    let failures = outcome.into_failures();
    if failures.is_empty() {
        return Ok(Vec::new());
    }
    let batch = batch.typed::<Id>().ok_or_else(not_callable)?;
    positions(batch, failures).map_err(|stranger| {
        StepError::terminal(format!("it reported `{stranger}` as failed, which was not in its batch"))
    })
}

/// Where in the batch the named ids stand. Only failures, vetoes and survivors are looked up, so this is a map made when
/// there is one, not a table kept.
fn positions<Id: ResourceId, T>(batch: &[Id], named: impl IntoIterator<Item = (Id, T)>) -> Positions<T> {
    let by_id: HashMap<&Id, usize> = batch.iter().enumerate().map(|(position, id)| (id, position)).collect();
    named
        .into_iter()
        .map(|(id, value)| by_id.get(&id).map(|&position| (position, value)).ok_or_else(|| id.to_string()))
        .collect()
}
