//! Sorting by id, so that plans do not depend on the order in which finders return ids.
//!
//! Ids that differ but compare equal are ordered by their printed form. If `Ord` is not a total order, a sort may panic; then
//! all ids are ordered by their printed form.

use std::borrow::Borrow;
use std::cmp::Ordering;
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};

use super::id::ResourceId;
use super::index::{Index, InstanceIx};

/// These indices, in the order of their ids.
pub(crate) fn sorted<Id: ResourceId>(ids: &[Id], indices: Vec<InstanceIx>) -> Vec<InstanceIx> {
    let sorted = AssertUnwindSafe(|| {
        // Integers are usually sorted already, because the table is indexed by them; finders often return ids sorted.
        if are_sorted(ids, &indices) {
            None
        } else if const { std::mem::needs_drop::<Id>() } {
            Some(by_id::<Id>(indices.iter().map(|&index| (&ids[index.position()], index)).collect()))
        } else {
            // Ids without owned memory are cheap to clone, and comparing them in place avoids a lookup per comparison.
            Some(by_id::<Id>(indices.iter().map(|&index| (ids[index.position()].clone(), index)).collect()))
        }
    });
    match catch_unwind(sorted) {
        Ok(Some(sorted)) => sorted,
        Ok(None) => indices,
        Err(_) => sorted_by_printed(ids, indices),
    }
}

/// For each index, the number of its batch if the sorted ids are split into batches of `size`. Entries for indices that are
/// not in `indices` are meaningless. Selecting the batches is cheaper than sorting.
pub(crate) fn batch_numbers<Id: ResourceId>(ids: &[Id], indices: &[InstanceIx], size: usize) -> Vec<u32> {
    let batched = AssertUnwindSafe(|| {
        if are_sorted(ids, indices) {
            Some(indices.to_vec())
        } else if const { std::mem::needs_drop::<Id>() } {
            split_into_batches::<Id>(
                indices.iter().map(|&index| (&ids[index.position()], index)).collect(),
                size,
            )
        } else {
            split_into_batches::<Id>(
                indices.iter().map(|&index| (ids[index.position()].clone(), index)).collect(),
                size,
            )
        }
    });
    let batched = match catch_unwind(batched) {
        Ok(Some(batched)) => batched,
        Ok(None) => sorted(ids, indices.to_vec()),
        Err(_) => sorted_by_printed(ids, indices.to_vec()),
    };
    batch_numbers_of(&batched, size, ids.len())
}

/// The same, from indices that are already ordered batch by batch.
pub(crate) fn batch_numbers_of(batched: &[InstanceIx], size: usize, len: usize) -> Vec<u32> {
    let mut numbers = vec![0; len];
    for (rank, &index) in batched.iter().enumerate() {
        numbers[index.position()] = (rank / size) as u32;
    }
    numbers
}

/// Reorders `indices` batch by batch, stable within each batch. `batch_numbers` holds the batch of each index; all batches but
/// the last have `size` indices.
pub(crate) fn in_batches(indices: Vec<InstanceIx>, batch_numbers: &[u32], size: usize) -> Vec<InstanceIx> {
    let mut next: Vec<usize> = (0..indices.len()).step_by(size).collect();
    let mut batched = vec![InstanceIx::default(); indices.len()];
    for index in indices {
        let next = &mut next[batch_numbers[index.position()] as usize];
        batched[*next] = index;
        *next += 1;
    }
    batched
}

fn are_sorted<Id: ResourceId>(ids: &[Id], indices: &[InstanceIx]) -> bool {
    indices.is_sorted_by(|&a, &b| order(&ids[a.position()], &ids[b.position()]).is_le())
}

#[cold]
fn sorted_by_printed<Id: ResourceId>(ids: &[Id], indices: Vec<InstanceIx>) -> Vec<InstanceIx> {
    by_text(indices.into_iter().map(|index| (ids[index.position()].to_string(), index)).collect())
}

/// The indices, sorted by their texts. Not generic: a sort is much code, and unoptimised builds would compile it for each id
/// type.
fn by_text(mut texts: Vec<(String, InstanceIx)>) -> Vec<InstanceIx> {
    texts.sort_unstable();
    texts.into_iter().map(|(_, index)| index).collect()
}

