//! A finder's answer that lists the children of each given parent.

use super::parents::Parents;
use crate::ids::{InstanceIx, PackedOption};

/// A finder's answer that lists the children of each given parent, in the order of the parents.
///
/// For finders that have the children by parent anyway: no id of a parent is copied or looked up.
///
/// The answer must have a list for every given parent, even if the list is empty: any other number of lists is an
/// error. It is also an error along a `shared` edge: there a finder must name all owners of each child, not only the
/// given ones. Return pairs there.
///
/// ```
/// use std::collections::BTreeMap;
///
/// use cascade_core::PerParent;
///
/// let disks = BTreeMap::from([("vm-1", vec!["root", "data"]), ("vm-3", vec!["root"])]);
/// let asked = ["vm-1", "vm-2", "vm-3"];
/// let found: PerParent<&str> =
///     asked.iter().map(|vm| disks.get(vm).into_iter().flatten().copied()).collect();
/// assert_eq!((found.parents(), found.len()), (3, 3));
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PerParent<C> {
    pub(crate) children: Vec<C>,
    pub(crate) ends: Ends,
}

impl<C> PerParent<C> {
    /// An answer without lists.
    pub const fn new() -> Self {
        Self { children: Vec::new(), ends: Ends(Vec::new()) }
    }

    /// An answer without lists, with capacity for that many parents and children.
    pub fn with_capacity(parents: usize, children: usize) -> Self {
        Self { children: Vec::with_capacity(children), ends: Ends(Vec::with_capacity(parents)) }
    }

    /// Adds the list of the next parent's children.
    pub fn push(&mut self, children: impl IntoIterator<Item = C>) {
        self.children.extend(children);
        self.ends.0.push(self.children.len());
    }

    /// The number of parents that have a list.
    pub fn parents(&self) -> usize {
        self.ends.0.len()
    }

    /// The number of children in all lists.
    pub fn len(&self) -> usize {
        self.children.len()
    }

    /// Whether all lists are empty.
    pub fn is_empty(&self) -> bool {
        self.children.is_empty()
    }
}

impl<C> Default for PerParent<C> {
    fn default() -> Self {
        Self::new()
    }
}

impl<C, I: IntoIterator<Item = C>> FromIterator<I> for PerParent<C> {
    /// The items are the lists of the parents, in their order.
    fn from_iter<T: IntoIterator<Item = I>>(lists: T) -> Self {
        let mut found = Self::new();
        found.extend(lists);
        found
    }
}

impl<C, I: IntoIterator<Item = C>> Extend<I> for PerParent<C> {
    fn extend<T: IntoIterator<Item = I>>(&mut self, lists: T) {
        let lists = lists.into_iter();
        self.ends.0.reserve(lists.size_hint().0);
        for children in lists {
            self.push(children);
        }
    }
}

/// The position after the last child of each parent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Ends(Vec<usize>);

impl Ends {
    /// From the number of children of each parent.
    #[cfg(feature = "remote")]
    pub(crate) fn of_counts(counts: &[u32]) -> Self {
        let ends = counts.iter().scan(0, |end: &mut usize, &count| {
            *end = end.saturating_add(count as usize);
            Some(*end)
        });
        Self(ends.collect())
    }

    /// The number of children of each parent.
    #[cfg(feature = "remote")]
    pub(crate) fn counts(&self) -> Vec<u32> {
        let starts = std::iter::once(&0).chain(&self.0);
        self.0.iter().zip(starts).map(|(end, start)| (end - start) as u32).collect()
    }

    /// The number of children of all parents.
    pub(crate) fn total(&self) -> usize {
        self.0.last().copied().unwrap_or(0)
    }

    /// The position of the parent of the child at a position.
    #[cfg(feature = "conformance")]
    pub(crate) fn parent_of(&self, position: usize) -> usize {
        self.0.partition_point(|&end| end <= position)
    }

    /// The parent of each child. `asked` are the given parents. The error describes a fault of the answer.
    pub(crate) fn parents(&self, asked: &[InstanceIx]) -> Result<Parents, String> {
        let parents = self.0.len();
        if parents != asked.len() {
            let asked = asked.len();
            return Err(format!(
                "it answered with the children of {parents} parents, but was asked about {asked}"
            ));
        }
        let mut indices = Vec::with_capacity(self.total());
        for (&parent, &end) in asked.iter().zip(&self.0) {
            indices.resize(end, PackedOption::some(parent));
        }
        Ok(Parents { indices, not_asked: None, are_owners: false })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::Index;

    #[test]
    fn each_child_belongs_to_the_parent_it_was_pushed_for() {
        let lists = [vec!["a", "b"], vec![], vec!["c"], vec![]];
        let found: PerParent<&str> = lists.into_iter().collect();
        assert_eq!((found.parents(), found.len(), found.is_empty()), (4, 3, false));
        assert_eq!(found.ends.counts(), [2, 0, 1, 0]);
        assert_eq!(Ends::of_counts(&found.ends.counts()), found.ends);
        assert_eq!([0, 1, 2].map(|position| found.ends.parent_of(position)), [0, 0, 2]);
        let parents =
            found.ends.parents(&[7, 8, 9, 3].map(InstanceIx::new)).expect("as many as were asked about");
        assert_eq!(parents.indices, [7, 7, 9].map(|number| PackedOption::some(InstanceIx::new(number))));
    }

    #[test]
    fn a_wrong_number_of_lists_is_an_error() {
        let found = PerParent::<u64>::new();
        assert!(found.ends.parents(&[]).is_ok_and(|parents| parents.indices.is_empty()));
        let error = found.ends.parents(&[1, 2].map(InstanceIx::new)).err();
        assert_eq!(
            error.as_deref(),
            Some("it answered with the children of 0 parents, but was asked about 2")
        );
    }
}
