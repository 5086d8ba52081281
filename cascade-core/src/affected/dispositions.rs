//! The dispositions of the instances of a resource: what rules and policies decided for each.
//!
//! Many instances share few distinct dispositions. So each instance stores only the number of its disposition, usually
//! in one byte.

use std::collections::HashMap;
use std::ops::Range;

use foldhash::fast::RandomState;

use crate::graph::Reach;
use crate::ids::{Index, InstanceIx};
use crate::model::EffectSet;

/// What policies decided for an instance, a bit each.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) struct Marks(u8);

impl Marks {
    /// It is removed with a parent.
    pub(crate) const WITH_PARENT: Self = Self(1);
    /// It stays, and the plan lists it.
    pub(crate) const RETAINED: Self = Self(2);
    /// It was affected when the run started, and departed while the run was under way.
    pub(crate) const LEFT: Self = Self(4);

    pub(crate) fn with(self, mark: Self) -> Self {
        Self(self.0 | mark.0)
    }

    pub(crate) fn has(self, mark: Self) -> bool {
        self.0 & mark.0 != 0
    }

    /// These marks, without the one of instances that are removed with a parent.
    fn without_parent(self) -> Self {
        Self(self.0 & !Self::WITH_PARENT.0)
    }
}

/// The root resources of an operation, by their position in [`Route::roots`](crate::graph::Route::roots).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) struct RootSet(u32);

/// The maximum number of root resources of a plan.
pub(crate) const MAX_ROOT_RESOURCES: usize = 32;

impl RootSet {
    /// The only root resource of most plans.
    pub(crate) const FIRST: Self = Self(1);

    pub(crate) fn of(root: usize) -> Self {
        Self(1 << root)
    }

    pub(crate) fn union(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    fn intersection(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }

    pub(crate) fn has(self, root: usize) -> bool {
        self.0 & (1 << root) != 0
    }

    pub(crate) fn is_empty(self) -> bool {
        self.0 == 0
    }
}

/// What rules and policies decided for an instance.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) struct Disposition {
    /// The effects given by rules.
    pub(crate) given: EffectSet,
    /// Those of them given by non-leaf rules: the cascade goes through the instance to its children.
    pub(crate) through: EffectSet,
    pub(crate) marks: Marks,
    /// The root resources whose rules make the discovery look for the children of the instance.
    pub(crate) expanded: RootSet,
}

impl Disposition {
    /// Whether the discovery looks for the children of the instance.
    pub(crate) fn is_expanded(self) -> bool {
        !self.expanded.is_empty()
    }

    /// Whether it does so by the rules for that root resource.
    pub(crate) fn is_expanded_for(self, root: usize) -> bool {
        self.expanded.has(root)
    }

    /// Whether the instance has effects or is removed with a parent. Instances that are only retained, or that only
    /// restrict the operation, are in the table but not affected.
    pub(crate) fn is_affected(self) -> bool {
        !self.given.is_empty() || self.marks.has(Marks::WITH_PARENT)
    }

    /// Whether the instance is not affected, but the plan lists it.
    pub(crate) fn is_retained(self) -> bool {
        !self.is_affected() && self.marks.has(Marks::RETAINED)
    }

    /// The disposition after a rule for the root resource at the position `root` has reached the instance.
    pub(crate) fn after(self, reach: Reach, root: usize) -> Self {
        let expanded = self.expanded.union(RootSet::of(root));
        match reach {
            Reach::Effect { effect, leaf: true } => {
                Self { given: self.given.union(EffectSet::of(effect)), ..self }
            }
            Reach::Effect { effect, leaf: false } => Self {
                given: self.given.union(EffectSet::of(effect)),
                through: self.through.union(EffectSet::of(effect)),
                expanded,
                ..self
            },
            Reach::WithParent => Self { marks: self.marks.with(Marks::WITH_PARENT), expanded, ..self },
            Reach::Retained => Self { marks: self.marks.with(Marks::RETAINED), ..self },
            // Whether the instance prevents the operation is decided once the whole set is known.
            Reach::Restricts => self,
        }
    }

    /// Whether the instance was affected and departed while the run was under way.
    pub(crate) fn is_left(self) -> bool {
        !self.is_affected() && self.marks.has(Marks::LEFT)
    }

    /// What remains of this disposition if rules and policies decide only `now` for the instance. An instance that is not
    /// affected any more is marked as left.
    pub(crate) fn remaining(self, now: Self) -> Self {
        let is_with_parent = self.marks.has(Marks::WITH_PARENT) && now.marks.has(Marks::WITH_PARENT);
        let remaining = Self {
            given: self.given.intersection(now.given),
            through: self.through.intersection(now.through),
            marks: if is_with_parent { self.marks } else { self.marks.without_parent() },
            expanded: self.expanded.intersection(now.expanded),
        };
        if self.is_affected() && !remaining.is_affected() {
            return Self { marks: remaining.marks.with(Marks::LEFT), ..Self::default() };
        }
        remaining
    }

