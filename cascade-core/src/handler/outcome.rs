//! The answers of all methods except finders: outcomes and vetoes.

use std::fmt;

use crate::model::StepError;

/// The result of an effect, begin or cleanup method for the instances of its batch. `Ok(())` means that all are done.
///
/// ```
/// use cascade_core::Outcome;
///
/// let outcome: Outcome<String> = Outcome::done()
///     .fail("vm-7", "the agent of host-3 does not answer")
///     .left("vm-8", "it was moved to host-4, which stays");
/// assert_eq!(outcome.failures().count(), 1);
/// ```
#[derive(Debug)]
#[must_use]
pub struct Outcome<Id> {
    not_done: Vec<(Id, NotDone)>,
    rows: Option<Rows>,
}

/// The answer of a method for an instance that is not done.
#[derive(Debug)]
#[non_exhaustive]
pub enum NotDone {
    /// The method failed on it.
    Failed(StepError),
    /// The instance is not part of the operation any more, for this reason: see [`Outcome::left`].
    Left(String),
}

impl From<StepError> for NotDone {
    fn from(error: StepError) -> Self {
        Self::Failed(error)
    }
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
        Self { not_done: Vec::new(), rows: None }
    }

    /// Sets the number of rows that the method has changed: see [`Rows`].
    pub fn rows(mut self, rows: u64) -> Self {
        self.rows = Some(Rows(rows));
        self
    }

    /// Adds `id` to the instances that failed.
    pub fn fail(mut self, id: impl Into<Id>, error: impl Into<StepError>) -> Self {
        self.not_done.push((id.into(), NotDone::Failed(error.into())));
        self
    }

    /// Adds `id` to the instances that the method leaves as they are, because they are not part of the operation any more. The
    /// `reason` is for people. Only an effect may answer this; from other methods it is a failure.
    ///
    /// Use it where a conditional statement finds that the world has moved on: the table was moved to another namespace, the VM
    /// to another host. Such an instance gets no further effect and no cleanup. What waits for it goes on. It is neither done
    /// nor failed: see [`Verdict::Left`](crate::Verdict::Left).
    ///
    /// ```
    /// # use cascade_core::prelude::*;
    /// # struct Db; impl Db { async fn drop_in(&self, _: u64, _: &[u64]) -> Result<Vec<u64>, StepError> { Ok(Vec::new()) } }
    /// async fn purge(db: &Db, namespace: u64, tables: &[u64]) -> Result<Outcome<u64>, StepError> {
    ///     // DELETE FROM tables WHERE id = ANY($2) AND namespace = $1 RETURNING id
    ///     let dropped = db.drop_in(namespace, tables).await?;
    ///     let moved = tables.iter().filter(|&table| !dropped.contains(table));
    ///     Ok(moved.fold(Outcome::done(), |outcome, &table| outcome.left(table, "it is in another namespace")))
    /// }
    /// ```
    pub fn left(mut self, id: impl Into<Id>, reason: impl fmt::Display) -> Self {
        self.not_done.push((id.into(), NotDone::Left(reason.to_string())));
        self
    }

    /// The instances that are not done, each with its answer. All others of the batch are done.
    pub fn not_done(&self) -> &[(Id, NotDone)] {
        &self.not_done
    }

    /// The instances that failed, each with its error.
    pub fn failures(&self) -> impl Iterator<Item = (&Id, &StepError)> {
        self.not_done.iter().filter_map(|(id, answer)| match answer {
            NotDone::Failed(error) => Some((id, error)),
            NotDone::Left(_) => None,
        })
    }

    pub(crate) fn into_parts(self) -> (Vec<(Id, NotDone)>, Option<Rows>) {
        (self.not_done, self.rows)
    }
}

impl<Id, E: Into<StepError>> FromIterator<(Id, E)> for Outcome<Id> {
    /// The outcome in which exactly these instances failed.
    fn from_iter<I: IntoIterator<Item = (Id, E)>>(failures: I) -> Self {
        let failed = |(id, error): (Id, E)| (id, NotDone::Failed(error.into()));
        Self { not_done: failures.into_iter().map(failed).collect(), rows: None }
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

/// Vetoes, answers or survivors by position in the batch. The error is an id that was not in the batch, printed.
pub(crate) type Positions<T> = Result<Vec<(usize, T)>, String>;
