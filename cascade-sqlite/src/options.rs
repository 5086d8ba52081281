//! The options of a journal.

use std::time::Duration;

/// Which failures an acknowledged record survives.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Synchronous {
    /// A power failure.
    #[default]
    Full,
    /// The death of the process. A power failure can lose the last records.
    Normal,
}

/// How to open a journal.
#[derive(Clone, Debug)]
#[must_use]
pub struct Options {
    pub(crate) synchronous: Synchronous,
    pub(crate) lease: Duration,
    pub(crate) busy_timeout: Duration,
    pub(crate) owner: String,
    pub(crate) max_pages: Option<u32>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            synchronous: Synchronous::default(),
            lease: Duration::from_secs(15),
            busy_timeout: Duration::from_secs(5),
            owner: format!("process {}", std::process::id()),
            max_pages: None,
        }
    }
}

impl Options {
    /// Sets which failures an acknowledged record survives. Default [`Synchronous::Full`].
    pub fn synchronous(self, synchronous: Synchronous) -> Self {
        Self { synchronous, ..self }
    }

    /// Sets how long an owner keeps a run without renewing its lease; after that, other processes may take the run over.
    /// Default 15 seconds, at least 10 milliseconds. The death of the owner's process ends the lease at once.
    pub fn lease(self, lease: Duration) -> Self {
        Self { lease: lease.max(Duration::from_millis(10)), ..self }
    }

    /// Sets how long to wait for the file's lock while another program holds it. Default 5 seconds.
    pub fn busy_timeout(self, busy_timeout: Duration) -> Self {
        Self { busy_timeout, ..self }
    }

    /// Sets the name by which other processes see the owner of a run. Default `process <id>`.
    pub fn owner(self, owner: impl Into<String>) -> Self {
        Self { owner: owner.into(), ..self }
    }

    /// Sets the maximum size of the file, in pages of 4 KiB. By default, only the disk limits it.
    pub fn max_pages(self, pages: u32) -> Self {
        Self { max_pages: Some(pages), ..self }
    }
}