    /// Whether the instance is removed with a parent and has no step of its own.
    pub(crate) fn is_removed_with_parent(self) -> bool {
        self.given.is_empty() && self.marks.has(Marks::WITH_PARENT)
    }
}

/// The disposition of each instance, by index.
#[derive(Clone, Debug)]
pub(crate) struct Dispositions {
    numbers: Numbers,
    /// The distinct dispositions, by number. The first is the default one, numbered [`UNKNOWN`].
    all: Vec<Disposition>,
    numbers_by_disposition: HashMap<Disposition, u32, RandomState>,
    /// How many instances have the number [`UNKNOWN`].
    unknown: usize,
}

/// The number of the default disposition, for which nothing was decided yet.
const UNKNOWN: u32 = 0;

/// Up to this number of distinct dispositions, all are changed without looking which ones instances have.
const FEW: usize = 16;

/// The number of each instance's disposition.
#[derive(Clone, Debug)]
enum Numbers {
    Bytes(Vec<u8>),
    /// For more than 256 distinct dispositions.
    Words(Vec<u32>),
}

impl Default for Dispositions {
    fn default() -> Self {
        Self {
            numbers: Numbers::Bytes(Vec::new()),
            all: vec![Disposition::default()],
            numbers_by_disposition: std::iter::once((Disposition::default(), UNKNOWN)).collect(),
            unknown: 0,
        }
    }
}

impl Dispositions {
    pub(crate) fn len(&self) -> usize {
        match &self.numbers {
            Numbers::Bytes(numbers) => numbers.len(),
            Numbers::Words(numbers) => numbers.len(),
        }
    }

    /// Adds instances up to `len`, with the default disposition.
    pub(crate) fn resize(&mut self, len: usize) {
        self.grow_to(len, |disposition| disposition);
    }

    pub(crate) fn push(&mut self, disposition: Disposition) {
        let (index, number) = (self.len(), self.number_of(disposition));
        self.resize(index + 1);
        self.set(index, number);
    }

    pub(crate) fn get(&self, index: InstanceIx) -> Disposition {
        self.all[self.number(index.position()) as usize]
    }

    /// Maps the disposition of each instance with `map` and passes the results to `visit`, in the order of the
    /// instances: once for consecutive instances with the same disposition. `map` is called once for each distinct
    /// disposition.
    pub(crate) fn each_row<T: Copy>(
        &self,
        map: impl Fn(Disposition) -> T,
        visit: impl FnMut(Range<InstanceIx>, T),
    ) {
        let by_number: Vec<T> = self.all.iter().map(|&disposition| map(disposition)).collect();
        match &self.numbers {
            Numbers::Bytes(numbers) => each_row(numbers, &by_number, visit),
            Numbers::Words(numbers) => each_row(numbers, &by_number, visit),
        }
    }

    /// The instances whose disposition matches.
    pub(crate) fn indices(&self, matches: impl Fn(Disposition) -> bool) -> Vec<InstanceIx> {
        if !self.may_have_any(&matches) {
            return Vec::new();
        }
        let mut indices = Vec::with_capacity(self.count(&matches));
        self.each_row(matches, |row, matches| {
            if matches {
                indices.extend(row.start.up_to(row.end));
            }
        });
        indices
    }

    /// The number of instances whose disposition matches.
    pub(crate) fn count(&self, matches: impl Fn(Disposition) -> bool) -> usize {
        let mut count = 0;
        if self.may_have_any(&matches) {
            self.each_row(matches, |row, matches| {
                if matches {
                    count += row.end.position() - row.start.position();
                }
            });
        }
        count
    }

    /// Whether there may be an instance whose disposition matches. Looks at distinct dispositions only, also at those
    /// that no instance has any more.
    fn may_have_any(&self, matches: impl Fn(Disposition) -> bool) -> bool {
        self.all.iter().any(|&disposition| matches(disposition))
    }

    pub(crate) fn change(&mut self, index: InstanceIx, change: impl Fn(Disposition) -> Disposition) {
        let number = self.number_of(change(self.get(index)));
        self.set(index.position(), number);
    }

    /// Adds instances up to `len`, with the disposition that `change` makes of the default one.
    pub(crate) fn grow_to(&mut self, len: usize, change: impl Fn(Disposition) -> Disposition) {
        let number = self.number_of(change(Disposition::default()));
        if number == UNKNOWN {
            self.unknown += len.saturating_sub(self.len());
        }
        match &mut self.numbers {
            Numbers::Bytes(numbers) => numbers.resize(len, number as u8),
            Numbers::Words(numbers) => numbers.resize(len, number),
        }
    }

