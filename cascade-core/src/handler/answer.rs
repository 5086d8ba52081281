//! The valid return types of methods under `#[cascade]`, as traits. The macro requires these traits at the types that
//! the user wrote, so that the compiler reports a wrong type there.

use super::dispatch::{Invocation, MethodFuture, Reply, ReplyResult};
use super::found::Found;
use super::outcome::{Outcome, Rows, Veto};
use super::per_parent::PerParent;
use super::signature::MethodError;
use crate::ids::ResourceId;

/// The valid values of an effect, begin or cleanup method: `()`, `Rows` or `Outcome<Id>`.
#[diagnostic::on_unimplemented(
    message = "this method cannot return `{Self}`",
    label = "not a valid return type",
    note = "it must return `Result<(), E>`, `Result<Rows, E>` or `Result<Outcome<{Id}>, E>`"
)]
pub trait IntoOutcome<Id> {
    /// Converts the answer to the engine's type.
    fn into_outcome(self) -> Outcome<Id>;

    /// Converts a call that returns this type to the engine's reply.
    #[doc(hidden)]
    #[inline(never)]
    fn answered<'a, X: MethodError + 'static>(
        call: &Invocation<'a, '_>,
        called: MethodFuture<'a, Result<Self, X>>,
    ) -> ReplyResult<'a>
    where
        Self: Sized + 'static,
        Id: ResourceId,
    {
        call.outcome(called, Self::into_outcome, X::into_step_error)
    }
}

#[diagnostic::do_not_recommend]
impl<Id> IntoOutcome<Id> for () {
    fn into_outcome(self) -> Outcome<Id> {
        Outcome::done()
    }
}

#[diagnostic::do_not_recommend]
impl<Id> IntoOutcome<Id> for Rows {
    fn into_outcome(self) -> Outcome<Id> {
        Outcome::done().rows(self.0)
    }
}

#[diagnostic::do_not_recommend]
impl<Id> IntoOutcome<Id> for Outcome<Id> {
    fn into_outcome(self) -> Outcome<Id> {
        self
    }
}

/// The valid value of a check: `Vec<Veto<Id>>`.
#[diagnostic::on_unimplemented(
    message = "this check cannot return `{Self}`",
    label = "not a valid return type",
    note = "it must return `Result<Vec<Veto<{Id}>>, E>`: a veto for each instance it objects to"
)]
pub trait IntoVetoes<Id> {
    /// Converts the answer to the engine's type.
    fn into_vetoes(self) -> Vec<Veto<Id>>;

    /// Converts a call that returns this type to the engine's reply.
    #[doc(hidden)]
    #[inline(never)]
    fn answered<'a, X: MethodError + 'static>(
        call: &Invocation<'a, '_>,
        called: MethodFuture<'a, Result<Self, X>>,
    ) -> ReplyResult<'a>
    where
        Self: Sized + 'static,
        Id: ResourceId,
    {
        call.vetoes(called, Self::into_vetoes, X::into_step_error)
    }
}

#[diagnostic::do_not_recommend]
impl<Id> IntoVetoes<Id> for Vec<Veto<Id>> {
    fn into_vetoes(self) -> Vec<Veto<Id>> {
        self
    }
}

/// The valid value of a verify method: `Vec<Id>`.
#[diagnostic::on_unimplemented(
    message = "this verify method cannot return `{Self}`",
    label = "not a valid return type",
    note = "it must return `Result<Vec<{Id}>, E>`: the instances that still exist"
)]
pub trait IntoSurvivors<Id> {
    /// Converts the answer to the engine's type.
    fn into_survivors(self) -> Vec<Id>;

    /// Converts a call that returns this type to the engine's reply.
    #[doc(hidden)]
    #[inline(never)]
    fn answered<'a, X: MethodError + 'static>(
        call: &Invocation<'a, '_>,
        called: MethodFuture<'a, Result<Self, X>>,
    ) -> ReplyResult<'a>
    where
        Self: Sized + 'static,
        Id: ResourceId,
    {
        call.survivors(called, Self::into_survivors, X::into_step_error)
    }
}

#[diagnostic::do_not_recommend]
impl<Id> IntoSurvivors<Id> for Vec<Id> {
    fn into_survivors(self) -> Self {
        self
    }
}

/// The valid values of a finder, for parents with ids of type `P` and children with ids of type `C`: `Vec<(P, C)>`,
/// [`PerParent<C>`] or `Vec<C>`. `Shape` is [`Pairs`], [`PerParent`] or [`Children`]: it keeps the implementations
/// apart.
#[diagnostic::on_unimplemented(
    message = "this finder cannot return `{Self}`",
    label = "not a valid return type",
    note = "it must return `Result<Vec<({P}, {C})>, E>`, `Result<PerParent<{C}>, E>` or `Result<Vec<{C}>, E>`"
)]
pub trait IntoFound<P, C, Shape> {
    /// Converts the answer to the engine's type.
    fn into_found(self) -> Found<P, C>;

    /// Converts a call that returns this type to the engine's reply.
    #[doc(hidden)]
    #[inline(never)]
    fn answered<'a, X: MethodError + 'static>(
        _: &Invocation<'a, '_>,
        called: MethodFuture<'a, Result<Self, X>>,
    ) -> ReplyResult<'a>
    where
        Self: Sized + 'static,
        P: ResourceId,
        C: ResourceId,
    {
        Ok(Reply::found(called, Self::into_found, X::into_step_error))
    }
}

/// The shape of an answer that lists pairs of a parent and a child.
#[derive(Debug)]
pub struct Pairs;

/// The shape of an answer that lists children without their parents.
#[derive(Debug)]
pub struct Children;

#[diagnostic::do_not_recommend]
impl<P, C> IntoFound<P, C, Pairs> for Vec<(P, C)> {
    fn into_found(self) -> Found<P, C> {
        Found::Pairs(self)
    }
}

#[diagnostic::do_not_recommend]
impl<P, C> IntoFound<P, C, Children> for Vec<C> {
    fn into_found(self) -> Found<P, C> {
        Found::Children(self)
    }
}

#[diagnostic::do_not_recommend]
impl<P, C> IntoFound<P, C, Self> for PerParent<C> {
    fn into_found(self) -> Found<P, C> {
        Found::PerParent(self)
    }
}
