//! What rules and policies made of the instances of a resource. Of many instances there are few kinds, so that a byte
//! says which.

use std::collections::HashMap;

use foldhash::fast::RandomState;

/// What policies made of an instance, a bit each.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) struct Marks(u8);

impl Marks {
    /// A parent's end takes it.
    pub(crate) const WITH_PARENT: Self = Self(1);
    /// It stays, and is listed.
    pub(crate) const RETAINED: Self = Self(2);

    pub(crate) fn with(self, mark: Self) -> Self {
        Self(self.0 | mark.0)
    }

    pub(crate) fn has(self, mark: Self) -> bool {
        self.0 & mark.0 != 0
    }
}

/// What was made of an instance.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) struct Disposition {
    /// The effects that some rule gave, a bit each.
    pub(crate) given: u32,
    /// Those of them that came by a rule which is not a leaf.
    pub(crate) through: u32,
    pub(crate) marks: Marks,
}

impl Disposition {
    /// Whether what hangs off the instance is looked for.
    pub(crate) fn is_expanded(self) -> bool {
        self.through != 0 || self.marks.has(Marks::WITH_PARENT)
    }

    /// Whether the operation does something to the instance, or takes it. What is only retained, or only in the way, is
    /// in the table and not affected.
    pub(crate) fn is_affected(self) -> bool {
        self.given != 0 || self.marks.has(Marks::WITH_PARENT)
    }

    /// Whether the instance stays and is listed.
    pub(crate) fn is_retained(self) -> bool {
        !self.is_affected() && self.marks.has(Marks::RETAINED)
    }

    /// Whether a parent's end takes the instance, and it has no step of its own.
    pub(crate) fn is_removed_with_parent(self) -> bool {
        self.given == 0 && self.marks.has(Marks::WITH_PARENT)
    }
}

/// The kind of each instance, by its index.
#[derive(Clone, Debug)]
pub(crate) struct Dispositions {
    numbers: Numbers,
    /// By number; the first is that of [`UNKNOWN`].
    all: Vec<Disposition>,
    by_kind: HashMap<Disposition, u32, RandomState>,
    /// Of how many instances nothing is known yet.
    unknown: usize,
}

/// The number of the kind of an instance of which nothing is known yet.
const UNKNOWN: u32 = 0;

/// The number of each instance's kind.
#[derive(Clone, Debug)]
enum Numbers {
    Bytes(Vec<u8>),
    /// Where there are more kinds than a byte can tell apart.
    Words(Vec<u32>),
}