    /// Changes the dispositions of many instances. An index may occur twice.
    ///
    /// `change` must be idempotent. It is called once for each distinct disposition.
    pub(crate) fn change_all(&mut self, indices: &[InstanceIx], change: impl Fn(Disposition) -> Disposition) {
        let becomes = self.becomes(indices, change);
        // A second edge mostly leads to instances that the first edge has changed already: then no instance is read.
        let mut others = (0..).zip(&becomes).filter(|&(number, &to)| number != to);
        if others.all(|(number, _)| number == UNKNOWN && self.unknown == 0) {
            return;
        }
        let were_unknown = match &mut self.numbers {
            // The cast is lossless: `number_of` switches to words before a number exceeds a byte.
            Numbers::Bytes(numbers) => change_numbers(numbers, indices, &becomes, |number| number as u8),
            Numbers::Words(numbers) => change_numbers(numbers, indices, &becomes, |number| number),
        };
        if becomes[UNKNOWN as usize] != UNKNOWN {
            self.unknown -= were_unknown;
        }
    }

    /// For each number of a disposition, the number of the disposition that `change` makes of it. Adds new
    /// dispositions, and covers these too.
    ///
    /// If there are many, dispositions that none of the instances has are not changed. Otherwise each edge to a resource
    /// could double their number.
    fn becomes(&mut self, indices: &[InstanceIx], change: impl Fn(Disposition) -> Disposition) -> Vec<u32> {
        let known = self.all.len();
        let mut is_used = vec![known <= FEW; known];
        if known > FEW {
            for index in indices {
                is_used[self.number(index.position()) as usize] = true;
            }
        }
        let mut becomes = Vec::with_capacity(known);
        for (number, is_used) in (0..).zip(is_used) {
            becomes.push(if is_used { self.number_of(change(self.all[number as usize])) } else { number });
        }
        // A second change of a new disposition changes nothing.
        becomes.extend(known as u32..self.all.len() as u32);
        becomes
    }

    fn number(&self, index: usize) -> u32 {
        match &self.numbers {
            Numbers::Bytes(numbers) => numbers[index].into(),
            Numbers::Words(numbers) => numbers[index],
        }
    }

    fn set(&mut self, index: usize, number: u32) {
        let was_unknown = self.number(index) == UNKNOWN;
        self.unknown = self.unknown + usize::from(number == UNKNOWN) - usize::from(was_unknown);
        match &mut self.numbers {
            Numbers::Bytes(numbers) => numbers[index] = number as u8,
            Numbers::Words(numbers) => numbers[index] = number,
        }
    }

    /// The number of a disposition. Adds the disposition if it is new.
    fn number_of(&mut self, disposition: Disposition) -> u32 {
        if let Some(&number) = self.numbers_by_disposition.get(&disposition) {
            return number;
        }
        let number = self.all.len() as u32;
        self.all.push(disposition);
        self.numbers_by_disposition.insert(disposition, number);
        if let Numbers::Bytes(numbers) = &self.numbers
            && number > u32::from(u8::MAX)
        {
            self.numbers = Numbers::Words(numbers.iter().map(|&number| number.into()).collect());
        }
        number
    }
}

/// Calls `visit` with each row of equal numbers, and with what that number stands for.
fn each_row<N: Copy + Into<u32> + PartialEq, T: Copy>(
    numbers: &[N],
    by_number: &[T],
    mut visit: impl FnMut(Range<InstanceIx>, T),
) {
    let mut start = 0;
    for row in numbers.chunk_by(|number, next| number == next) {
        let (end, number): (usize, u32) = (start + row.len(), row[0].into());
        visit(InstanceIx::at(start)..InstanceIx::at(end), by_number[number as usize]);
        start = end;
    }
}

