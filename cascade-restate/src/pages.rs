//! Large things in parts that are far below what one message may hold.

use std::ops::Range;

use cascade_core::Record;
use cascade_core::remote::{FoundIds, RemoteError};
use serde::Serialize;
use serde_json::Value;
use sha2::{Digest as _, Sha256};

use crate::wire::FoundPage;

/// What one message holds, about. Restate's limit is 32 MiB.
pub(crate) const PAGE_BYTES: usize = 1 << 20;

/// Records in pages: each as full as goes, none above the size unless one record is.
pub(crate) struct RecordPages<I> {
    records: I,
    next: Option<Record>,
}

impl<I> RecordPages<I> {
    pub(crate) fn new(records: I) -> Self {
        Self { records, next: None }
    }
}

impl<I: Iterator<Item = Result<Record, serde_json::Error>>> Iterator for RecordPages<I> {
    type Item = Result<Vec<Record>, serde_json::Error>;

    fn next(&mut self) -> Option<Self::Item> {
        let mut page = Vec::from_iter(self.next.take());
        let mut size = page.iter().map(size_of).sum::<usize>();
        for record in self.records.by_ref() {
            let record = match record {
                Ok(record) => record,
                Err(error) => return Some(Err(error)),
            };
            size += size_of(&record);
            if size > PAGE_BYTES && !page.is_empty() {
                self.next = Some(record);
                break;
            }
            page.push(record);
        }
        (!page.is_empty()).then_some(Ok(page))
    }
}

/// How long the text of it is.
pub(crate) fn size_of(value: &impl Serialize) -> usize {
    struct Counter(usize);
    impl std::io::Write for Counter {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0 += bytes.len();
            Ok(bytes.len())
        }
        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }
    let mut counter = Counter(0);
    // A value that cannot be written is found out where it is.
    let _ = serde_json::to_writer(&mut counter, value);
    counter.0
}

/// The page of an answer that begins at row `from`.
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
            (part(&parents, pairs.into_iter().skip(from).take(end))?, rows)
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
        _ => return Err(RemoteError::fault("an answer of a kind that this version does not know")),
    };
    Ok(FoundPage { found, rows, digest })
}

/// Some pairs, with those of the parents that are in them.
fn part(parents: &[Value], pairs: impl Iterator<Item = (u32, Value)>) -> Result<FoundIds, RemoteError> {
    let (mut used, mut last, mut rows) = (Vec::new(), None, Vec::new());
    for (parent, child) in pairs {
        if last != Some(parent) {
            let value = parents.get(parent as usize);
            used.push(value.cloned().ok_or_else(|| RemoteError::fault("a pair of no parent"))?);
            last = Some(parent);
        }
        rows.push((used.len() as u32 - 1, child));
    }
    Ok(FoundIds::Pairs { parents: used, pairs: rows })
}

/// How many of each parent's children are among these rows.
fn counts_within(counts: &[u32], rows: Range<usize>) -> Vec<u32> {
    let mut start = 0;
    let within = |&count: &u32| {
        let end = start + count as usize;
        let (first, behind) = (rows.start.max(start), rows.end.min(end));
        start = end;
        behind.saturating_sub(first) as u32
    };
    counts.iter().map(within).collect()
}

/// How many of these sizes fit into one page; one at least.
fn fitting(sizes: impl Iterator<Item = usize>) -> usize {
    let mut left = PAGE_BYTES;
    let fits = |size: usize| {
        let fits = size <= left;
        left = left.saturating_sub(size + 8);
        fits
    };
    sizes.map(fits).take_while(|fits| *fits).count().max(1)
}

/// An answer that is put together of its pages.
#[derive(Debug, Default)]
pub(crate) struct FoundSoFar {
    found: Option<FoundIds>,
    digest: String,
    rows: usize,
    total: usize,
}

impl FoundSoFar {
    /// The row that is wanted next; `None` once all are there.
    pub(crate) fn next(&self) -> Option<usize> {
        (self.found.is_none() || self.rows < self.total).then_some(self.rows)
    }

    /// Takes a page. Where the answer has changed since the last one, all begins anew.
    pub(crate) fn take(&mut self, page: FoundPage) {
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
            so_far.take(page_of(answer(pages), from).unwrap());
            pages += 1;
        }
        (so_far.finish(), pages)
    }

    fn children(count: usize) -> FoundIds {
        FoundIds::Children((0..count).map(|at| json!(format!("{at:0>1000}"))).collect())
    }

    #[test]
    fn a_large_answer_is_the_same_after_its_journey_in_pages() {
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
    fn each_parent_has_its_children_wherever_a_page_ends() {
        let answer = |_| FoundIds::PerParent {
            counts: vec![0, 3000, 0, 1, 1999, 0],
            children: (0..5000).map(|at| json!(format!("{at:0>1000}"))).collect(),
        };
        assert_eq!(all_pages(answer), (answer(0), 5));
    }

    #[test]
    fn nothing_is_one_page() {
        assert_eq!(all_pages(|_| FoundIds::Children(Vec::new())), (FoundIds::Children(Vec::new()), 1));
        let nothing = |_| FoundIds::PerParent { counts: vec![0, 0], children: Vec::new() };
        assert_eq!(all_pages(nothing), (nothing(0), 1));
    }

    #[test]
    fn an_answer_that_changes_on_the_way_is_asked_for_anew() {
        let (found, _) = all_pages(|page| children(if page < 2 { 5000 } else { 3000 }));
        assert_eq!(found, children(3000));
    }
}
