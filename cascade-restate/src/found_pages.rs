//! Divides the answer of a finder into pages that are far smaller than a message may be, and joins them again.

use std::ops::Range;

use cascade_core::remote::{FoundIds, RemoteError};
use serde_json::Value;
use sha2::{Digest as _, Sha256};

use crate::record_pages::{PAGE_BYTES, size_of};
use crate::wire::FoundPage;

/// The page that begins at row `from`.
pub(crate) fn page_of(found: FoundIds, from: usize) -> Result<FoundPage, RemoteError> {
    let text = serde_json::to_vec(&found).map_err(RemoteError::fault)?;
    let digest = format!("{:x?}", &Sha256::digest(&text)[..8]);
    let (found, rows) = match found {
        FoundIds::Children(children) => {
            let rows = children.len();
            let end = fitting(children.iter().skip(from).map(size_of));
            (FoundIds::Children(children.into_iter().skip(from).take(end).collect()), rows)
        }
        FoundIds::Pairs { parents, pairs } => {
            let rows = pairs.len();
            let end =
                fitting(pairs.iter().skip(from).map(|(parent, child)| {
                    size_of(child) + parents.get(*parent as usize).map_or(0, size_of)
                }));
            (pairs_page(&parents, pairs.into_iter().skip(from).take(end))?, rows)
        }
        FoundIds::PerParent { counts, children } => {
            let rows = children.len();
            let end = fitting(children.iter().skip(from).map(size_of));
            let children: Vec<Value> = children.into_iter().skip(from).take(end).collect();
            (
                FoundIds::PerParent { counts: counts_within(&counts, from..from + children.len()), children },
                rows,
            )
        }
        _ => return Err(RemoteError::fault("the finder answered in a form that this version does not know")),
    };
    Ok(FoundPage { found, rows, digest })
}

/// Some pairs, and only the parents that they name.
fn pairs_page(parents: &[Value], pairs: impl Iterator<Item = (u32, Value)>) -> Result<FoundIds, RemoteError> {
    let (mut used, mut last, mut rows) = (Vec::new(), None, Vec::new());
    for (parent, child) in pairs {
        if last != Some(parent) {
            let value = parents.get(parent as usize);
            used.push(
                value
                    .cloned()
                    .ok_or_else(|| RemoteError::fault("a pair names a parent that is not in the answer"))?,
            );
            last = Some(parent);
        }
        rows.push((used.len() as u32 - 1, child));
    }
    Ok(FoundIds::Pairs { parents: used, pairs: rows })
}

/// The number of each parent's children among these rows.
fn counts_within(counts: &[u32], rows: Range<usize>) -> Vec<u32> {
    let mut start = 0;
    let within = |&count: &u32| {
        let end = start + count as usize;
        let (first, past) = (rows.start.max(start), rows.end.min(end));
        start = end;
        past.saturating_sub(first) as u32
    };
    counts.iter().map(within).collect()
}

/// The number of rows that fit into one page by their sizes, at least one.
fn fitting(sizes: impl Iterator<Item = usize>) -> usize {
    let mut left = PAGE_BYTES;
    let fits = |size: usize| {
        let fits = size <= left;
        left = left.saturating_sub(size + 8);
        fits
    };
    sizes.map(fits).take_while(|fits| *fits).count().max(1)
}

/// An answer that is joined from its pages.
#[derive(Debug, Default)]
pub(crate) struct FoundSoFar {
    found: Option<FoundIds>,
    digest: String,
    rows: usize,
    total: usize,
}

impl FoundSoFar {
    /// The row that the next page must begin at. `None` once the answer is complete.
    pub(crate) fn next(&self) -> Option<usize> {
        (self.found.is_none() || self.rows < self.total).then_some(self.rows)
    }

