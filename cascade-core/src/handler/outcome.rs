//! What users' methods answer but finders: outcomes of steps, vetoes, survivors.

use std::fmt;

use crate::model::StepError;

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

/// Vetoes and failures of one batch, by position in the batch. A `String` names an id that was not in it.
pub(crate) type Positions<T> = Result<Vec<(usize, T)>, String>;