/// Changes the numbers at `indices`. Returns how many of them were [`UNKNOWN`].
fn change_numbers<N: Copy + Into<u32>>(
    numbers: &mut [N],
    indices: &[InstanceIx],
    becomes: &[u32],
    number: impl Fn(u32) -> N,
) -> usize {
    let becomes: Vec<N> = becomes.iter().map(|&to| number(to)).collect();
    let mut were_unknown = 0;
    for &index in indices {
        let number = &mut numbers[index.position()];
        let old: u32 = (*number).into();
        were_unknown += usize::from(old == UNKNOWN);
        *number = becomes[old as usize];
    }
    were_unknown
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_instance_keeps_what_both_dispositions_give_it() {
        let [stop, destroy] = [0, 1].map(EffectSet::of);
        let planned = Disposition {
            given: stop.union(destroy),
            through: destroy,
            marks: Marks::WITH_PARENT.with(Marks::RETAINED),
            expanded: RootSet::of(0).union(RootSet::of(1)),
        };
        assert_eq!(planned.remaining(planned), planned);
        // Only a leaf rule gives it the same effect now, for another root.
        let now = Disposition { given: destroy, expanded: RootSet::of(1), ..Disposition::default() };
        let remaining = planned.remaining(now);
        assert_eq!((remaining.given, remaining.through), (destroy, EffectSet::EMPTY));
        assert_eq!((remaining.marks, remaining.expanded), (Marks::RETAINED, RootSet::of(1)));
        assert!(remaining.is_affected() && !remaining.is_left());
        // Nothing further is taken along.
        let other =
            Disposition { given: EffectSet::of(7), marks: Marks::WITH_PARENT, ..Disposition::default() };
        let remaining = Disposition { marks: Marks::RETAINED, ..planned }.remaining(other);
        assert!(remaining.is_left() && !remaining.is_affected());
        assert!(remaining.given.is_empty() && !remaining.is_expanded());
        assert!(!Disposition::default().remaining(now).is_left(), "it was not affected before");
    }

    #[test]
    fn more_dispositions_than_a_byte_can_number_are_stored() {
        let mut kinds = Dispositions::default();
        kinds.resize(1000);
        let kind = |index: u32| Disposition {
            given: EffectSet::from_bits(u64::from(index) * 3),
            through: EffectSet::from_bits(index.into()),
            marks: Marks::WITH_PARENT,
            expanded: RootSet::FIRST,
        };
        for index in 0..1000 {
            kinds.change(InstanceIx::new(index), |_| kind(index));
        }
        assert!((0..1000).all(|index| kinds.get(InstanceIx::new(index)) == kind(index)));
        let [some, last] = [3, 999].map(InstanceIx::new);
        let with_more =
            |kind: Disposition| Disposition { through: kind.through.union(EffectSet::of(20)), ..kind };
        kinds.change_all(&[some, last, last], with_more);
        assert_eq!(kinds.get(some), with_more(kind(3)));
        assert_eq!(kinds.get(last), with_more(kind(999)));
        let mut given = Vec::new();
        kinds.each_row(
            |kind| kind.given.bits(),
            |row, effects| given.extend(row.start.up_to(row.end).map(|index| (index.number(), effects))),
        );
        assert!(given.into_iter().eq((0..1000).map(|index| (index, u64::from(index) * 3))));
        let is_low = |kind: Disposition| kind.given.bits() < 30;
        assert_eq!(kinds.indices(is_low), InstanceIx::all(10).collect::<Vec<_>>());
        assert_eq!(kinds.count(is_low), 10);
    }

    #[test]
    fn unknown_instances_are_counted_and_changed() {
        let mut kinds = Dispositions::default();
        let removed = |kind: Disposition| Disposition { marks: Marks::WITH_PARENT, ..kind };
        kinds.grow_to(2, removed);
        kinds.resize(4);
        kinds.change(InstanceIx::new(2), removed);
        assert_eq!(kinds.unknown, 1);
        let all = [0, 1, 2, 3, 4].map(InstanceIx::new);
        kinds.change_all(&all[..3], removed);
        assert_eq!((kinds.unknown, kinds.get(all[3])), (1, Disposition::default()));
        kinds.change_all(&[all[3], all[0], all[3]], removed);
        assert_eq!((kinds.unknown, kinds.count(|kind| kind == removed(kind))), (0, 4));
        kinds.push(Disposition::default());
        kinds.change_all(&all[4..], removed);
        assert_eq!((kinds.unknown, kinds.get(all[4])), (0, removed(Disposition::default())));
    }

    #[test]
    fn the_number_of_dispositions_grows_with_the_changes_and_not_with_their_combinations() {
        let mut kinds = Dispositions::default();
        kinds.resize(2);
        let [first, second] = [0, 1].map(InstanceIx::new);
        let add = |effect: usize| {
            move |kind: Disposition| Disposition { given: kind.given.union(EffectSet::of(effect)), ..kind }
        };
        for effect in 0..40 {
            kinds.change_all(&[first, first], add(effect));
            kinds.change_all(&[second], add(39 - effect));
        }
        let all: EffectSet = (0..40).collect();
        assert_eq!([first, second].map(|index| kinds.get(index).given), [all, all]);
        assert!(kinds.all.len() < 120, "{}", kinds.all.len());
    }

    #[test]
    fn change_all_can_add_the_disposition_that_no_byte_can_number() {
        let mut kinds = Dispositions::default();
        let given = |index: InstanceIx| EffectSet::from_bits(u64::from(index.number()) + 1);
        let all: Vec<InstanceIx> = InstanceIx::all(255).collect();
        for &index in &all {
            kinds.push(Disposition { given: given(index), ..Disposition::default() });
        }
        kinds.change_all(&all, |kind| Disposition { through: kind.given, ..kind });
        assert!(all.iter().all(|&at| {
            kinds.get(at) == Disposition { given: given(at), through: given(at), ..Disposition::default() }
        }));
    }
}
