//! What users' methods answer but finders: outcomes of steps, vetoes, survivors.

use std::fmt;

use crate::adapt::{Answered, Call, Called};
use crate::error::StepError;
use crate::method::MethodError;
use crate::resource::ResourceId;

/// What an effect did to the instances of its batch. `Ok(())` from an effect says that all of them are done.
///
/// ```
/// use cascade_core::Outcome;
///
/// let outcome: Outcome<String> = Outcome::done().fail("vm-7", "the agent of host-3 does not answer");
/// assert_eq!(outcome.failures().len(), 1);
/// ```
#[derive(Debug)]
#[must_use]
pub struct Outcome<Id> {
    failures: Vec<(Id, StepError)>,
}

impl<Id> Outcome<Id> {
    /// All instances of the batch are done.
    pub fn done() -> Self {
        Self { failures: Vec::new() }
    }

    /// The same outcome, but `id` failed.
    pub fn fail(mut self, id: impl Into<Id>, error: impl Into<StepError>) -> Self {
        self.failures.push((id.into(), error.into()));
        self
    }

    /// The instances that failed, each with its error. All others of the batch are done.
    pub fn failures(&self) -> &[(Id, StepError)] {
        &self.failures
    }

    pub(crate) fn into_failures(self) -> Vec<(Id, StepError)> {
        self.failures
    }
}

impl<Id, E: Into<StepError>> FromIterator<(Id, E)> for Outcome<Id> {
    /// The outcome in which just these instances failed.
    fn from_iter<I: IntoIterator<Item = (Id, E)>>(failures: I) -> Self {
        Self { failures: failures.into_iter().map(|(id, error)| (id, error.into())).collect() }
    }
}

/// An objection of a `#[check]`: this instance must not be operated on, and why.
///
/// ```
/// use cascade_core::Veto;
///
/// let veto: Veto<String> = Veto::new("vm-7", "it is protected until Friday");
/// assert_eq!(veto.reason(), "it is protected until Friday");
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Veto<Id> {
    id: Id,
    reason: String,
}

impl<Id> Veto<Id> {
    /// An objection to operating on `id`.
    pub fn new(id: impl Into<Id>, reason: impl fmt::Display) -> Self {
        Self { id: id.into(), reason: reason.to_string() }
    }

    /// The instance.
    pub fn id(&self) -> &Id {
        &self.id
    }

    /// Why not, for people.
    pub fn reason(&self) -> &str {
        &self.reason
    }

    pub(crate) fn into_parts(self) -> (Id, String) {
        (self.id, self.reason)
    }
}

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
        call: &Call<'a, '_>,
        called: Called<'a, Result<Self, X>>,
    ) -> Answered<'a>
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
        call: &Call<'a, '_>,
        called: Called<'a, Result<Self, X>>,
    ) -> Answered<'a>
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
        call: &Call<'a, '_>,
        called: Called<'a, Result<Self, X>>,
    ) -> Answered<'a>
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

/// Vetoes and failures of one batch, by position in the batch. A `String` names an id that was not in it.
pub(crate) type Positions<T> = Result<Vec<(usize, T)>, String>;
