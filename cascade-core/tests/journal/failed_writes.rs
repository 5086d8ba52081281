//! A journal that fails at each of its writes: no report calls an instance done whose record is not durable.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use cascade_core::{
    ApplyError, Cascade, Delete, Journal, JournalError, MemoryJournal, NewRun, Record, Report, ResumeError,
    RunId, RunInfo, RunLog, Verdict,
};
use futures::FutureExt;
use futures::future::BoxFuture;

use crate::site::Site;

/// Accepts some writes, and then fails.
#[derive(Clone)]
pub(crate) struct Faulty {
    pub(crate) journal: MemoryJournal,
    pub(crate) left: Arc<AtomicUsize>,
    /// How long a write takes. A step that ends meanwhile is not recorded yet.
    pub(crate) latency: Duration,
}

#[derive(Debug, thiserror::Error)]
#[error("the disk is full")]
struct DiskFull;

impl Faulty {
    fn may_write(left: &AtomicUsize) -> Result<(), JournalError> {
        let one_less = |left: usize| left.checked_sub(1);
        let taken = left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, one_less);
        taken.map(drop).map_err(|_| JournalError::storage(DiskFull))
    }

    fn wrap(&self, log: Box<dyn RunLog>) -> Box<dyn RunLog> {
        Box::new(FaultyLog { log: Arc::from(log), left: Arc::clone(&self.left), latency: self.latency })
    }
}

impl Journal for Faulty {
    fn create(&self, run: NewRun) -> BoxFuture<'_, Result<Box<dyn RunLog>, JournalError>> {
        async move {
            Self::may_write(&self.left)?;
            Ok(self.wrap(self.journal.create(run).await?))
        }
        .boxed()
    }

    fn take_over<'a>(&'a self, run: &'a RunId) -> BoxFuture<'a, Result<Box<dyn RunLog>, JournalError>> {
        async move { Ok(self.wrap(self.journal.take_over(run).await?)) }.boxed()
    }

    fn read<'a>(
        &'a self,
        run: &'a RunId,
        after: u64,
        limit: usize,
    ) -> BoxFuture<'a, Result<Vec<(u64, Record)>, JournalError>> {
        self.journal.read(run, after, limit)
    }

    fn runs(&self) -> BoxFuture<'_, Result<Vec<RunInfo>, JournalError>> {
        self.journal.runs()
    }

    fn run<'a>(&'a self, run: &'a RunId) -> BoxFuture<'a, Result<RunInfo, JournalError>> {
        self.journal.run(run)
    }

    fn forget_ended(&self, age: Duration) -> BoxFuture<'_, Result<u64, JournalError>> {
        self.journal.forget_ended(age)
    }
}

struct FaultyLog {
    log: Arc<dyn RunLog>,
    left: Arc<AtomicUsize>,
    latency: Duration,
}

impl RunLog for FaultyLog {
    fn append(&self, records: Vec<Record>) -> BoxFuture<'static, Result<(), JournalError>> {
        let written = Faulty::may_write(&self.left).map(|()| self.log.append(records));
        let latency = self.latency;
        async move {
            tokio::time::sleep(latency).await;
            written?.await
        }
        .boxed()
    }

    fn is_held(&self) -> bool {
        self.log.is_held()
    }
}

fn engine(site: &Site, journal: &Faulty) -> Cascade {
    site.builder().journal(journal.clone()).build().expect("the graph has no faults")
}

/// Asserts that instances reported as done are gone.
fn check(report: &Report, site: &Site) {
    for (instance, verdict) in report.verdicts() {
        if matches!(verdict, Verdict::Done) {
            assert!(!site.tables().there.contains_key(&instance.id()), "{instance} is there");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_run_stops_at_a_failed_write_and_can_be_resumed() {
    let mut unrecorded = 0;
    for latency in [0, 25] {
        for writes in 0..80 {
            let site = Site::new(2, 5);
            let left = Arc::new(AtomicUsize::new(writes));
            let latency = Duration::from_millis(latency);
            let faulty = Faulty { journal: MemoryJournal::new(), left, latency };
            let cascade = engine(&site, &faulty);
            let plan = cascade.plan_named(Delete, "Room", ["room"]).await.expect("finders answer");
            let applying = cascade.apply(plan);
            let run = applying.run_id().clone();
            match applying.await {
                Ok(report) => assert!(report.is_complete()),
                Err(ApplyError::Journal(error)) => {
                    assert_eq!(error.to_string(), "the disk is full");
                    assert_eq!(site.tables().begun.len(), 0, "nothing was changed");
                }
                Err(ApplyError::Unrecorded { error, report }) => {
                    assert!(error.to_string().contains("the disk is full"), "{error}");
                    check(&report, &site);
                    unrecorded += report.summary().unrecorded;
                    faulty.left.store(1000, Ordering::Relaxed);
                    assert_resumes(&site, &faulty, &run, &done_of(&report)).await;
                }
                Err(error) => panic!("{error}"),
            }
        }
    }
    assert!(unrecorded > 0, "some steps end while their records are refused");
}

/// Resumes the run. It does not repeat steps that were reported as done.
async fn assert_resumes(site: &Site, faulty: &Faulty, run: &RunId, done: &[String]) {
    site.tables().begun.clear();
    let report = engine(site, faulty).resume(run).await.expect("the run can be resumed");
    assert!(report.is_complete(), "{report}");
    assert!(site.tables().there.is_empty());
    let again = |(effect, id, ..): &&(String, String, String, bool)| effect == "remove" && done.contains(id);
    assert_eq!(site.tables().begun.iter().find(again), None, "an instance reported as done is removed again");
}

fn done_of(report: &Report) -> Vec<String> {
    let done = report.verdicts().filter(|(_, verdict)| matches!(verdict, Verdict::Done));
    done.map(|(instance, _)| instance.id()).collect()
}

#[tokio::test(start_paused = true)]
async fn a_resumed_run_stops_at_a_failed_write() {
    let site = Site::new(2, 5);
    let left = Arc::new(AtomicUsize::new(12));
    let faulty = Faulty { journal: MemoryJournal::new(), left, latency: Duration::ZERO };
    let plan = engine(&site, &faulty).plan_named(Delete, "Room", ["room"]).await.expect("finders answer");
    // A plan belongs to the engine that made it.
    drop(plan);
    let cascade = engine(&site, &faulty);
    let plan = cascade.plan_named(Delete, "Room", ["room"]).await.expect("finders answer");
    let applying = cascade.apply(plan);
    let run = applying.run_id().clone();
    assert!(matches!(applying.await, Err(ApplyError::Unrecorded { .. })));
    faulty.left.store(6, Ordering::Relaxed);
    let Err(ResumeError::Unrecorded { report, .. }) = cascade.resume(&run).await else {
        panic!("the journal fails again")
    };
    check(&report, &site);
    faulty.left.store(1000, Ordering::Relaxed);
    assert!(cascade.resume(&run).await.expect("the run can be resumed").is_complete());
}
