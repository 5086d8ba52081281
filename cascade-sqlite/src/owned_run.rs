//! A run that this process owns: its row and fence, and the local view of its lease.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use cascade_core::{JournalError, RunId};

/// The right to write a run. A takeover raises the fence, so that writes with an older fence are refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Ownership {
    /// The row of the run in the table `run`.
    pub(crate) row: i64,
    pub(crate) fence: i64,
}

/// A run that this process owns, or has owned.
#[derive(Debug)]
pub(crate) struct OwnedRun {
    pub(crate) id: RunId,
    pub(crate) ownership: Ownership,
    /// When the lease expires, in milliseconds since `epoch`.
    lease_until: AtomicU64,
    epoch: Instant,
    /// The error of the first write that failed. All later writes are refused with it, because records after a gap are
    /// meaningless.
    failure: OnceLock<JournalError>,
}

impl OwnedRun {
    /// The lease has expired until the first [`extend_lease`](Self::extend_lease).
    pub(crate) fn new(id: RunId, ownership: Ownership) -> Self {
        let (lease_until, failure) = (AtomicU64::new(0), OnceLock::new());
        Self { id, ownership, lease_until, epoch: Instant::now(), failure }
    }

    /// `start` precedes the write of the lease, so that the owner's view of the lease ends before that of others.
    pub(crate) fn extend_lease(&self, start: Instant, lease: Duration) {
        let until = (start + lease).saturating_duration_since(self.epoch);
        self.lease_until.store(until.as_millis() as u64, Ordering::Release);
    }

    /// Whether the lease has not expired, and no write has failed.
    pub(crate) fn is_held(&self) -> bool {
        let now = self.epoch.elapsed().as_millis() as u64;
        self.failure.get().is_none() && now < self.lease_until.load(Ordering::Acquire)
    }

    pub(crate) fn failure(&self) -> Option<&JournalError> {
        self.failure.get()
    }

    /// Refuses all further writes. Returns the first failure.
    pub(crate) fn fail(&self, error: JournalError) -> &JournalError {
        self.failure.get_or_init(|| error)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR: Duration = Duration::from_secs(3600);

    fn owned() -> OwnedRun {
        OwnedRun::new(RunId::from("a"), Ownership { row: 1, fence: 1 })
    }

    #[test]
    fn run_is_held_until_its_lease_expires() {
        let run = owned();
        assert!(!run.is_held());
        run.extend_lease(Instant::now(), HOUR);
        assert!(run.is_held());
        run.extend_lease(Instant::now(), Duration::ZERO);
        assert!(!run.is_held());
    }

    #[test]
    fn first_failure_ends_ownership_and_is_kept() {
        let run = owned();
        run.extend_lease(Instant::now(), HOUR);
        run.fail(JournalError::UnknownRun { run: RunId::from("a") });
        let kept = run.fail(JournalError::RunExists { run: RunId::from("a") });
        assert!(matches!(kept, JournalError::UnknownRun { .. }));
        assert!(!run.is_held());
    }
}
