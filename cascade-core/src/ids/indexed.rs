//! A list that only indices of one type can access.

use std::marker::PhantomData;
use std::ops::{Deref, DerefMut, Range};

use super::index::Index;

/// A list of `T` by `I`. It dereferences to a slice, for iteration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Indexed<I, T> {
    items: Vec<T>,
    index: PhantomData<fn(I)>,
}

impl<I: Index, T> Indexed<I, T> {
    pub(crate) const fn new() -> Self {
        Self { items: Vec::new(), index: PhantomData }
    }

    /// A list with an item for each index of another list.
    pub(crate) fn like<U>(other: &Indexed<I, U>, item: impl FnMut() -> T) -> Self {
        std::iter::repeat_with(item).take(other.len()).collect()
    }

    pub(crate) fn push(&mut self, item: T) -> I {
        self.items.push(item);
        I::at(self.items.len() - 1)
    }

    /// The item at an index; `None` if the index is too high.
    pub(crate) fn at(&self, index: I) -> Option<&T> {
        self.items.get(index.position())
    }

    /// The item at an index, for writing; `None` if the index is too high.
    pub(crate) fn at_mut(&mut self, index: I) -> Option<&mut T> {
        self.items.get_mut(index.position())
    }

    /// The items at consecutive indices, for writing.
    pub(crate) fn row_mut(&mut self, indices: &Range<I>) -> &mut [T] {
        &mut self.items[indices.start.position()..indices.end.position()]
    }

    /// All indices.
    pub(crate) fn indices(&self) -> impl DoubleEndedIterator<Item = I> + ExactSizeIterator + use<I, T> {
        I::all(self.items.len())
    }

    /// All items, each with its index.
    pub(crate) fn enumerate(&self) -> impl DoubleEndedIterator<Item = (I, &T)> + ExactSizeIterator {
        self.items.iter().enumerate().map(|(position, item)| (I::at(position), item))
    }
}

impl<I: Index, T> Default for Indexed<I, T> {
    fn default() -> Self {
        Self::new()
    }
}

impl<I: Index, T> std::ops::Index<I> for Indexed<I, T> {
    type Output = T;

    #[inline]
    fn index(&self, index: I) -> &T {
        &self.items[index.position()]
    }
}

impl<I: Index, T> std::ops::IndexMut<I> for Indexed<I, T> {
    #[inline]
    fn index_mut(&mut self, index: I) -> &mut T {
        &mut self.items[index.position()]
    }
}

impl<I, T> Deref for Indexed<I, T> {
    type Target = [T];

    fn deref(&self) -> &[T] {
        &self.items
    }
}

impl<I, T> DerefMut for Indexed<I, T> {
    fn deref_mut(&mut self) -> &mut [T] {
        &mut self.items
    }
}

impl<I, T> FromIterator<T> for Indexed<I, T> {
    fn from_iter<It: IntoIterator<Item = T>>(items: It) -> Self {
        Self { items: items.into_iter().collect(), index: PhantomData }
    }
}

impl<I, T> IntoIterator for Indexed<I, T> {
    type Item = T;
    type IntoIter = std::vec::IntoIter<T>;

    fn into_iter(self) -> Self::IntoIter {
        self.items.into_iter()
    }
}

impl<'a, I, T> IntoIterator for &'a Indexed<I, T> {
    type Item = &'a T;
    type IntoIter = std::slice::Iter<'a, T>;

    fn into_iter(self) -> Self::IntoIter {
        self.items.iter()
    }
}

impl<'a, I, T> IntoIterator for &'a mut Indexed<I, T> {
    type Item = &'a mut T;
    type IntoIter = std::slice::IterMut<'a, T>;

    fn into_iter(self) -> Self::IntoIter {
        self.items.iter_mut()
    }
}
