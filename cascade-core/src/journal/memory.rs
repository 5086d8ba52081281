//! A journal in memory: for tests of what is built on journals.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, PoisonError};
use std::time::{Duration, SystemTime};

use futures_util::FutureExt;
use futures_util::future::{BoxFuture, ready};

use super::error::JournalError;
use super::journal::{Journal, RunLog};
use super::record::{Record, RunChange};
use super::run::{NewRun, RunInfo};
use crate::model::{Mutex, MutexGuard, RunId, unix_millis};

/// A journal that is gone with its process. Clones are the same journal.
///
/// A run is owned until its log is dropped: dropping the future of a run stands in for the death of its process.
#[derive(Clone, Default)]
pub struct MemoryJournal {
    runs: Arc<Mutex<BTreeMap<RunId, Kept>>>,
}

struct Kept {
    info: RunInfo,
    records: Vec<Record>,
    /// Grows with each owner: what an earlier one writes is refused.
    fence: u64,
}

impl fmt::Debug for MemoryJournal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "MemoryJournal({} runs)", self.kept().len())
    }
}

impl MemoryJournal {
    /// A journal without runs.
    pub fn new() -> Self {
        Self::default()
    }

    /// What a change under the lock leaves is whole at every point.
    fn kept(&self) -> MutexGuard<'_, BTreeMap<RunId, Kept>> {
        self.runs.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn find<T>(&self, run: &RunId, then: impl FnOnce(&mut Kept) -> T) -> Result<T, JournalError> {
        match self.kept().get_mut(run) {
            Some(kept) => Ok(then(kept)),
            None => Err(JournalError::UnknownRun { run: run.clone() }),
        }
    }

    fn log(&self, run: RunId, fence: u64) -> Box<dyn RunLog> {
        Box::new(MemoryLog { journal: self.clone(), run, fence })
    }

    fn begin(&self, run: NewRun) -> Result<Box<dyn RunLog>, JournalError> {
        let id = run.id.clone();
        if self.kept().contains_key(&id) {
            return Err(JournalError::RunExists { run: id });
        }
        let info = RunInfo::new(run, Some(String::from("this process")));
        self.kept().insert(id.clone(), Kept { info, records: Vec::new(), fence: 1 });
        Ok(self.log(id, 1))
    }

    fn own(&self, run: &RunId) -> Result<Box<dyn RunLog>, JournalError> {
        let fence = self.find(run, |kept| {
            if let Some(owner) = &kept.info.owner {
                let (run, owner) = (run.clone(), owner.clone());
                return Err(JournalError::Owned { run, owner, silent_for: Duration::ZERO });
            }
            kept.fence += 1;
            kept.info.owner = Some(String::from("this process"));
            Ok(kept.fence)
        })??;
        Ok(self.log(run.clone(), fence))
    }
}

impl Journal for MemoryJournal {
    fn create(&self, run: NewRun) -> BoxFuture<'_, Result<Box<dyn RunLog>, JournalError>> {
        ready(self.begin(run)).boxed()
    }

    fn take_over<'a>(&'a self, run: &'a RunId) -> BoxFuture<'a, Result<Box<dyn RunLog>, JournalError>> {
        ready(self.own(run)).boxed()
    }

    fn read<'a>(
        &'a self,
        run: &'a RunId,
        after: u64,
        limit: usize,
    ) -> BoxFuture<'a, Result<Vec<(u64, Record)>, JournalError>> {
        let records = self.find(run, |kept| {
            let numbered = (1..).zip(&kept.records).skip(after as usize).take(limit);
            numbered.map(|(position, record)| (position, record.clone())).collect()
        });
        ready(records).boxed()
    }

    fn runs(&self) -> BoxFuture<'_, Result<Vec<RunInfo>, JournalError>> {
        ready(Ok(self.kept().values().map(|kept| kept.info.clone()).collect())).boxed()
    }

    fn run<'a>(&'a self, run: &'a RunId) -> BoxFuture<'a, Result<RunInfo, JournalError>> {
        ready(self.find(run, |kept| kept.info.clone())).boxed()
    }

    fn forget_ended(&self, age: Duration) -> BoxFuture<'_, Result<u64, JournalError>> {
        let before = unix_millis(SystemTime::now()).saturating_sub(age.as_millis() as u64);
        let mut runs = self.kept();
        let count = runs.len();
        runs.retain(|_, kept| !kept.info.state.has_ended() || kept.info.updated > before);
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
        self.journal.find(&self.run, |kept| {
            if kept.fence != self.fence {
                let owner = kept.info.owner.clone().unwrap_or_default();
                return Err(JournalError::Lost { run: self.run.clone(), owner });
            }
            RunChange::of(&records).apply(&mut kept.info);
            kept.info.updated = unix_millis(SystemTime::now());
            kept.records.extend(records);
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
        // A run that was forgotten meanwhile has no owner either.
        let _ = self.journal.find(&self.run, |kept| {
            if kept.fence == self.fence {
                kept.info.owner = None;
            }
        });
    }
}
