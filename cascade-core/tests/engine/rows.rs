//! The number of rows that a method has changed.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use cascade_core::{
    Cascade, Declaration, Delete, Outcome, Report, ResourceDescriptor, Rule, StepSettings, place,
};

use crate::support::{block_on, plan};

/// Deletes three zones in one step, whose method says that it has changed this number of rows. Returns the number of calls too.
fn deleted(rows: u64, observed: bool) -> (Report, usize) {
    let calls = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&calls);
    let zone = ResourceDescriptor::runtime::<String>("Zone", place!());
    let mut zones = Declaration::<(), String>::new("Zones", zone, place!());
    zones.settings(StepSettings::default().retries(3));
    zones.effect("remove", place!(), move |(), _, _| {
        counted.fetch_add(1, Ordering::Relaxed);
        Box::pin(async move { Ok(Outcome::done().rows(rows)) })
    });
    zones.rule(Rule::effect::<Delete>("remove", place!()));
    let cascade = Cascade::builder().declare((), zones).build().unwrap();
    let report = block_on(async {
        let apply = cascade.apply(plan(&cascade, "Zone a b c").await.unwrap());
        let apply = if observed { apply.on_event(|_| ()) } else { apply };
        apply.await.unwrap()
    });
    (report, calls.load(Ordering::Relaxed))
}

#[test]
fn fewer_rows_than_instances_are_done() {
    for (rows, observed) in [(0, false), (2, true), (3, false), (3, true)] {
        let (report, calls) = deleted(rows, observed);
        assert!(report.is_complete(), "{rows}: {report}");
        assert_eq!(calls, 1);
    }
}

#[test]
fn more_rows_than_instances_are_a_failed_step_that_is_not_retried() {
    for observed in [false, true] {
        let (report, calls) = deleted(4, observed);
        assert_eq!((report.failures().count(), calls), (3, 1));
        let (_, failure) = report.failures().next().unwrap();
        assert!(
            failure
                .to_string()
                .starts_with("remove: it changed 4 rows for 3 instances: its statement reaches rows"),
            "{failure}"
        );
    }
}