    /// Adds a page. Where the answer has changed since the last page, collecting begins again.
    pub(crate) fn add(&mut self, page: FoundPage) {
        if self.found.is_some() && self.digest != page.digest {
            *self = Self::default();
            return;
        }
        (self.digest, self.total) = (page.digest, page.rows);
        let before = self.found.take();
        self.found = Some(match (before, page.found) {
            (Some(FoundIds::Children(mut all)), FoundIds::Children(more)) => {
                all.extend(more);
                FoundIds::Children(all)
            }
            (
                Some(FoundIds::Pairs { mut parents, mut pairs }),
                FoundIds::Pairs { parents: others, pairs: more },
            ) => {
                let first = parents.len() as u32;
                parents.extend(others);
                pairs.extend(more.into_iter().map(|(parent, child)| (first + parent, child)));
                FoundIds::Pairs { parents, pairs }
            }
            (
                Some(FoundIds::PerParent { mut counts, mut children }),
                FoundIds::PerParent { counts: more, children: others },
            ) => {
                counts.iter_mut().zip(more).for_each(|(count, more)| *count += more);
                children.extend(others);
                FoundIds::PerParent { counts, children }
            }
            (_, found) => found,
        });
        self.rows = match &self.found {
            Some(FoundIds::Pairs { pairs, .. }) => pairs.len(),
            Some(FoundIds::Children(children) | FoundIds::PerParent { children, .. }) => children.len(),
            _ => 0,
        };
    }

    pub(crate) fn finish(self) -> FoundIds {
        self.found.unwrap_or(FoundIds::Children(Vec::new()))
    }
}

#[cfg(test)]
mod tests {
    use cascade_core::remote::FoundIds;
    use serde_json::{Value, json};

    use super::{FoundSoFar, page_of};

    fn all_pages(answer: impl Fn(usize) -> FoundIds) -> (FoundIds, usize) {
        let (mut so_far, mut pages) = (FoundSoFar::default(), 0);
        while let Some(from) = so_far.next() {
            so_far.add(page_of(answer(pages), from).unwrap());
            pages += 1;
        }
        (so_far.finish(), pages)
    }

    fn children(count: usize) -> FoundIds {
        FoundIds::Children((0..count).map(|at| json!(format!("{at:0>1000}"))).collect())
    }

    #[test]
    fn large_answer_joined_from_its_pages_is_the_same() {
        let (found, pages) = all_pages(|_| children(5000));
        assert_eq!(found, children(5000));
        assert_eq!(pages, 5);
        let pairs = |_| FoundIds::Pairs {
            parents: (0..100).map(Value::from).collect(),
            pairs: (0..100)
                .flat_map(|parent| (0..200).map(move |at| (parent, json!(format!("{at:0>100}")))))
                .collect(),
        };
        let (found, pages) = all_pages(pairs);
        let FoundIds::Pairs { parents, pairs: found } = found else { panic!("pairs") };
        let FoundIds::Pairs { parents: asked, pairs: expected } = pairs(0) else { panic!("pairs") };
        let named = |parents: &[Value], pairs: Vec<(u32, Value)>| -> Vec<(Value, Value)> {
            pairs.into_iter().map(|(parent, child)| (parents[parent as usize].clone(), child)).collect()
        };
        assert_eq!(named(&parents, found), named(&asked, expected));
        assert!(pages > 1);
    }

    #[test]
    fn each_parent_keeps_its_children_wherever_a_page_ends() {
        let answer = |_| FoundIds::PerParent {
            counts: vec![0, 3000, 0, 1, 1999, 0],
            children: (0..5000).map(|at| json!(format!("{at:0>1000}"))).collect(),
        };
        assert_eq!(all_pages(answer), (answer(0), 5));
    }

    #[test]
    fn empty_answer_is_one_page() {
        assert_eq!(all_pages(|_| FoundIds::Children(Vec::new())), (FoundIds::Children(Vec::new()), 1));
        let nothing = |_| FoundIds::PerParent { counts: vec![0, 0], children: Vec::new() };
        assert_eq!(all_pages(nothing), (nothing(0), 1));
    }

    #[test]
    fn answer_that_changes_between_pages_is_collected_again() {
        let (found, _) = all_pages(|page| children(if page < 2 { 5000 } else { 3000 }));
        assert_eq!(found, children(3000));
    }
}
