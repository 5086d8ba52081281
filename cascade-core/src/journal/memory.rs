//! A journal in memory, for tests.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, PoisonError};
use std::time::{Duration, SystemTime};

use futures_util::FutureExt;
use futures_util::future::{BoxFuture, ready};

use super::error::JournalError;
use super::journal::{Journal, RunLog};
use super::record::Record;
use super::run::{NewRun, RunInfo};
use super::run_change::RunChange;
use crate::model::{Mutex, MutexGuard, RunId, unix_millis};

/// A journal in memory, for tests: it ends with its process. Clones share the same runs.
///
/// A run is owned until its log is dropped. So a test can drop the future of a run to simulate the death of its process.
#[derive(Clone, Default)]
pub struct MemoryJournal {
    runs: Arc<Mutex<BTreeMap<RunId, StoredRun>>>,
}

struct StoredRun {
    info: RunInfo,
    records: Vec<Record>,
    /// Increases with each owner, so that writes of an earlier owner are refused.
    fence: u64,
}

impl fmt::Debug for MemoryJournal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "MemoryJournal({} runs)", self.lock().len())
    }
}

impl MemoryJournal {
    /// Creates an empty journal.
    pub fn new() -> Self {
        Self::default()
    }

    /// A poisoned lock is used as it is: no change under the lock can leave the map inconsistent.
    fn lock(&self) -> MutexGuard<'_, BTreeMap<RunId, StoredRun>> {
        self.runs.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn with_run<T>(&self, run: &RunId, change: impl FnOnce(&mut StoredRun) -> T) -> Result<T, JournalError> {
        match self.lock().get_mut(run) {
            Some(stored) => Ok(change(stored)),
            None => Err(JournalError::UnknownRun { run: run.clone() }),
        }
    }

    fn log(&self, run: RunId, fence: u64) -> Box<dyn RunLog> {
        Box::new(MemoryLog { journal: self.clone(), run, fence })
    }

    fn create_run(&self, run: NewRun) -> Result<Box<dyn RunLog>, JournalError> {
        let id = run.id.clone();
        if self.lock().contains_key(&id) {
            return Err(JournalError::RunExists { run: id });
        }
        let info = RunInfo::new(run, Some(String::from("this process")));
        self.lock().insert(id.clone(), StoredRun { info, records: Vec::new(), fence: 1 });
        Ok(self.log(id, 1))
    }

    fn take_ownership(&self, run: &RunId) -> Result<Box<dyn RunLog>, JournalError> {
        let fence = self.with_run(run, |stored| {
            if let Some(owner) = &stored.info.owner {
                let (run, owner) = (run.clone(), owner.clone());
                return Err(JournalError::Owned { run, owner, silent_for: Duration::ZERO });
            }
            stored.fence += 1;
            stored.info.owner = Some(String::from("this process"));
            Ok(stored.fence)
        })??;
        Ok(self.log(run.clone(), fence))
    }
}

impl Journal for MemoryJournal {
    fn create(&self, run: NewRun) -> BoxFuture<'_, Result<Box<dyn RunLog>, JournalError>> {
        ready(self.create_run(run)).boxed()
    }

    fn take_over<'a>(&'a self, run: &'a RunId) -> BoxFuture<'a, Result<Box<dyn RunLog>, JournalError>> {
        ready(self.take_ownership(run)).boxed()
    }

    fn read<'a>(
        &'a self,
        run: &'a RunId,
        after: u64,
        limit: usize,
    ) -> BoxFuture<'a, Result<Vec<(u64, Record)>, JournalError>> {
        let records = self.with_run(run, |stored| {
            let numbered = (1..).zip(&stored.records).skip(after as usize).take(limit);
            numbered.map(|(position, record)| (position, record.clone())).collect()
        });
        ready(records).boxed()
    }

    fn runs(&self) -> BoxFuture<'_, Result<Vec<RunInfo>, JournalError>> {
        ready(Ok(self.lock().values().map(|stored| stored.info.clone()).collect())).boxed()
    }

    fn run<'a>(&'a self, run: &'a RunId) -> BoxFuture<'a, Result<RunInfo, JournalError>> {
        ready(self.with_run(run, |stored| stored.info.clone())).boxed()
    }

    fn forget_ended(&self, age: Duration) -> BoxFuture<'_, Result<u64, JournalError>> {
        let before = unix_millis(SystemTime::now()).saturating_sub(age.as_millis() as u64);
        let mut runs = self.lock();
        let count = runs.len();
        runs.retain(|_, stored| !stored.info.state.has_ended() || stored.info.updated > before);
        ready(Ok((count - runs.len()) as u64)).boxed()
    }
}

struct MemoryLog {
    journal: MemoryJournal,
    run: RunId,
    fence: u64,
}

impl MemoryLog {
    fn write(&self, records: Vec<Record>) -> Result<(), JournalError> {
        self.journal.with_run(&self.run, |stored| {
            if stored.fence != self.fence {
                let owner = stored.info.owner.clone().unwrap_or_default();
                return Err(JournalError::Lost { run: self.run.clone(), owner });
            }
            RunChange::of(&records).apply(&mut stored.info);
            stored.info.updated = unix_millis(SystemTime::now());
            stored.records.extend(records);
            Ok(())
        })?
    }
}

impl RunLog for MemoryLog {
    fn append(&self, records: Vec<Record>) -> BoxFuture<'static, Result<(), JournalError>> {
        ready(self.write(records)).boxed()
    }

    fn is_held(&self) -> bool {
        true
    }
}

impl Drop for MemoryLog {
    fn drop(&mut self) {
        // The run may have been deleted since: then there is no owner to clear.
        let _ = self.journal.with_run(&self.run, |stored| {
            if stored.fence == self.fence {
                stored.info.owner = None;
            }
        });
    }
}
