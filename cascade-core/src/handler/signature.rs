//! The valid parameters, results and errors of methods under `#[cascade]`, as traits. The macro requires these traits
//! at the types that the user wrote, so that the compiler reports a wrong type there, with a message from here.

use super::context::{FindContext, OperationContext, StepContext};
use super::dispatch::Invocation;
use crate::ids::ResourceId;
use crate::model::{Operation, StepError};

/// Implemented only by `Id` itself: a parameter must be a slice of ids of this type.
#[diagnostic::on_unimplemented(
    message = "this method takes ids of type `{Id}`, not `{Self}`",
    label = "expected `{Id}`",
    note = "a finder takes the ids of the edge's parent, all other methods take the ids of their own resource"
)]
pub trait Ids<Id>: Sized {
    /// The same ids, with the type that the method has.
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

/// Implemented only by `O` itself: the parameter must be the operation that the method's attribute names.
#[diagnostic::on_unimplemented(
    message = "this method is for the operation `{O}`, not for `{Self}`",
    label = "expected `{O}`",
    note = "after the ids, a method takes the context and the operation that its attribute names"
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

/// Implemented only by `E` itself: the macro matches a type with the edge `E` by its name, and here the compiler checks
/// that both are the same type.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not among the edges",
    label = "did you mean `{E}`?",
    note = "`{E}` is an edge; if `{Self}` is one too, add it to `edges`"
)]
pub trait TheEdge<E> {
    /// Referenced by the macro to force the check.
    const IS_EDGE: () = ();
}

#[diagnostic::do_not_recommend]
impl<E> TheEdge<E> for E {}

/// Implemented only by `Result`: every method must return one.
#[diagnostic::on_unimplemented(
    message = "a method under `#[cascade]` must return a `Result`, not `{Self}`",
    label = "not a `Result`"
)]
pub trait MethodResult {
    /// The type of the value.
    type Value;
    /// The type of the error.
    type Error;
    /// The result itself.
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

/// The valid errors of a method: [`StepError`], and every type that `?` converts into it.
#[diagnostic::on_unimplemented(
    message = "a method under `#[cascade]` cannot fail with `{Self}`",
    label = "does not convert into `StepError`",
    note = "implement `std::error::Error` for it; it must be `Send + Sync + 'static` too"
)]
pub trait MethodError: Sized {
    /// Converts the error.
    fn into_step_error(self) -> StepError;
}

#[diagnostic::do_not_recommend]
impl<E: Into<StepError>> MethodError for E {
    fn into_step_error(self) -> StepError {
        self.into()
    }
}
