//! What an annotated method takes and answers, and where it comes from. `#[cascade]` asks for these traits where the user wrote the types, so
//! that a wrong one is reported there, in words of ours.

use super::context::{FindContext, OperationContext, StepContext};
use super::dispatch::Invocation;
use crate::ids::ResourceId;
use crate::model::{Operation, StepError};

/// Says that a type is `Id`, the id of the resource in question.
#[diagnostic::on_unimplemented(
    message = "the ids here are `{Id}`, not `{Self}`",
    label = "expected `{Id}`",
    note = "a finder takes the ids of the edge's parent, all other methods those of their own resource"
)]
pub trait Ids<Id>: Sized {
    /// The same ids.
    fn these(ids: &[Id]) -> &[Self];

    /// The ids and the context for a finder or a verify method.
    #[doc(hidden)]
    #[inline(never)]
    fn to_find<'a>(call: &Invocation<'a, '_>) -> Option<(&'a [Self], &'a FindContext)>
    where
        Id: ResourceId,
    {
        let (ids, cx) = call.to_find()?;
        Some((Self::these(ids), cx))
    }

    /// The ids and the context for any other method.
    #[doc(hidden)]
    #[inline(never)]
    fn to_step<'a>(call: &Invocation<'a, '_>) -> Option<(&'a [Self], &'a StepContext)>
    where
        Id: ResourceId,
    {
        let (ids, cx) = call.to_step()?;
        Some((Self::these(ids), cx))
    }
}

#[diagnostic::do_not_recommend]
impl<Id> Ids<Id> for Id {
    fn these(ids: &[Id]) -> &[Self] {
        ids
    }
}

/// Says that a type is `O`, the operation that a method is for.
#[diagnostic::on_unimplemented(
    message = "this method is for the operation `{O}`, not for `{Self}`",
    label = "expected `{O}`",
    note = "behind the ids, a method takes the context and the operation that its attribute names"
)]
pub trait TheOperation<O>: Sized {
    /// The operation of the cascade.
    fn of<Cx: OperationContext>(cx: &Cx) -> Result<&Self, StepError>;
}

#[diagnostic::do_not_recommend]
impl<O: Operation> TheOperation<O> for O {
    fn of<Cx: OperationContext>(cx: &Cx) -> Result<&Self, StepError> {
        cx.expect_operation()
    }
}

/// Says that a type is the resource `E`, the edge that it was taken for by its name.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not among the edges",
    label = "did you mean `{E}`?",
    note = "`{E}` is an edge; if both are, add `{Self}` to `edges`"
)]
pub trait TheEdge<E> {
    /// There to be asked for.
    const IS_EDGE: () = ();
}

#[diagnostic::do_not_recommend]
impl<E> TheEdge<E> for E {}

/// What a method answers: a `Result`.
#[diagnostic::on_unimplemented(
    message = "a method under `#[cascade]` answers with a `Result`, not with `{Self}`",
    label = "not a `Result`"
)]
pub trait MethodResult {
    /// What is in it.
    type Value;
    /// The error in it.
    type Error;
    /// The same.
    fn into_result(self) -> Result<Self::Value, Self::Error>;
}

#[diagnostic::do_not_recommend]
impl<T, E> MethodResult for Result<T, E> {
    type Value = T;
    type Error = E;

    fn into_result(self) -> Self {
        self
    }
}

/// What a method fails with: [`StepError`], or what turns into it by `?`.
#[diagnostic::on_unimplemented(
    message = "a method under `#[cascade]` cannot fail with `{Self}`",
    label = "does not turn into `StepError`",
    note = "implement `std::error::Error` for it; it must be `Send + Sync + 'static` too"
)]
pub trait MethodError: Sized {
    /// The same as an error of ours.
    fn into_step_error(self) -> StepError;
}

#[diagnostic::do_not_recommend]
impl<E: Into<StepError>> MethodError for E {
    fn into_step_error(self) -> StepError {
        self.into()
    }
}
