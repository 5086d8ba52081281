//! Sets of effects of one resource, one bit each.

use std::fmt;

/// A set of effects of one resource, by their positions in the order in which they run. A pass of `begin` or `cleanup`
/// methods uses it for the positions of these methods.
#[derive(Clone, Copy, Default, PartialEq, Eq, Hash)]
#[repr(transparent)]
pub(crate) struct EffectSet(u64);

/// The highest number of effects of one resource.
pub(crate) const MAX_EFFECTS: usize = u64::BITS as usize;

impl EffectSet {
    pub(crate) const EMPTY: Self = Self(0);
    pub(crate) const ALL: Self = Self(u64::MAX);

    /// The set with these bits.
    pub(crate) const fn from_bits(bits: u64) -> Self {
        Self(bits)
    }

    /// One bit for each position.
    pub(crate) const fn bits(self) -> u64 {
        self.0
    }

    /// The set with one effect. `effect` is less than [`MAX_EFFECTS`].
    pub(crate) const fn of(effect: usize) -> Self {
        Self(1 << effect)
    }

    pub(crate) const fn contains(self, effect: usize) -> bool {
        self.intersects(Self::of(effect))
    }

    pub(crate) const fn is_empty(self) -> bool {
        self.0 == 0
    }

    pub(crate) const fn len(self) -> usize {
        self.0.count_ones() as usize
    }

    pub(crate) const fn union(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// The effects that are not in `other`.
    pub(crate) const fn without(self, other: Self) -> Self {
        Self(self.0 & !other.0)
    }

    /// The effects that are in both sets.
    pub(crate) const fn intersection(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }

    /// Whether an effect is in both sets.
    pub(crate) const fn intersects(self, other: Self) -> bool {
        self.0 & other.0 != 0
    }

    /// The effect that runs first.
    pub(crate) const fn first(self) -> Option<usize> {
        if self.is_empty() { None } else { Some(self.0.trailing_zeros() as usize) }
    }

    /// The effects but the one that runs first.
    pub(crate) const fn without_first(self) -> Self {
        Self(self.0 & self.0.wrapping_sub(1))
    }

    /// The effects, in the order in which they run.
    pub(crate) fn iter(self) -> impl Iterator<Item = usize> {
        let mut rest = self;
        std::iter::from_fn(move || {
            let first = rest.first()?;
            rest = rest.without_first();
            Some(first)
        })
    }
}

impl FromIterator<usize> for EffectSet {
    fn from_iter<T: IntoIterator<Item = usize>>(effects: T) -> Self {
        effects.into_iter().fold(Self::EMPTY, |set, effect| set.union(Self::of(effect)))
    }
}

impl fmt::Debug for EffectSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.iter()).finish()
    }
}
