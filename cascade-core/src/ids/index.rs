//! The indices of the engine: dense numbers, one type for each kind of thing that is numbered.

use std::fmt;
use std::marker::PhantomData;

/// A dense number of a kind of thing. It is less than `u32::MAX`.
pub(crate) trait Index: Copy + PartialEq + fmt::Debug {
    /// The index with this number.
    fn new(number: u32) -> Self;
    /// The number as it is stored.
    fn number(self) -> u32;

    /// The position in a list.
    fn position(self) -> usize {
        self.number() as usize
    }

    /// The index of a position in a list.
    fn at(position: usize) -> Self {
        Self::new(position as u32)
    }

    /// The indices of a list with that length.
    fn all(len: usize) -> impl DoubleEndedIterator<Item = Self> + ExactSizeIterator {
        (0..len).map(Self::at)
    }

    /// The indices from this one up to `end`, exclusive.
    fn up_to(self, end: Self) -> impl DoubleEndedIterator<Item = Self> {
        (self.number()..end.number()).map(Self::new)
    }
}

macro_rules! index {
    ($(#[$doc:meta] $name:ident,)*) => {$(
        #[$doc]
        #[derive(Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[repr(transparent)]
        pub(crate) struct $name(u32);

        impl Index for $name {
            #[inline]
            fn new(number: u32) -> Self {
                Self(number)
            }

            #[inline]
            fn number(self) -> u32 {
                self.0
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Debug::fmt(&self.0, f)
            }
        }
    )*};
}

index! {
    /// A resource of the graph, in the order of names.
    ResourceIx,
    /// An edge of the graph, in the order of child and parent.
    EdgeIx,
    /// An instance of one resource, in the order of discovery. It does not change when a plan grows.
    InstanceIx,
    /// A node of the order of a plan: an instance of any resource, or a helper node. It changes when a plan grows.
    NodeIx,
    /// A step kind of a pass.
    StepKindIx,
    /// A set of parents that an exclusive step holds.
    ParentSetIx,
}

/// An optional index in four bytes: `u32::MAX` is never an index.
#[derive(Clone, Copy, PartialEq, Eq)]
#[repr(transparent)]
pub(crate) struct PackedOption<I>(u32, PhantomData<I>);

impl<I: Index> PackedOption<I> {
    pub(crate) const NONE: Self = Self(u32::MAX, PhantomData);

    #[inline]
    pub(crate) fn some(index: I) -> Self {
        Self(index.number(), PhantomData)
    }

    #[inline]
    pub(crate) fn get(self) -> Option<I> {
        (self.0 != u32::MAX).then(|| I::new(self.0))
    }

    #[inline]
    pub(crate) fn is_none(self) -> bool {
        self.0 == u32::MAX
    }
}

impl<I: Index> From<Option<I>> for PackedOption<I> {
    fn from(index: Option<I>) -> Self {
        index.map_or(Self::NONE, Self::some)
    }
}

impl<I: Index> fmt::Debug for PackedOption<I> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.get(), f)
    }
}

impl InstanceIx {
    /// The node of the instance; `first` is the first node of its resource.
    pub(crate) fn node(self, first: NodeIx) -> NodeIx {
        NodeIx(first.0 + self.0)
    }
}

impl StepKindIx {
    /// The step kind `count` places after this one.
    pub(crate) fn plus(self, count: usize) -> Self {
        Self(self.0 + count as u32)
    }
}

impl NodeIx {
    /// The instance of the node; `first` is the first node of its resource.
    pub(crate) fn instance(self, first: Self) -> InstanceIx {
        InstanceIx(self.0 - first.0)
    }

    /// The node `count` places after this one.
    pub(crate) fn plus(self, count: usize) -> Self {
        Self(self.0 + count as u32)
    }
}
