//! An answer by parent: which children each of those that were asked about has, in their order.

use super::parents::Parents;

/// The children of each parent, in the order in which a finder was asked about them. What a finder answers with that has
/// its children by parent anyway: no parent's id is copied, and the engine looks none up.
///
/// It has to have a list for each parent that was asked about, also where that is empty: anything else is a fault of the
/// finder. Along an edge whose children go only with their last owner it is refused, for there an answer names all owners,
/// also those that nobody asked about: answer with pairs there.
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
    /// An answer about no parent yet.
    pub const fn new() -> Self {
        Self { children: Vec::new(), ends: Ends(Vec::new()) }
    }

    /// The same with room for so many parents and children.
    pub fn with_capacity(parents: usize, children: usize) -> Self {
        Self { children: Vec::with_capacity(children), ends: Ends(Vec::with_capacity(parents)) }
    }

    /// Adds the children of the next parent.
    pub fn push(&mut self, children: impl IntoIterator<Item = C>) {
        self.children.extend(children);
        self.ends.0.push(self.children.len());
    }

    /// How many parents it tells of.
    pub fn parents(&self) -> usize {
        self.ends.0.len()
    }

    /// How many children were found, all parents together.
    pub fn len(&self) -> usize {
        self.children.len()
    }

    /// Whether no child was found.
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
    /// From the children of the first parent, those of the second, and so on.
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

/// Where the children of each parent end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Ends(Vec<usize>);

impl Ends {
    /// From how many children each parent has.
    #[cfg(feature = "remote")]
    pub(crate) fn of_counts(counts: &[u32]) -> Self {
        let ends = counts.iter().scan(0, |end: &mut usize, &count| {
            *end = end.saturating_add(count as usize);
            Some(*end)
        });
        Self(ends.collect())
    }

    /// How many children each parent has.
    #[cfg(feature = "remote")]
    pub(crate) fn counts(&self) -> Vec<u32> {
        let starts = std::iter::once(&0).chain(&self.0);
        self.0.iter().zip(starts).map(|(end, start)| (end - start) as u32).collect()
    }

    /// How many children all parents have.
    pub(crate) fn total(&self) -> usize {
        self.0.last().copied().unwrap_or(0)
    }

    /// Which of the parents, by position, has the child at a position.
    #[cfg(feature = "conformance")]
    pub(crate) fn parent_of(&self, position: usize) -> usize {
        self.0.partition_point(|&end| end <= position)
    }

    /// The parent of each child, of those that were asked about. The error is a fault in words.
    pub(crate) fn parents(&self, asked: &[u32]) -> Result<Parents, String> {
        let parents = self.0.len();
        if parents != asked.len() {
            let asked = asked.len();
            return Err(format!(
                "it answered with the children of {parents} parents, and was asked about {asked}"
            ));
        }
        let mut indices = Vec::with_capacity(self.total());
        for (&parent, &end) in asked.iter().zip(&self.0) {
            indices.resize(end, parent);
        }
        Ok(Parents { indices, not_asked: None, are_owners: false })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_child_has_the_parent_that_it_was_pushed_for() {
        let lists = [vec!["a", "b"], vec![], vec!["c"], vec![]];
        let found: PerParent<&str> = lists.into_iter().collect();
        assert_eq!((found.parents(), found.len(), found.is_empty()), (4, 3, false));
        assert_eq!(found.ends.counts(), [2, 0, 1, 0]);
        assert_eq!(Ends::of_counts(&found.ends.counts()), found.ends);
        assert_eq!([0, 1, 2].map(|position| found.ends.parent_of(position)), [0, 0, 2]);
        let parents = found.ends.parents(&[7, 8, 9, 3]).expect("as many as were asked about");
        assert_eq!(parents.indices, [7, 7, 9]);
    }

    #[test]
    fn it_has_to_tell_of_every_parent_that_was_asked_about() {
        let found = PerParent::<u64>::new();
        assert!(found.ends.parents(&[]).is_ok_and(|parents| parents.indices.is_empty()));
        let error = found.ends.parents(&[1, 2]).err();
        assert_eq!(
            error.as_deref(),
            Some("it answered with the children of 0 parents, and was asked about 2")
        );
    }
}
