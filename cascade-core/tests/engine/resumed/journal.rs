//! A journal whose writes become durable when the test says so, and which loses the others when its process dies.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use cascade_core::{Journal, JournalError, MemoryJournal, NewRun, Record, RunId, RunInfo, RunLog};
use futures::FutureExt;
use futures::future::BoxFuture;
use tokio::sync::oneshot;

use crate::model::script::Script;

/// A durable record, and when it was written.
#[derive(Clone, Debug)]
pub(crate) struct Durable {
    /// The length of the script's trace at that time.
    pub(crate) at: usize,
    /// The number of the process that wrote it.
    pub(crate) life: usize,
    pub(crate) record: Record,
}

struct Pending {
    records: Vec<Record>,
    log: Arc<dyn RunLog>,
    answer: oneshot::Sender<Result<(), JournalError>>,
}

#[derive(Default)]
struct State {
    pending: VecDeque<Pending>,
    durable: Vec<Durable>,
    life: usize,
}

/// Clones share one journal.
#[derive(Clone)]
pub(crate) struct LateJournal {
    memory: MemoryJournal,
    script: Script,
    state: Arc<Mutex<State>>,
}

impl LateJournal {
    pub(crate) fn new(script: &Script) -> Self {
        Self { memory: MemoryJournal::new(), script: script.clone(), state: Arc::default() }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The number of waiting writes.
    pub(crate) fn pending(&self) -> usize {
        self.state().pending.len()
    }

    /// Makes the first writes durable and answers them.
    pub(crate) fn flush(&self, count: usize) {
        for _ in 0..count {
            if let Some(answer) = self.write_one() {
                // The engine does not wait for the start record of a step.
                let _ = answer.send(Ok(()));
            }
        }
    }

    /// The process dies: the first writes are durable but not answered, the others are lost.
    pub(crate) fn die(&self, written: usize) {
        for _ in 0..written {
            drop(self.write_one());
        }
        let mut state = self.state();
        state.life += 1;
        let lost = std::mem::take(&mut state.pending);
        drop(state);
        // A log that gives up its run takes the journal's lock.
        drop(lost);
    }

    fn write_one(&self) -> Option<oneshot::Sender<Result<(), JournalError>>> {
        let Pending { records, log, answer } = self.state().pending.pop_front()?;
        let at = self.script.state().entries.len();
        let written = log.append(records.clone()).now_or_never();
        assert!(matches!(written, Some(Ok(()))), "{written:?}");
        let mut state = self.state();
        let life = state.life;
        state.durable.extend(records.into_iter().map(|record| Durable { at, life, record }));
        Some(answer)
    }

    /// All durable records, the oldest first.
    pub(crate) fn durable(&self) -> Vec<Durable> {
        self.state().durable.clone()
    }

    fn log(&self, log: Box<dyn RunLog>) -> Box<dyn RunLog> {
        Box::new(LateLog { log: Arc::from(log), journal: self.clone() })
    }
}

impl Journal for LateJournal {
    fn create(&self, run: NewRun) -> BoxFuture<'_, Result<Box<dyn RunLog>, JournalError>> {
        async move { Ok(self.log(self.memory.create(run).await?)) }.boxed()
    }

    fn take_over<'a>(&'a self, run: &'a RunId) -> BoxFuture<'a, Result<Box<dyn RunLog>, JournalError>> {
        async move { Ok(self.log(self.memory.take_over(run).await?)) }.boxed()
    }

    fn read<'a>(
        &'a self,
        run: &'a RunId,
        after: u64,
        limit: usize,
    ) -> BoxFuture<'a, Result<Vec<(u64, Record)>, JournalError>> {
        // Pages of all sizes, so that no reader can rely on page boundaries.
        self.memory.read(run, after, limit.min(1 + after as usize % 5))
    }

    fn runs(&self) -> BoxFuture<'_, Result<Vec<RunInfo>, JournalError>> {
        self.memory.runs()
    }

    fn run<'a>(&'a self, run: &'a RunId) -> BoxFuture<'a, Result<RunInfo, JournalError>> {
        self.memory.run(run)
    }

    fn forget_ended(&self, age: Duration) -> BoxFuture<'_, Result<u64, JournalError>> {
        self.memory.forget_ended(age)
    }
}

struct LateLog {
    log: Arc<dyn RunLog>,
    journal: LateJournal,
}

impl RunLog for LateLog {
    fn append(&self, records: Vec<Record>) -> BoxFuture<'static, Result<(), JournalError>> {
        let (answer, answered) = oneshot::channel();
        self.journal.state().pending.push_back(Pending { records, log: Arc::clone(&self.log), answer });
        async move { answered.await.expect("no process waits for a lost write") }.boxed()
    }

    fn is_held(&self) -> bool {
        true
    }
}
