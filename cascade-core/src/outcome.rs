//! What users' methods answer: found instances, vetoes, outcomes of steps.

use std::fmt;

use crate::adapt::{Answer, Answered, Call, Called};
use crate::error::StepError;
use crate::intern::{IdColumn, IdTable};
use crate::method::MethodError;
use crate::remote::FoundIds;
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

/// What a finder found.
#[derive(Debug)]
pub enum Found<P, C> {
    /// Pairs of a parent and a child: the exact order is known.
    Pairs(Vec<(P, C)>),
    /// Children alone: each is tied to every parent that was asked about.
    Children(Vec<C>),
}

/// What a finder may answer with, where the parents' ids are `P` and the children's `C`: `Vec<(P, C)>`, or `Vec<C>`.
/// `Shape` is [`Pairs`] or [`Children`].
#[diagnostic::on_unimplemented(
    message = "this finder cannot answer with `{Self}`",
    label = "not what it answers",
    note = "it answers `Result<Vec<({P}, {C})>, E>`, or `Result<Vec<{C}>, E>`"
)]
pub trait IntoFound<P, C, Shape> {
    /// The answer in the engine's form.
    fn into_found(self) -> Found<P, C>;

    /// What comes of a call that answers so.
    #[doc(hidden)]
    #[inline(never)]
    fn answered<'a, X: MethodError + 'static>(
        _: &Call<'a, '_>,
        called: Called<'a, Result<Self, X>>,
    ) -> Answered<'a>
    where
        Self: Sized + 'static,
        P: ResourceId,
        C: ResourceId,
    {
        Ok(Answer::found(called, Self::into_found, X::into_step_error))
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
        Ok(call.outcome(called, Self::into_outcome, X::into_step_error))
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

/// The parents of an answer's pairs.
pub(crate) struct Parents {
    /// [`STRANGER`](Self::STRANGER) for one that is not in the table.
    pub(crate) indices: Vec<u32>,
    /// The first that was not asked about, printed.
    pub(crate) not_asked: Option<String>,
}

impl Parents {
    /// Stands for a parent that is not in the table. No instance has that index.
    pub(crate) const STRANGER: u32 = u32::MAX;
}

/// A finder's answer whose id types the engine does not know.
pub(crate) trait DynFound: Send {
    /// The parents of the pairs; `None` where the answer names no parents. The error is a fault in words.
    fn parents(&self, parents: &dyn IdTable, asked: &[u32]) -> Result<Option<Parents>, String>;
    /// Adds the parents of the pairs to the table.
    fn intern_parents(&self, parents: &mut dyn IdTable);
    /// What was found at a position as it prints, with the parent if there is one; empty where there is nothing.
    fn printed(&self, position: usize) -> String;
    /// The parent at a position as it prints; empty where none is named.
    fn printed_parent(&self, position: usize) -> String;
    /// The children as indices; `None` for one that is not in the table.
    fn known_children(&self, children: &dyn IdTable) -> Vec<Option<u32>>;
    /// The child at a position as it prints; empty where there is none.
    fn printed_child(&self, position: usize) -> String;
    /// The children as indices, new ones added.
    ///
    /// There will be about `expected` in the whole table, as far as one can tell.
    fn intern_children(self: Box<Self>, children: &mut dyn IdTable, expected: usize) -> Vec<u32>;
    /// How many pairs or children.
    fn len(&self) -> usize;
    /// The answer, serialised.
    fn to_ids(&self) -> Result<FoundIds, serde_json::Error>;
}

impl<P: ResourceId, C: ResourceId> DynFound for Found<P, C> {
    fn parents(&self, parents: &dyn IdTable, asked: &[u32]) -> Result<Option<Parents>, String> {
        let Self::Pairs(pairs) = self else { return Ok(None) };
        let table =
            parents.typed::<P>().ok_or_else(|| String::from("it answered with ids of another type"))?;
        let mut walk = Walk { table, all: asked, asked, last: None, not_asked: None };
        let indices = pairs.iter().map(|(parent, _)| walk.index_of(parent)).collect();
        let not_asked = walk.not_asked.map(ToString::to_string);
        Ok(Some(Parents { indices, not_asked }))
    }

    fn intern_parents(&self, parents: &mut dyn IdTable) {
        let (Self::Pairs(pairs), Some(table)) = (self, parents.typed_mut::<P>()) else { return };
        for (parent, _) in pairs {
            table.insert(parent.clone());
        }
    }

    fn printed(&self, position: usize) -> String {
        match self {
            Self::Pairs(pairs) => {
                pairs.get(position).map_or_else(String::new, |(parent, child)| format!("{parent} → {child}"))
            }
            Self::Children(_) => self.printed_child(position),
        }
    }

    fn printed_parent(&self, position: usize) -> String {
        let Self::Pairs(pairs) = self else { return String::new() };
        pairs.get(position).map_or_else(String::new, |(parent, _)| parent.to_string())
    }

    fn known_children(&self, children: &dyn IdTable) -> Vec<Option<u32>> {
        let table = children.typed::<C>();
        let index = |child: &C| table.and_then(|table| table.index_of(child));
        match self {
            Self::Pairs(pairs) => pairs.iter().map(|(_, child)| index(child)).collect(),
            Self::Children(ids) => ids.iter().map(index).collect(),
        }
    }

    fn printed_child(&self, position: usize) -> String {
        let child = match self {
            Self::Pairs(pairs) => pairs.get(position).map(|(_, child)| child),
            Self::Children(ids) => ids.get(position),
        };
        child.map_or_else(String::new, ToString::to_string)
    }

    fn intern_children(self: Box<Self>, children: &mut dyn IdTable, expected: usize) -> Vec<u32> {
        let Some(table) = children.typed_mut::<C>() else { return Vec::new() };
        match *self {
            Self::Pairs(pairs) => table.insert_all(pairs, (|(_, child)| child, |(_, child)| child), expected),
            Self::Children(ids) => table.insert_all(ids, (|id| id, |id| id), expected),
        }
    }

    fn len(&self) -> usize {
        match self {
            Self::Pairs(pairs) => pairs.len(),
            Self::Children(ids) => ids.len(),
        }
    }

    fn to_ids(&self) -> Result<FoundIds, serde_json::Error> {
        let pairs = match self {
            Self::Children(ids) => {
                return Ok(FoundIds::Children(
                    ids.iter().map(serde_json::to_value).collect::<Result<_, _>>()?,
                ));
            }
            Self::Pairs(pairs) => pairs,
        };
        // Finders mostly answer parent by parent: each is written once for its row.
        let mut parents = Vec::new();
        let mut written = Vec::with_capacity(pairs.len());
        let mut last = None;
        for (parent, child) in pairs {
            if last != Some(parent) {
                parents.push(serde_json::to_value(parent)?);
                last = Some(parent);
            }
            written.push((parents.len() as u32 - 1, serde_json::to_value(child)?));
        }
        Ok(FoundIds::Pairs { parents, pairs: written })
    }
}

/// Looks parents up. Finders mostly answer parent by parent, in the order they were asked: a run of one parent is looked
/// up once, and the next one is most likely near in the list of those asked about.
struct Walk<'a, P> {
    table: &'a IdColumn<P>,
    /// Those asked about.
    all: &'a [u32],
    /// The same from the last one found.
    asked: &'a [u32],
    last: Option<(&'a P, u32)>,
    /// The first that was not asked about.
    not_asked: Option<&'a P>,
}

impl<'a, P: ResourceId> Walk<'a, P> {
    #[inline]
    fn index_of(&mut self, parent: &'a P) -> u32 {
        match self.last {
            Some((seen, index)) if seen == parent => index,
            _ => self.look_up(parent),
        }
    }

    fn look_up(&mut self, parent: &'a P) -> u32 {
        let near = self.asked.iter().take(4).position(|&index| self.table.get(index) == parent);
        let index = if let Some(position) = near {
            self.asked = &self.asked[position..];
            self.asked[0]
        } else {
            let index = self.table.index_of(parent).unwrap_or(Parents::STRANGER);
            if !was_asked(self.all, index) {
                self.not_asked.get_or_insert(parent);
            }
            index
        };
        self.last = Some((parent, index));
        index
    }
}

/// Whether a parent is among those asked about. These are sorted, and often without a gap.
pub(crate) fn was_asked(asked: &[u32], parent: u32) -> bool {
    let (Some(&first), Some(&last)) = (asked.first(), asked.last()) else { return false };
    let without_gap = (last - first) as usize + 1 == asked.len();
    (first..=last).contains(&parent) && (without_gap || asked.binary_search(&parent).is_ok())
}

/// Vetoes and failures of one batch, by position in the batch. A `String` names an id that was not in it.
pub(crate) type Positions<T> = Result<Vec<(usize, T)>, String>;
