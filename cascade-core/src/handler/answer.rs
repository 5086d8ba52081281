//! What the methods under `#[cascade]` may answer with. The attribute asks for these traits where the user wrote the
//! types, so that a wrong type is reported there.

use super::dispatch::{Invocation, MethodFuture, Reply, ReplyResult};
use super::found::Found;
use super::outcome::{Outcome, Veto};
use super::per_parent::PerParent;
use super::signature::MethodError;
use crate::ids::ResourceId;

/// What an effect, begin or cleanup method may answer with: `()` or `Outcome<Id>`.
#[diagnostic::on_unimplemented(
    message = "this method cannot answer with `{Self}`",
    label = "not what it answers",
    note = "it answers `Result<(), E>`, or `Result<Outcome<{Id}>, E>`"
)]
pub trait IntoOutcome<Id> {
    /// The answer in the engine's form.
    fn into_outcome(self) -> Outcome<Id>;

    /// What comes of a call that answers so.
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
impl<Id> IntoOutcome<Id> for Outcome<Id> {
    fn into_outcome(self) -> Outcome<Id> {
        self
    }
}

/// What a check may answer with: `Vec<Veto<Id>>`.
#[diagnostic::on_unimplemented(
    message = "this check cannot answer with `{Self}`",
    label = "not what it answers",
    note = "it answers `Result<Vec<Veto<{Id}>>, E>`, empty where there is no objection"
)]
pub trait IntoVetoes<Id> {
    /// The answer in the engine's form.
    fn into_vetoes(self) -> Vec<Veto<Id>>;

    /// What comes of a call that answers so.
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

/// What a verify method may answer with: `Vec<Id>`.
#[diagnostic::on_unimplemented(
    message = "this verify method cannot answer with `{Self}`",
    label = "not what it answers",
    note = "it answers `Result<Vec<{Id}>, E>`: those that are still there, empty where all have gone"
)]
pub trait IntoSurvivors<Id> {
    /// The answer in the engine's form.
    fn into_survivors(self) -> Vec<Id>;

    /// What comes of a call that answers so.
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

/// What a finder may answer with, where the parents' ids are `P` and the children's `C`: `Vec<(P, C)>`, [`PerParent<C>`],
/// or `Vec<C>`. `Shape` is [`Pairs`], [`PerParent`] or [`Children`].
#[diagnostic::on_unimplemented(
    message = "this finder cannot answer with `{Self}`",
    label = "not what it answers",
    note = "it answers `Result<Vec<({P}, {C})>, E>`, `Result<PerParent<{C}>, E>`, or `Result<Vec<{C}>, E>`"
)]
pub trait IntoFound<P, C, Shape> {
    /// The answer in the engine's form.
    fn into_found(self) -> Found<P, C>;

    /// What comes of a call that answers so.
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

/// The shape of an answer of pairs.
#[derive(Debug)]
pub struct Pairs;

/// The shape of an answer of children alone.
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
