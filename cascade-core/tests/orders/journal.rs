//! A journal whose writes become durable when the test says so. A process that dies loses the others.

use std::collections::VecDeque;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use cascade_core::{Journal, JournalError, MemoryJournal, NewRun, Record, RunId, RunInfo, RunLog};
use futures::FutureExt;
use futures::future::BoxFuture;
use tokio::sync::oneshot;

/// What is durable of a run.
#[derive(Clone, Debug, Default)]
pub(crate) struct Durable {
    pub(crate) run: Option<NewRun>,
    pub(crate) records: Vec<Record>,
    digest: u64,
}

impl Durable {
    pub(crate) fn extend(&mut self, records: &[Record]) {
        let mut hasher = DefaultHasher::new();
        format!("{} {records:?}", self.digest).hash(&mut hasher);
        self.digest = hasher.finish();
        self.records.extend_from_slice(records);
    }

    /// A hash of everything.
    pub(crate) fn digest(&self) -> u64 {
        self.digest ^ u64::from(self.run.is_some())
    }
}

struct Pending {
    records: Vec<Record>,
    log: Arc<dyn RunLog>,
    answer: oneshot::Sender<Result<(), JournalError>>,
}

#[derive(Default)]
struct State {
    memory: MemoryJournal,
    durable: Durable,
    pending: VecDeque<Pending>,
}

/// Clones share one journal.
#[derive(Clone, Default)]
pub(crate) struct HeldJournal(Arc<Mutex<State>>);

impl HeldJournal {
    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Forgets everything but these records.
    pub(crate) fn restore(&self, durable: Durable) {
        let memory = MemoryJournal::new();
        if let Some(run) = durable.run.clone() {
            let log = memory.create(run).now_or_never().expect("it is in memory").expect("it is new");
            let written = log.append(durable.records.clone()).now_or_never();
            assert!(matches!(written, Some(Ok(()))), "{written:?}");
        }
        let lost = std::mem::replace(&mut *self.state(), State { memory, durable, pending: VecDeque::new() });
        // A log that gives up its run takes the lock.
        drop(lost);
    }

    /// The waiting writes, the first one first.
    pub(crate) fn pending(&self) -> Vec<Vec<Record>> {
        self.state().pending.iter().map(|pending| pending.records.clone()).collect()
    }

    pub(crate) fn digest(&self) -> u64 {
        self.state().durable.digest()
    }

    pub(crate) fn durable(&self) -> Durable {
        self.state().durable.clone()
    }

    /// Makes all waiting writes durable and answers them.
    pub(crate) fn flush(&self) {
        loop {
            let Some(Pending { records, log, answer }) = self.state().pending.pop_front() else { return };
            let written = log.append(records.clone()).now_or_never();
            assert!(matches!(written, Some(Ok(()))), "{written:?}");
            self.state().durable.extend(&records);
            // The engine does not wait for the record of a step's start.
            let _ = answer.send(Ok(()));
        }
    }

    fn log(&self, log: Box<dyn RunLog>) -> Box<dyn RunLog> {
        Box::new(HeldLog { log: Arc::from(log), journal: self.clone() })
    }

    fn memory(&self) -> MemoryJournal {
        self.state().memory.clone()
    }
}

impl Journal for HeldJournal {
    fn create(&self, run: NewRun) -> BoxFuture<'_, Result<Box<dyn RunLog>, JournalError>> {
        async move {
            let log = self.memory().create(run.clone()).await?;
            self.state().durable.run = Some(run);
            Ok(self.log(log))
        }
        .boxed()
    }

    fn take_over<'a>(&'a self, run: &'a RunId) -> BoxFuture<'a, Result<Box<dyn RunLog>, JournalError>> {
        async move { Ok(self.log(self.memory().take_over(run).await?)) }.boxed()
    }

    fn read<'a>(
        &'a self,
        run: &'a RunId,
        after: u64,
        limit: usize,
    ) -> BoxFuture<'a, Result<Vec<(u64, Record)>, JournalError>> {
        async move { self.memory().read(run, after, limit).await }.boxed()
    }

    fn runs(&self) -> BoxFuture<'_, Result<Vec<RunInfo>, JournalError>> {
        async move { self.memory().runs().await }.boxed()
    }

    fn run<'a>(&'a self, run: &'a RunId) -> BoxFuture<'a, Result<RunInfo, JournalError>> {
        async move { self.memory().run(run).await }.boxed()
    }

    fn forget_ended(&self, age: Duration) -> BoxFuture<'_, Result<u64, JournalError>> {
        async move { self.memory().forget_ended(age).await }.boxed()
    }
}

struct HeldLog {
    log: Arc<dyn RunLog>,
    journal: HeldJournal,
}

impl RunLog for HeldLog {
    fn append(&self, records: Vec<Record>) -> BoxFuture<'static, Result<(), JournalError>> {
        let (answer, answered) = oneshot::channel();
        self.journal.state().pending.push_back(Pending { records, log: Arc::clone(&self.log), answer });
        async move { answered.await.expect("no process waits for a lost write") }.boxed()
    }

    fn is_held(&self) -> bool {
        true
    }
}
