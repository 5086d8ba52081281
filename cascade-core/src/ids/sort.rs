//! The order of ids, by which a plan does not show in which order finders answered.
//!
//! An `Ord` that is no order may panic in a sort; then the printed form decides, as it does between ids that differ and
//! compare equal.

use std::borrow::Borrow;
use std::cmp::Ordering;
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};

use super::id::ResourceId;

/// These indices, in the order of their ids.
pub(crate) fn sorted<Id: ResourceId>(ids: &[Id], indices: Vec<u32>) -> Vec<u32> {
    let sorted = AssertUnwindSafe(|| {
        // Numbers mostly are in their order by now, and others often were found in it.
        if are_sorted(ids, &indices) {
            None
        } else if const { std::mem::needs_drop::<Id>() } {
            Some(by_id::<Id>(indices.iter().map(|&index| (&ids[index as usize], index)).collect()))
        } else {
            // BatchIds that own nothing are compared where they stand, not looked up each time.
            Some(by_id::<Id>(indices.iter().map(|&index| (ids[index as usize].clone(), index)).collect()))
        }
    });
    match catch_unwind(sorted) {
        Ok(Some(sorted)) => sorted,
        Ok(None) => indices,
        Err(_) => by_printed(ids, indices),
    }
}

/// Which part each of these indices belongs to, where their ids, in order, are parted into parts of that size. By index;
/// what stands at others means nothing. To know the part of each takes less than to sort them all.
pub(crate) fn parts<Id: ResourceId>(ids: &[Id], indices: &[u32], size: usize) -> Vec<u32> {
    let parted = AssertUnwindSafe(|| {
        if are_sorted(ids, indices) {
            Some(indices.to_vec())
        } else if const { std::mem::needs_drop::<Id>() } {
            part::<Id>(indices.iter().map(|&index| (&ids[index as usize], index)).collect(), size)
        } else {
            part::<Id>(indices.iter().map(|&index| (ids[index as usize].clone(), index)).collect(), size)
        }
    });
    let parted = match catch_unwind(parted) {
        Ok(Some(parted)) => parted,
        Ok(None) => sorted(ids, indices.to_vec()),
        Err(_) => by_printed(ids, indices.to_vec()),
    };
    by_index(&parted, size, ids.len())
}

/// The parts, by index, of indices that stand part by part.
pub(crate) fn by_index(parted: &[u32], size: usize, len: usize) -> Vec<u32> {
    let mut parts = vec![0; len];
    for (rank, &index) in parted.iter().enumerate() {
        parts[index as usize] = (rank / size) as u32;
    }
    parts
}

/// These indices part by part, where `parts` says which part each belongs to, and all but the last are of that size. Those of
/// a part stay in the order they come in.
pub(crate) fn in_parts(indices: Vec<u32>, parts: &[u32], size: usize) -> Vec<u32> {
    let mut next: Vec<usize> = (0..indices.len()).step_by(size).collect();
    let mut parted = vec![0; indices.len()];
    for index in indices {
        let next = &mut next[parts[index as usize] as usize];
        parted[*next] = index;
        *next += 1;
    }
    parted
}

fn are_sorted<Id: ResourceId>(ids: &[Id], indices: &[u32]) -> bool {
    indices.is_sorted_by(|&a, &b| order(&ids[a as usize], &ids[b as usize]).is_le())
}

#[cold]
fn by_printed<Id: ResourceId>(ids: &[Id], indices: Vec<u32>) -> Vec<u32> {
    by_text(indices.into_iter().map(|index| (ids[index as usize].to_string(), index)).collect())
}

/// The indices beside texts, in the order of these. Sorts are large, and unoptimised builds compile one for each type of
/// ids: this one is compiled once.
fn by_text(mut texts: Vec<(String, u32)>) -> Vec<u32> {
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

/// The indices beside ids, in the order of these.
fn by_id<Id: Ord + fmt::Display>(mut ids: Vec<(impl Borrow<Id>, u32)>) -> Vec<u32> {
    // Nothing is in the way of a sort without branches: those that compare equal are seen to afterwards.
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

/// The indices beside ids, those of one part before those of the next, in no order within; `None` where two parts meet
/// between ids that compare equal.
fn part<Id: Ord>(mut ids: Vec<(impl Borrow<Id>, u32)>, size: usize) -> Option<Vec<u32>> {
    select::<Id>(&mut ids, size).then(|| ids.into_iter().map(|(_, index)| index).collect())
}

/// Moves the ids of each part before those of the next; `false` where two parts meet between ids that compare equal.
fn select<Id: Ord>(ids: &mut [(impl Borrow<Id>, u32)], size: usize) -> bool {
    let parts = ids.len().div_ceil(size);
    if parts <= 1 {
        return true;
    }
    let middle = parts / 2 * size;
    let (before, border, _) = ids.select_nth_unstable_by(middle, |a, b| a.0.borrow().cmp(b.0.borrow()));
    let border = border.0.borrow();
    if before.iter().any(|id| id.0.borrow().cmp(border).is_eq()) {
        return false;
    }
    let (before, behind) = ids.split_at_mut(middle);
    select::<Id>(before, size) && select::<Id>(behind, size)
}

#[cfg(test)]
mod tests {
    use serde::{Deserialize, Serialize};

    use super::*;

    /// BatchIds that differ and compare equal.
    #[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
    struct Rough(u32);

    impl Ord for Rough {
        fn cmp(&self, other: &Self) -> Ordering {
            (self.0 / 64).cmp(&(other.0 / 64))
        }
    }

    impl PartialOrd for Rough {
        fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
            Some(self.cmp(other))
        }
    }

    impl fmt::Display for Rough {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            self.0.fmt(f)
        }
    }

    fn check<Id: ResourceId>(ids: &[Id], indices: &[u32]) {
        for size in [1, 7, 100, 5000] {
            let parts = parts(ids, indices, size);
            for (rank, index) in sorted(ids, indices.to_vec()).into_iter().enumerate() {
                assert_eq!(parts[index as usize] as usize, rank / size, "{size}");
            }
        }
    }

    #[test]
    fn parts_are_those_of_a_sort() {
        let ids: Vec<u64> = (0..1000).map(|at| at * 7919 % 1009).collect();
        let texts: Vec<String> = ids.iter().map(|id| format!("vm-{id}")).collect();
        let some: Vec<u32> = (0..1000).filter(|index| index % 3 != 0).collect();
        check(&ids, &some);
        check(&texts, &some);
        let rough: Vec<Rough> = ids.iter().map(|&id| Rough(id as u32)).collect();
        check(&rough, &some);
        let in_order: Vec<u64> = (0..1000).collect();
        check(&in_order, &some);
    }
}
