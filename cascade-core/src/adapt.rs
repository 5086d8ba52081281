//! Users' typed methods behind untyped ones: here the types of ids end.

use std::any::type_name;
use std::collections::HashMap;
use std::marker::PhantomData;
use std::task::{Context, Poll};

use crate::call::Begun;
use crate::context::{FindContext, StepContext};
use crate::declare::HandlerFuture;
use crate::error::StepError;
use crate::intern::{Batch, Ids};
use crate::outcome::{DynFound, Found, Outcome, Positions, Veto};
use crate::resource::ResourceId;

/// The ids of a batch do not have the type that was declared. The graph is checked for it, so that this error is
/// never seen; it stands in for a panic.
fn wrong_ids<'a, Id: 'static, T>() -> HandlerFuture<'a, T>
where
    T: Send + 'a,
{
    Box::pin(async {
        Err(StepError::terminal(format!("the ids asked about are not of type {}", type_name::<Id>())))
    })
}

pub(crate) trait AnyFinder<E>: Send + Sync {
    fn find<'a>(
        &'a self,
        extension: &'a E,
        parents: &'a Batch<'a>,
        cx: &'a FindContext,
    ) -> HandlerFuture<'a, Box<dyn DynFound>>;
}

pub(crate) struct TypedFinder<P, C, F> {
    find: F,
    ids: PhantomData<fn() -> (P, C)>,
}

impl<P, C, F> TypedFinder<P, C, F> {
    pub(crate) fn new(find: F) -> Self {
        Self { find, ids: PhantomData }
    }
}

impl<E, P, C, F> AnyFinder<E> for TypedFinder<P, C, F>
where
    E: Sync + 'static,
    P: ResourceId,
    C: ResourceId,
    F: for<'a> Fn(&'a E, &'a [P], &'a FindContext) -> HandlerFuture<'a, Found<P, C>> + Send + Sync,
{
    fn find<'a>(
        &'a self,
        extension: &'a E,
        parents: &'a Batch<'a>,
        cx: &'a FindContext,
    ) -> HandlerFuture<'a, Box<dyn DynFound>> {
        let Some(ids) = parents.typed::<P>() else { return wrong_ids::<P, _>() };
        let found = (self.find)(extension, ids, cx);
        Box::pin(async { Ok(Box::new(found.await?) as Box<dyn DynFound>) })
    }
}

pub(crate) trait AnyCheck<E>: Send + Sync {
    fn check<'a>(
        &'a self,
        extension: &'a E,
        batch: &'a Batch<'a>,
        cx: &'a StepContext,
    ) -> HandlerFuture<'a, Positions<String>>;
}

pub(crate) struct TypedCheck<Id, F> {
    check: F,
    ids: PhantomData<fn() -> Id>,
}

impl<Id, F> TypedCheck<Id, F> {
    pub(crate) fn new(check: F) -> Self {
        Self { check, ids: PhantomData }
    }
}

impl<E, Id, F> AnyCheck<E> for TypedCheck<Id, F>
where
    E: Sync + 'static,
    Id: ResourceId,
    F: for<'a> Fn(&'a E, &'a [Id], &'a StepContext) -> HandlerFuture<'a, Vec<Veto<Id>>> + Send + Sync,
{
    fn check<'a>(
        &'a self,
        extension: &'a E,
        batch: &'a Batch<'a>,
        cx: &'a StepContext,
    ) -> HandlerFuture<'a, Positions<String>> {
        let Some(ids) = batch.typed::<Id>() else { return wrong_ids::<Id, _>() };
        let vetoes = (self.check)(extension, ids, cx);
        Box::pin(async {
            let vetoes = vetoes.await?;
            if vetoes.is_empty() {
                return Ok(Ok(Vec::new()));
            }
            Ok(positions(ids, vetoes.into_iter().map(Veto::into_parts)))
        })
    }
}

pub(crate) trait AnyVerify<E>: Send + Sync {
    /// Answers which of the batch are still there.
    fn verify<'a>(
        &'a self,
        extension: &'a E,
        batch: &'a Batch<'a>,
        cx: &'a FindContext,
    ) -> HandlerFuture<'a, Positions<()>>;
}

pub(crate) struct TypedVerify<Id, F> {
    verify: F,
    ids: PhantomData<fn() -> Id>,
}

impl<Id, F> TypedVerify<Id, F> {
    pub(crate) fn new(verify: F) -> Self {
        Self { verify, ids: PhantomData }
    }
}

impl<E, Id, F> AnyVerify<E> for TypedVerify<Id, F>
where
    E: Sync + 'static,
    Id: ResourceId,
    F: for<'a> Fn(&'a E, &'a [Id], &'a FindContext) -> HandlerFuture<'a, Vec<Id>> + Send + Sync,
{
    fn verify<'a>(
        &'a self,
        extension: &'a E,
        batch: &'a Batch<'a>,
        cx: &'a FindContext,
    ) -> HandlerFuture<'a, Positions<()>> {
        let Some(ids) = batch.typed::<Id>() else { return wrong_ids::<Id, _>() };
        let left = (self.verify)(extension, ids, cx);
        Box::pin(async { Ok(positions(ids, left.await?.into_iter().map(|id| (id, ())))) })
    }
}

pub(crate) trait AnyEffect<E>: Send + Sync {
    /// Calls, and polls once: what ends at once needs no future around the user's.
    fn begin<'a>(
        &'a self,
        extension: &'a E,
        ids: Ids<'a>,
        cx: &'a StepContext,
        task: &mut Context<'_>,
    ) -> Begun<'a, Vec<(usize, StepError)>>;
}

pub(crate) struct TypedEffect<Id, F> {
    act: F,
    ids: PhantomData<fn() -> Id>,
}

impl<Id, F> TypedEffect<Id, F> {
    pub(crate) fn new(act: F) -> Self {
        Self { act, ids: PhantomData }
    }
}

impl<E, Id, F> AnyEffect<E> for TypedEffect<Id, F>
where
    E: Sync + 'static,
    Id: ResourceId,
    F: for<'a> Fn(&'a E, &'a [Id], &'a StepContext) -> HandlerFuture<'a, Outcome<Id>> + Send + Sync,
{
    fn begin<'a>(
        &'a self,
        extension: &'a E,
        ids: Ids<'a>,
        cx: &'a StepContext,
        task: &mut Context<'_>,
    ) -> Begun<'a, Vec<(usize, StepError)>> {
        let Some(ids) = ids.typed::<Id>() else { return Begun::Going(wrong_ids::<Id, _>()) };
        let mut outcome = (self.act)(extension, ids, cx);
        match outcome.as_mut().poll(task) {
            Poll::Ready(outcome) => Begun::Answered(failures(ids, outcome)),
            Poll::Pending => Begun::Going(Box::pin(async { failures(ids, outcome.await) })),
        }
    }
}

/// The failures of an outcome, by position in the batch.
fn failures<Id: ResourceId>(
    batch: &[Id],
    outcome: Result<Outcome<Id>, StepError>,
) -> Result<Vec<(usize, StepError)>, StepError> {
    let failures = outcome?.into_failures();
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
