//! Users' typed methods behind untyped ones: here the types of ids end.

use std::any::{Any, type_name};
use std::collections::HashMap;
use std::task::{Context, Poll};

use futures::future::BoxFuture;

use crate::call::Begun;
use crate::context::{FindContext, StepContext};
use crate::declare::HandlerFuture;
use crate::error::StepError;
use crate::found::{DynFound, Found};
use crate::intern::{Batch, Ids};
use crate::outcome::{Outcome, Positions, Veto};
use crate::resource::ResourceId;

/// An extension whose type the engine does not know.
pub type AnyExtension = dyn Any + Send + Sync;

/// A method that was called: the user's own future, boxed. An error where it could not be called.
pub type Called<'a, R> = Result<BoxFuture<'a, R>, StepError>;

/// A finder as a function of an extension of any type, with what makes ids its own, and its answer and its error ours.
pub(crate) type FinderFns<P, C, G, T, X> = (
    for<'a> fn(&'a AnyExtension, &'a [G], &'a FindContext) -> Called<'a, Result<T, X>>,
    for<'a> fn(&'a [P]) -> &'a [G],
    fn(T) -> Found<P, C>,
    fn(X) -> StepError,
);

/// A verify method, as [`FinderFns`].
pub(crate) type VerifyFns<Id, G, T, X> = (
    for<'a> fn(&'a AnyExtension, &'a [G], &'a FindContext) -> Called<'a, Result<T, X>>,
    for<'a> fn(&'a [Id]) -> &'a [G],
    fn(T) -> Vec<Id>,
    fn(X) -> StepError,
);

/// Any other method, where `A` is its answer in the engine's form.
pub(crate) type StepFns<Id, G, A, T, X> = (
    for<'a> fn(&'a AnyExtension, &'a [G], &'a StepContext) -> Called<'a, Result<T, X>>,
    for<'a> fn(&'a [Id]) -> &'a [G],
    fn(T) -> A,
    fn(X) -> StepError,
);

/// A method is only called on an extension that was declared with it, so that this error is never seen; it stands in for
/// a panic.
#[cold]
pub fn other_extension() -> StepError {
    StepError::terminal("the method is not one of this extension")
}

/// The extension as what it is.
pub(crate) fn typed<E: 'static>(extension: &AnyExtension) -> Result<&E, StepError> {
    extension.downcast_ref().ok_or_else(other_extension)
}

/// The ids of a batch as what they are. The graph is checked for it, so that this error is never seen either.
fn typed_ids<Id: ResourceId>(ids: Ids<'_>) -> Result<&[Id], StepError> {
    ids.typed().ok_or_else(|| other_ids(type_name::<Id>()))
}

#[cold]
fn other_ids(expected: &str) -> StepError {
    StepError::terminal(format!("the ids asked about are not of type {expected}"))
}

pub(crate) trait AnyFinder: Send + Sync {
    fn find<'a>(
        &'a self,
        extension: &'a AnyExtension,
        parents: &'a Batch<'a>,
        cx: &'a FindContext,
    ) -> HandlerFuture<'a, Box<dyn DynFound>>;
}

/// A finder with what makes its answer one of ours. The function may be a closure; that of an annotated method is not,
/// so that all methods with the same types share this code.
pub(crate) struct TypedFinder<P, C, F, T, X> {
    call: F,
    found: fn(T) -> Found<P, C>,
    error: fn(X) -> StepError,
}

impl<P, C, F, T, X> TypedFinder<P, C, F, T, X>
where
    F: for<'a> Fn(&'a AnyExtension, &'a [P], &'a FindContext) -> Called<'a, Result<T, X>>,
{
    pub(crate) fn new(call: F, found: fn(T) -> Found<P, C>, error: fn(X) -> StepError) -> Self {
        Self { call, found, error }
    }
}

impl<P, C, F, T, X> AnyFinder for TypedFinder<P, C, F, T, X>
where
    P: ResourceId,
    C: ResourceId,
    F: for<'a> Fn(&'a AnyExtension, &'a [P], &'a FindContext) -> Called<'a, Result<T, X>> + Send + Sync,
    T: 'static,
    X: 'static,
{
    fn find<'a>(
        &'a self,
        extension: &'a AnyExtension,
        parents: &'a Batch<'a>,
        cx: &'a FindContext,
    ) -> HandlerFuture<'a, Box<dyn DynFound>> {
        let called = typed_ids(parents.ids()).and_then(|ids| (self.call)(extension, ids, cx));
        Box::pin(async {
            let found = (self.found)(called?.await.map_err(self.error)?);
            Ok(Box::new(found) as Box<dyn DynFound>)
        })
    }
}

pub(crate) trait AnyCheck: Send + Sync {
    fn check<'a>(
        &'a self,
        extension: &'a AnyExtension,
        batch: &'a Batch<'a>,
        cx: &'a StepContext,
    ) -> HandlerFuture<'a, Positions<String>>;
}

/// As [`TypedFinder`], for a check.
pub(crate) struct TypedCheck<Id, F, T, X> {
    call: F,
    vetoes: fn(T) -> Vec<Veto<Id>>,
    error: fn(X) -> StepError,
}

impl<Id, F, T, X> TypedCheck<Id, F, T, X>
where
    F: for<'a> Fn(&'a AnyExtension, &'a [Id], &'a StepContext) -> Called<'a, Result<T, X>>,
{
    pub(crate) fn new(call: F, vetoes: fn(T) -> Vec<Veto<Id>>, error: fn(X) -> StepError) -> Self {
        Self { call, vetoes, error }
    }
}