impl Default for Dispositions {
    fn default() -> Self {
        Self {
            numbers: Numbers::Bytes(Vec::new()),
            all: vec![Disposition::default()],
            by_kind: std::iter::once((Disposition::default(), UNKNOWN)).collect(),
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

    /// Of those that are added nothing is known yet.
    pub(crate) fn resize(&mut self, len: usize) {
        self.grow_to(len, |kind| kind);
    }

    pub(crate) fn push(&mut self, kind: Disposition) {
        let (index, number) = (self.len(), self.number_of(kind));
        self.resize(index + 1);
        self.set(index, number);
    }

    pub(crate) fn get(&self, index: u32) -> Disposition {
        self.all[self.number(index as usize) as usize]
    }

    /// Tells what `of` makes of each instance's kind, in the order of the instances; `of` is asked once for each kind.
    pub(crate) fn each<T: Copy>(&self, of: impl Fn(Disposition) -> T, mut tell: impl FnMut(u32, T)) {
        let by_number: Vec<T> = self.all.iter().map(|&kind| of(kind)).collect();
        match &self.numbers {
            Numbers::Bytes(numbers) => {
                (0..).zip(numbers).for_each(|(index, &number)| tell(index, by_number[usize::from(number)]));
            }
            Numbers::Words(numbers) => {
                (0..).zip(numbers).for_each(|(index, &number)| tell(index, by_number[number as usize]));
            }
        }
    }

    /// The instances of a kind that `is` admits.
    pub(crate) fn of_kind(&self, is: impl Fn(Disposition) -> bool) -> Vec<u32> {
        if !self.has_any(&is) {
            return Vec::new();
        }
        let mut admitted = Vec::with_capacity(self.count(&is));
        self.each(is, |index, is| admitted.extend(is.then_some(index)));
        admitted
    }

    /// How many instances are of a kind that `is` admits.
    pub(crate) fn count(&self, is: impl Fn(Disposition) -> bool) -> usize {
        let mut count = 0;
        if self.has_any(&is) {
            self.each(is, |_, is| count += usize::from(is));
        }
        count
    }

    /// Whether there may be an instance of a kind that `is` admits. Looks at none of them.
    pub(crate) fn has_any(&self, is: impl Fn(Disposition) -> bool) -> bool {
        self.all.iter().any(|&kind| is(kind))
    }

    pub(crate) fn change(&mut self, index: u32, change: impl Fn(Disposition) -> Disposition) {
        let number = self.number_of(change(self.get(index)));
        self.set(index as usize, number);
    }

    /// Adds instances up to `len`, of the kind that `change` makes of one that nothing is known of.
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

    /// The same for many, of which some may be told twice: `change` is asked once for each kind, and has to make the same
    /// of what it has made already.
    pub(crate) fn change_all(&mut self, indices: &[u32], change: impl Fn(Disposition) -> Disposition) {
        let becomes = self.becomes(change);
        // What a second edge brings is mostly known, and made what the first has made it: there is nothing to look at.
        let mut others = (0..).zip(&becomes).filter(|&(number, &to)| number != to);
        if others.all(|(number, _)| number == UNKNOWN && self.unknown == 0) {
            return;
        }
        let of_unknown = match &mut self.numbers {
            // All of them fit: there are no words as long as there are so few.
            Numbers::Bytes(numbers) => change_numbers(numbers, indices, &becomes, |number| number as u8),
            Numbers::Words(numbers) => change_numbers(numbers, indices, &becomes, |number| number),
        };
        if becomes[UNKNOWN as usize] != UNKNOWN {
            self.unknown -= of_unknown;
        }
    }

    /// The number of what each kind becomes, by its number. What they become is among them.
    fn becomes(&mut self, change: impl Fn(Disposition) -> Disposition) -> Vec<u32> {
        let mut becomes = Vec::with_capacity(self.all.len());
        while let Some(&kind) = self.all.get(becomes.len()) {
            let number = self.number_of(change(kind));
            becomes.push(number);
        }
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

    /// The number of a kind, which is added if it is new.
    fn number_of(&mut self, kind: Disposition) -> u32 {
        if let Some(&number) = self.by_kind.get(&kind) {
            return number;
        }
        let number = self.all.len() as u32;
        self.all.push(kind);
        self.by_kind.insert(kind, number);
        if let Numbers::Bytes(numbers) = &self.numbers
            && number > u32::from(u8::MAX)
        {
            self.numbers = Numbers::Words(numbers.iter().map(|&number| number.into()).collect());
        }
        number
    }
}

/// Changes the numbers at `indices`; says of how many nothing was known.
fn change_numbers<N: Copy + Into<u32>>(
    numbers: &mut [N],
    indices: &[u32],
    becomes: &[u32],
    number: impl Fn(u32) -> N,
) -> usize {
    let becomes: Vec<N> = becomes.iter().map(|&to| number(to)).collect();
    let mut of_unknown = 0;
    for &index in indices {
        let number = &mut numbers[index as usize];
        let known: u32 = (*number).into();
        of_unknown += usize::from(known == UNKNOWN);
        *number = becomes[known as usize];
    }
    of_unknown
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_may_be_any_number_of_kinds() {
        let mut kinds = Dispositions::default();
        kinds.resize(1000);
        let kind = |index: u32| Disposition { given: index * 3, through: index, marks: Marks::WITH_PARENT };
        for index in 0..1000 {
            kinds.change(index, |_| kind(index));
        }
        assert!((0..1000).all(|index| kinds.get(index) == kind(index)));
        kinds.change_all(&[3, 999, 999], |kind| Disposition { through: kind.through | 1 << 20, ..kind });
        assert_eq!(kinds.get(3), Disposition { through: 0x3 | 1 << 20, ..kind(3) });
        assert_eq!(kinds.get(999), Disposition { through: 0x3e7 | 1 << 20, ..kind(999) });
        let mut given = Vec::new();
        kinds.each(|kind| kind.given, |index, of_kind| given.push((index, of_kind)));
        assert!(given.into_iter().eq((0..1000).map(|index| (index, index * 3))));
        assert_eq!(kinds.of_kind(|kind| kind.given < 30), (0..10).collect::<Vec<_>>());
        assert_eq!(kinds.count(|kind| kind.given < 30), 10);
    }

    #[test]
    fn those_of_which_nothing_is_known_are_told_from_those_that_are_what_they_become() {
        let mut kinds = Dispositions::default();
        let taken = |kind: Disposition| Disposition { marks: Marks::WITH_PARENT, ..kind };
        kinds.grow_to(2, taken);
        kinds.resize(4);
        kinds.change(2, taken);
        assert_eq!(kinds.unknown, 1);
        kinds.change_all(&[0, 1, 2], taken);
        assert_eq!((kinds.unknown, kinds.get(3)), (1, Disposition::default()));
        kinds.change_all(&[3, 0, 3], taken);
        assert_eq!((kinds.unknown, kinds.count(|kind| kind == taken(kind))), (0, 4));
        kinds.push(Disposition::default());
        kinds.change_all(&[4], taken);
        assert_eq!((kinds.unknown, kinds.get(4)), (0, taken(Disposition::default())));
    }

    #[test]
    fn a_change_of_all_may_bring_the_kind_that_no_byte_tells() {
        let mut kinds = Dispositions::default();
        for index in 0..255 {
            kinds.push(Disposition { given: index + 1, ..Disposition::default() });
        }
        let all: Vec<u32> = (0..255).collect();
        kinds.change_all(&all, |kind| Disposition { through: kind.given, ..kind });
        assert!(
            all.iter().all(|&at| kinds.get(at)
                == Disposition { given: at + 1, through: at + 1, ..Disposition::default() })
        );
    }
}
