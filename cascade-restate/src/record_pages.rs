//! Divides the records of a plan into pages that are far smaller than a message may be.

use cascade_core::Record;
use serde::Serialize;

/// The size of a page, about. Restate's limit for one message is 32 MiB.
pub(crate) const PAGE_BYTES: usize = 1 << 20;

/// An iterator over pages. Each is as full as possible. A page exceeds the size only if its one record does.
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

/// The length of a value's JSON.
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
    // A value that cannot be written is reported where it is sent.
    let _ = serde_json::to_writer(&mut counter, value);
    counter.0
}

#[cfg(test)]
mod tests {
    use cascade_core::remote::{PlanHeader, records, restore};
    use cascade_core::{
        Cascade, Declaration, Delete, Found, Outcome, Plan, Record, ResourceDescriptor, Rule, place,
    };

    use super::{PAGE_BYTES, RecordPages, size_of};

    /// A pool of 30,000 items with long names.
    fn cascade() -> Cascade {
        let (pool, item) = (ResourceDescriptor::runtime::<String>("Pool", place!()), "Item");
        let mut pools = Declaration::<(), String>::new("Pools", pool.clone(), place!());
        pools.effect("remove", place!(), |(), _, _| Box::pin(async { Ok(Outcome::done()) }));
        pools.rule(Rule::effect::<Delete>("remove", place!()));
        let item = ResourceDescriptor::runtime::<String>(item, place!());
        let mut items = Declaration::<(), String>::new("Items", item, place!());
        items.edge(pool.clone(), place!());
        items.finder("under", pool.clone(), None, place!(), |(), pools: &[String], _| {
            let of = |pool: &String| {
                (0..30_000).map(|at| (pool.clone(), format!("{at:0>80}"))).collect::<Vec<_>>()
            };
            let found = pools.iter().flat_map(of).collect();
            Box::pin(async { Ok(Found::Pairs(found)) })
        });
        items.effect("remove", place!(), |(), _, _| Box::pin(async { Ok(Outcome::done()) }));
        items.rule(Rule::effect::<Delete>("remove", place!()).from(pool));
        Cascade::builder().declare((), pools).declare((), items).build().unwrap()
    }

    fn plan(cascade: &Cascade) -> Plan {
        let planned = async { cascade.plan_named(Delete, "Pool", ["p"]).await.unwrap() };
        tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap().block_on(planned)
    }

    #[test]
    fn plan_read_from_its_pages_is_the_same() {
        let cascade = cascade();
        let plan = plan(&cascade);
        let header = PlanHeader::of(&plan).unwrap();
        let pages: Vec<Vec<Record>> = RecordPages::new(records(&plan, None)).map(Result::unwrap).collect();
        assert!(pages.len() > 2, "{} pages", pages.len());
        assert!(pages.iter().all(|page| size_of(page) <= PAGE_BYTES + 1000));
        let text = serde_json::to_string(&(&header, &pages)).unwrap();
        let (header, pages): (PlanHeader, Vec<Vec<Record>>) = serde_json::from_str(&text).unwrap();
        let restored = restore(&cascade, &header, pages.into_iter().flatten()).unwrap();
        assert_eq!(restored.digest().unwrap(), plan.digest().unwrap());
        assert_eq!(restored.to_string(), plan.to_string());
    }
}
