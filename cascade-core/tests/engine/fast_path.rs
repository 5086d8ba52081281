//! Steps that end at their first poll, in runs without an event listener.

use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering::SeqCst;

use cascade_core::{
    CancellationToken, Cascade, Declaration, Delete, FailurePolicy, Outcome, ResourceDescriptor, Rule,
    StepSettings, place,
};

use crate::support::block_on;

/// Things that are removed one by one. `remove` gets the number of earlier calls.
fn things(remove: impl Fn(u64) + Send + Sync + 'static) -> Cascade {
    let thing = ResourceDescriptor::runtime::<u64>("Thing", place!());
    let mut things = Declaration::<AtomicU64, u64>::new("Things", thing, place!());
    things.settings(StepSettings::default().batch(1));
    let remove = Arc::new(remove);
    things.effect("remove", place!(), move |before: &AtomicU64, _, _| {
        let remove = Arc::clone(&remove);
        Box::pin(async move {
            remove(before.fetch_add(1, SeqCst));
            Ok(Outcome::done())
        })
    });
    things.rule(Rule::effect::<Delete>("remove", place!()));
    Cascade::builder().declare(AtomicU64::new(0), things).build().unwrap()
}

async fn plan(cascade: &Cascade, count: u64) -> cascade_core::Plan {
    let ids = (0..count).map(|id| id.to_string());
    cascade.plan_named(Delete, "Thing", ids).await.unwrap()
}

/// Thousands of steps end without waiting, and another task on the same thread still runs before the end.
#[test]
fn other_tasks_run_between_steps_that_end_at_once() {
    let count = 50_000;
    let cascade = things(|_| {});
    let token = CancellationToken::new();
    let report = block_on(async {
        let plan = plan(&cascade, count).await;
        let cancel = token.clone();
        let other = tokio::spawn(async move { cancel.cancel() });
        let report = cascade.apply(plan).cancelled_by(token).await.unwrap();
        other.await.unwrap();
        report
    });
    let summary = report.summary();
    assert!(summary.cancelled && summary.done > 0 && summary.not_started > 0, "{summary:?}");
}

#[test]
fn no_step_starts_after_a_method_cancels_the_run() {
    let token = CancellationToken::new();
    let cancel = token.clone();
    let cascade = things(move |before| {
        if before == 99 {
            cancel.cancel();
        }
    });
    let report = block_on(async {
        let plan = plan(&cascade, 200).await;
        cascade.apply(plan).cancelled_by(token).await.unwrap()
    });
    let summary = report.summary();
    assert_eq!((summary.done, summary.not_started), (100, 100));
}

/// A panic fails one step of many and leaves its neighbours unaffected.
#[test]
fn a_panic_fails_only_its_own_step() {
    for (policy, done, not_started) in [(FailurePolicy::Stop, 70, 129), (FailurePolicy::Isolate, 199, 0)] {
        let cascade = things(|before| {
            if before == 70 {
                std::panic::resume_unwind(Box::new("simulated panic"));
            }
        });
        let report = block_on(async {
            let plan = plan(&cascade, 200).await;
            cascade.apply(plan).policy(policy).await.unwrap()
        });
        let failures: Vec<String> =
            report.failures().map(|(at, failure)| format!("{at}: {failure}")).collect();
        assert_eq!(failures, ["Thing 70: remove: panicked: simulated panic"]);
        let summary = report.summary();
        assert_eq!((summary.done, summary.not_started), (done, not_started));
    }
}
