//! How a journal is opened.

use std::path::Path;
use std::time::Duration;

use crate::error::SqliteError;
use crate::journal::SqliteJournal;

/// What a record survives once it was taken.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Synchronous {
    /// The loss of power.
    #[default]
    Full,
    /// The death of the process; the last records may be lost with the power.
    Normal,
}

/// How a journal is opened.
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
    /// What a record survives. [`Synchronous::Full`] unless told.
    pub fn synchronous(self, synchronous: Synchronous) -> Self {
        Self { synchronous, ..self }
    }

    /// How long an owner may give no sign of life before others may take its runs over. 15 seconds unless told. A
    /// process that has died is noticed at once.
    pub fn lease(self, lease: Duration) -> Self {
        Self { lease: lease.max(Duration::from_millis(10)), ..self }
    }

    /// How long a lock that another process holds on the file is waited for. 5 seconds unless told.
    pub fn busy_timeout(self, busy_timeout: Duration) -> Self {
        Self { busy_timeout, ..self }
    }

    /// What others are told of who owns a run. `process <id>` unless told.
    pub fn owner(self, owner: impl Into<String>) -> Self {
        Self { owner: owner.into(), ..self }
    }

    /// How large the file may grow, in pages of 4 KiB; then it is full. As large as the disk unless told.
    pub fn max_pages(self, pages: u32) -> Self {
        Self { max_pages: Some(pages), ..self }
    }

    /// Opens a journal; creates it if there is none.
    pub fn open(self, path: impl AsRef<Path>) -> Result<SqliteJournal, SqliteError> {
        SqliteJournal::with(path.as_ref(), self)
    }
}
