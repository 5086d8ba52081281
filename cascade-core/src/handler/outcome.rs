//! The answers of all methods except finders: outcomes and vetoes.

use std::fmt;

use crate::model::StepError;

/// The result of an effect, begin or cleanup method for the instances of its batch. `Ok(())` means that all are done.
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
    rows: Option<Rows>,
}

/// The number of rows that a statement of an effect, begin or cleanup method has changed. A method can return it in place of
/// `()`, and [`Outcome::rows`] adds it to an outcome.
///
/// Fewer rows than instances are fine: the others are changed already, or gone. More rows than instances are a failed step, which
/// is not retried, because the statement has changed what the plan does not have. Its rows are changed by then, so this protects
/// data only if the method makes the comparison before it commits its transaction. Without one, it makes the fault visible.
///
/// ```
/// # use cascade_core::prelude::*;
/// use cascade_core::Rows;
///
/// # struct Db; impl Db { async fn execute(&self, _: &str, _: &[u64]) -> Result<u64, StepError> { Ok(1) } }
/// async fn remove(db: &Db, vms: &[u64]) -> Result<Rows, StepError> {
///     Ok(Rows(db.execute("DELETE FROM vm WHERE id = ANY($1)", vms).await?))
/// }
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub struct Rows(pub u64);

impl<Id> Outcome<Id> {
    /// All instances of the batch are done.
    pub fn done() -> Self {
        Self { failures: Vec::new(), rows: None }
    }

    /// Sets the number of rows that the method has changed: see [`Rows`].
    pub fn rows(mut self, rows: u64) -> Self {
        self.rows = Some(Rows(rows));
        self
    }

    /// Adds `id` to the instances that failed.
    pub fn fail(mut self, id: impl Into<Id>, error: impl Into<StepError>) -> Self {
        self.failures.push((id.into(), error.into()));
        self
    }

    /// The instances that failed, each with its error. All others of the batch are done.
    pub fn failures(&self) -> &[(Id, StepError)] {
        &self.failures
    }

    pub(crate) fn into_parts(self) -> (Vec<(Id, StepError)>, Option<Rows>) {
        (self.failures, self.rows)
    }
}

impl<Id, E: Into<StepError>> FromIterator<(Id, E)> for Outcome<Id> {
    /// The outcome in which exactly these instances failed.
    fn from_iter<I: IntoIterator<Item = (Id, E)>>(failures: I) -> Self {
        Self { failures: failures.into_iter().map(|(id, error)| (id, error.into())).collect(), rows: None }
    }
}

/// An objection of a `#[check]`: the instance must not be operated on, for this reason.
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

    /// The reason, for people.
    pub fn reason(&self) -> &str {
        &self.reason
    }

    pub(crate) fn into_parts(self) -> (Id, String) {
        (self.id, self.reason)
    }
}

/// Vetoes, failures or survivors by position in the batch. The error is an id that was not in the batch, printed.
pub(crate) type Positions<T> = Result<Vec<(usize, T)>, String>;
