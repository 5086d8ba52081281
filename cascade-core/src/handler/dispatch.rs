//! Type erasure of users' methods: above this module, the engine does not know the types of ids.
//!
//! The generic code here depends on the types of ids, answers and errors, but not on the extension or the method. So a
//! crate compiles it once for all methods with the same types.

use std::any::Any;
use std::collections::HashMap;
use std::task::{Context, Poll, Waker};

use futures_util::future::BoxFuture;

use super::call::{Begun, HandlerFuture};
use super::context::{FindContext, StepContext};
use super::found::{DynFound, Found};
use super::outcome::{NotDone, Outcome, Positions, Rows, Veto};
use crate::ids::{BatchIds, ResourceId};
use crate::model::StepError;

/// An extension with its type erased.
pub(crate) type AnyExtension = dyn Any + Send + Sync;

/// The future of a method, boxed.
pub type MethodFuture<'a, R> = BoxFuture<'a, R>;

/// The reply of a method, or an error if the method could not be called.
pub type ReplyResult<'a> = Result<Reply<'a>, StepError>;

/// The reply of a method, which may still be pending.
#[expect(missing_debug_implementations, reason = "no part of the public interface")]
pub struct Reply<'a>(pub(crate) ReplyKind<'a>);

pub(crate) enum ReplyKind<'a> {
    Found(HandlerFuture<'a, Box<dyn DynFound>>),
    Vetoes(HandlerFuture<'a, Positions<String>>),
    /// The instances of the batch that still exist.
    Survivors(HandlerFuture<'a, Positions<()>>),
    /// From an effect, begin or cleanup method, polled once: a method that is ready at once needs no future around its
    /// own.
    Answers(Begun<'a, Answers>),
}

impl<'a> Reply<'a> {
    /// Whether the step has ended and all its instances are done.
    pub(crate) fn is_well(&self) -> bool {
        matches!(&self.0, ReplyKind::Answers(Begun::Ready(Ok(not_done))) if not_done.is_empty())
    }

    /// The reply of a finder.
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

/// The instances of a step that are not done, by position in the batch.
pub(crate) type Answers = Vec<(usize, NotDone)>;

/// The arguments of one call of a method. Made once per step and passed by reference: copying a value that was just
/// written is slower than reading it.
#[expect(missing_debug_implementations, reason = "no part of the public interface")]
pub struct Invocation<'a, 'w> {
    pub(crate) ids: BatchIds<'a>,
    pub(crate) cx: InvocationContext<'a>,
    /// The waker for the first poll of a step.
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

    /// The error for an unknown method or for ids of another type. Returned in place of a panic: the validation of the
    /// graph makes sure that it cannot occur.
    #[cold]
    #[inline(never)]
    pub fn refused(&self) -> ReplyResult<'a> {
        Err(not_callable())
    }

    /// The reply of a check.
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

    /// The reply of a verify method.
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

    /// The reply of an effect, begin or cleanup method. Polls the method once.
    #[expect(clippy::unnecessary_wraps, reason = "callers return it as it is, without a copy")]
    pub(crate) fn outcome<Id: ResourceId, T: 'static, X: 'static>(
        &self,
        mut called: MethodFuture<'a, Result<T, X>>,
        outcome: fn(T) -> Outcome<Id>,
        error: fn(X) -> StepError,
    ) -> ReplyResult<'a> {
        let begun = match called.as_mut().poll(&mut Context::from_waker(self.waker)) {
            Poll::Ready(Ok(answer)) => Begun::Ready(answers(self.ids, outcome(answer))),
            Poll::Ready(Err(failed)) => Begun::Ready(Err(error(failed))),
            Poll::Pending => {
                let ids = self.ids;
                Begun::Pending(Box::pin(async move {
                    match called.await {
                        Ok(answer) => answers(ids, outcome(answer)),
                        Err(failed) => Err(error(failed)),
                    }
                }))
            }
        };
        Ok(Reply(ReplyKind::Answers(begun)))
    }
}

/// The reply of an effect, begin or cleanup method.
pub(crate) fn begun(reply: ReplyResult<'_>) -> Begun<'_, Answers> {
    match reply {
        Ok(Reply(ReplyKind::Answers(begun))) => begun,
        other => Begun::Ready(Err(unexpected_reply(other))),
    }
}

/// The error for a reply that is an error or of an unexpected kind.
pub(crate) fn unexpected_reply(reply: ReplyResult<'_>) -> StepError {
    reply.err().unwrap_or_else(not_callable)
}

/// Downcasts the extension. The error is returned in place of a panic: a method is only called on the extension that it
/// was declared with.
pub(crate) fn typed<E: 'static>(extension: Option<&AnyExtension>) -> Result<&E, StepError> {
    extension.and_then(|extension| extension.downcast_ref()).ok_or_else(other_extension)
}

#[cold]
fn other_extension() -> StepError {
    StepError::terminal("the method belongs to another extension")
}

#[cold]
pub(crate) fn not_callable() -> StepError {
    StepError::terminal("the extension has no such method for ids of this type")
}

/// The instances of an outcome that are not done, by position in the batch.
fn answers<Id: ResourceId>(batch: BatchIds<'_>, outcome: Outcome<Id>) -> Result<Answers, StepError> {
    let (not_done, rows) = outcome.into_parts();
    if not_done.is_empty() && rows.is_none() {
        return Ok(Vec::new());
    }
    let batch = batch.typed::<Id>().ok_or_else(not_callable)?;
    if let Some(Rows(rows)) = rows
        && rows > batch.len() as u64
    {
        return Err(too_many_rows(rows, batch.len()));
    }
    positions(batch, not_done).map_err(|unknown| {
        StepError::terminal(format!("it answered about `{unknown}`, which was not in its batch"))
    })
}

fn too_many_rows(rows: u64, instances: usize) -> StepError {
    StepError::terminal(format!(
        "it changed {rows} rows for {instances} instances: its statement reaches rows that the plan does not have, and they \
         are changed now, unless the method rolled back its transaction"
    ))
}

/// The position of each named id in the batch. The error is the first id that is not in the batch.
///
/// Makes a map on each call, because only instances that are not done, vetoes and survivors are looked up: most calls have none.
fn positions<Id: ResourceId, T>(batch: &[Id], named: impl IntoIterator<Item = (Id, T)>) -> Positions<T> {
    let by_id: HashMap<&Id, usize> = batch.iter().enumerate().map(|(position, id)| (id, position)).collect();
    named
        .into_iter()
        .map(|(id, value)| by_id.get(&id).map(|&position| (position, value)).ok_or_else(|| id.to_string()))
        .collect()
}