#[inline]
fn order<Id: Ord + fmt::Display>(a: &Id, b: &Id) -> Ordering {
    a.cmp(b).then_with(|| compare_printed(a, b))
}

#[cold]
fn compare_printed(a: &impl fmt::Display, b: &impl fmt::Display) -> Ordering {
    a.to_string().cmp(&b.to_string())
}

/// The indices, sorted by their ids.
fn by_id<Id: Ord + fmt::Display>(mut ids: Vec<(impl Borrow<Id>, InstanceIx)>) -> Vec<InstanceIx> {
    // The comparison does not break ties, so that the sort can be branchless. Equal ids are sorted afterwards.
    ids.sort_unstable_by(|a, b| a.0.borrow().cmp(b.0.borrow()));
    let mut sorted = Vec::with_capacity(ids.len());
    for equal in ids.chunk_by(|a, b| a.0.borrow().cmp(b.0.borrow()).is_eq()) {
        match equal {
            [(_, index)] => sorted.push(*index),
            _ => sorted
                .extend(by_text(equal.iter().map(|(id, index)| (id.borrow().to_string(), *index)).collect())),
        }
    }
    sorted
}

/// The indices batch by batch, unordered within each batch; `None` if ids that compare equal lie on both sides of a boundary
/// between batches.
fn split_into_batches<Id: Ord>(
    mut ids: Vec<(impl Borrow<Id>, InstanceIx)>,
    size: usize,
) -> Option<Vec<InstanceIx>> {
    select_batches::<Id>(&mut ids, size).then(|| ids.into_iter().map(|(_, index)| index).collect())
}

/// Moves the ids of each batch before those of the next; `false` if ids that compare equal lie on both sides of a boundary.
fn select_batches<Id: Ord>(ids: &mut [(impl Borrow<Id>, InstanceIx)], size: usize) -> bool {
    let batches = ids.len().div_ceil(size);
    if batches <= 1 {
        return true;
    }
    let middle = batches / 2 * size;
    let (before, boundary, _) = ids.select_nth_unstable_by(middle, |a, b| a.0.borrow().cmp(b.0.borrow()));
    let boundary = boundary.0.borrow();
    if before.iter().any(|id| id.0.borrow().cmp(boundary).is_eq()) {
        return false;
    }
    let (before, after) = ids.split_at_mut(middle);
    select_batches::<Id>(before, size) && select_batches::<Id>(after, size)
}

#[cfg(test)]
mod tests {
    use serde::{Deserialize, Serialize};

    use super::*;

    /// Ids that differ but compare equal.
    #[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
    struct Coarse(u32);

    impl Ord for Coarse {
        fn cmp(&self, other: &Self) -> Ordering {
            (self.0 / 64).cmp(&(other.0 / 64))
        }
    }

    impl PartialOrd for Coarse {
        fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
            Some(self.cmp(other))
        }
    }

    impl fmt::Display for Coarse {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            self.0.fmt(f)
        }
    }

    fn check<Id: ResourceId>(ids: &[Id], indices: &[InstanceIx]) {
        for size in [1, 7, 100, 5000] {
            let numbers = batch_numbers(ids, indices, size);
            for (rank, index) in sorted(ids, indices.to_vec()).into_iter().enumerate() {
                assert_eq!(numbers[index.position()] as usize, rank / size, "{size}");
            }
        }
    }

    #[test]
    fn batches_are_those_of_a_sorted_list() {
        let ids: Vec<u64> = (0..1000).map(|position| position * 7919 % 1009).collect();
        let texts: Vec<String> = ids.iter().map(|id| format!("vm-{id}")).collect();
        let some: Vec<InstanceIx> = InstanceIx::all(1000).filter(|index| index.number() % 3 != 0).collect();
        check(&ids, &some);
        check(&texts, &some);
        let coarse: Vec<Coarse> = ids.iter().map(|&id| Coarse(id as u32)).collect();
        check(&coarse, &some);
        let in_order: Vec<u64> = (0..1000).collect();
        check(&in_order, &some);
    }
}