impl<Id, F, T, X> AnyCheck for TypedCheck<Id, F, T, X>
where
    Id: ResourceId,
    F: for<'a> Fn(&'a AnyExtension, &'a [Id], &'a StepContext) -> Called<'a, Result<T, X>> + Send + Sync,
    T: 'static,
    X: 'static,
{
    fn check<'a>(
        &'a self,
        extension: &'a AnyExtension,
        batch: &'a Batch<'a>,
        cx: &'a StepContext,
    ) -> HandlerFuture<'a, Positions<String>> {
        let called = typed_ids(batch.ids()).and_then(|ids| Ok((ids, (self.call)(extension, ids, cx)?)));
        Box::pin(async {
            let (ids, called) = called?;
            let vetoes = (self.vetoes)(called.await.map_err(self.error)?);
            if vetoes.is_empty() {
                return Ok(Ok(Vec::new()));
            }
            Ok(positions(ids, vetoes.into_iter().map(Veto::into_parts)))
        })
    }
}

pub(crate) trait AnyVerify: Send + Sync {
    /// Answers which of the batch are still there.
    fn verify<'a>(
        &'a self,
        extension: &'a AnyExtension,
        batch: &'a Batch<'a>,
        cx: &'a FindContext,
    ) -> HandlerFuture<'a, Positions<()>>;
}

/// As [`TypedFinder`], for a verify method.
pub(crate) struct TypedVerify<Id, F, T, X> {
    call: F,
    survivors: fn(T) -> Vec<Id>,
    error: fn(X) -> StepError,
}

impl<Id, F, T, X> TypedVerify<Id, F, T, X>
where
    F: for<'a> Fn(&'a AnyExtension, &'a [Id], &'a FindContext) -> Called<'a, Result<T, X>>,
{
    pub(crate) fn new(call: F, survivors: fn(T) -> Vec<Id>, error: fn(X) -> StepError) -> Self {
        Self { call, survivors, error }
    }
}

impl<Id, F, T, X> AnyVerify for TypedVerify<Id, F, T, X>
where
    Id: ResourceId,
    F: for<'a> Fn(&'a AnyExtension, &'a [Id], &'a FindContext) -> Called<'a, Result<T, X>> + Send + Sync,
    T: 'static,
    X: 'static,
{
    fn verify<'a>(
        &'a self,
        extension: &'a AnyExtension,
        batch: &'a Batch<'a>,
        cx: &'a FindContext,
    ) -> HandlerFuture<'a, Positions<()>> {
        let called = typed_ids(batch.ids()).and_then(|ids| Ok((ids, (self.call)(extension, ids, cx)?)));
        Box::pin(async {
            let (ids, called) = called?;
            let survivors = (self.survivors)(called.await.map_err(self.error)?);
            Ok(positions(ids, survivors.into_iter().map(|id| (id, ()))))
        })
    }
}

pub(crate) trait AnyEffect: Send + Sync {
    /// Calls, and polls once: what ends at once needs no future around the user's.
    fn begin<'a>(
        &'a self,
        extension: &'a AnyExtension,
        ids: Ids<'a>,
        cx: &'a StepContext,
        task: &mut Context<'_>,
    ) -> Begun<'a, Vec<(usize, StepError)>>;
}

/// As [`TypedFinder`], for an effect, a begin or a cleanup method.
pub(crate) struct TypedEffect<Id, F, T, X> {
    call: F,
    outcome: fn(T) -> Outcome<Id>,
    error: fn(X) -> StepError,
}

impl<Id, F, T, X> TypedEffect<Id, F, T, X>
where
    F: for<'a> Fn(&'a AnyExtension, &'a [Id], &'a StepContext) -> Called<'a, Result<T, X>>,
{
    pub(crate) fn new(call: F, outcome: fn(T) -> Outcome<Id>, error: fn(X) -> StepError) -> Self {
        Self { call, outcome, error }
    }
}

impl<Id: ResourceId, F, T, X> TypedEffect<Id, F, T, X> {
    fn failures(&self, ids: &[Id], answer: Result<T, X>) -> Result<Vec<(usize, StepError)>, StepError> {
        match answer {
            Ok(outcome) => failures(ids, (self.outcome)(outcome)),
            Err(error) => Err((self.error)(error)),
        }
    }
}

impl<Id, F, T, X> AnyEffect for TypedEffect<Id, F, T, X>
where
    Id: ResourceId,
    F: for<'a> Fn(&'a AnyExtension, &'a [Id], &'a StepContext) -> Called<'a, Result<T, X>> + Send + Sync,
    T: 'static,
    X: 'static,
{
    fn begin<'a>(
        &'a self,
        extension: &'a AnyExtension,
        ids: Ids<'a>,
        cx: &'a StepContext,
        task: &mut Context<'_>,
    ) -> Begun<'a, Vec<(usize, StepError)>> {
        let (ids, mut called) =
            match typed_ids(ids).and_then(|ids| Ok((ids, (self.call)(extension, ids, cx)?))) {
                Ok(called) => called,
                Err(error) => return Begun::Answered(Err(error)),
            };
        match called.as_mut().poll(task) {
            Poll::Ready(answer) => Begun::Answered(self.failures(ids, answer)),
            Poll::Pending => Begun::Going(Box::pin(async { self.failures(ids, called.await) })),
        }
    }
}

/// The failures of an outcome, by position in the batch.
fn failures<Id: ResourceId>(
    batch: &[Id],
    outcome: Outcome<Id>,
) -> Result<Vec<(usize, StepError)>, StepError> {
    let failures = outcome.into_failures();
    if failures.is_empty() {
        return Ok(Vec::new());
    }
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
