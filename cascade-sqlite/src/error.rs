//! The errors of a journal file.

use std::io;
use std::path::{Path, PathBuf};

use cascade_core::JournalError;
use rusqlite::ErrorCode;

/// Why a journal cannot be used. Each message names the file and says what to do.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SqliteError {
    /// The disk is full, or the file has reached [`Options::max_pages`](crate::Options::max_pages).
    #[error("the journal {} is full: free disk space or raise its maximum size, then resume", .path.display())]
    Full {
        /// The journal file.
        path: PathBuf,
    },
    /// The disk reports an error on a read or a write.
    #[error("the journal {} cannot be read or written because its disk fails: repair the disk, then resume", .path.display())]
    Disk {
        /// The journal file.
        path: PathBuf,
        /// The error of SQLite.
        source: rusqlite::Error,
    },
    /// Another program holds the file's lock for longer than [`Options::busy_timeout`](crate::Options::busy_timeout).
    #[error("the journal {} is locked by another program: end that program, then resume", .path.display())]
    Locked {
        /// The journal file.
        path: PathBuf,
    },
    /// The file is damaged.
    #[error("the journal {} is damaged: restore it from a copy, or move it away to start a new one", .path.display())]
    Corrupt {
        /// The journal file.
        path: PathBuf,
        /// The error of SQLite.
        source: rusqlite::Error,
    },
    /// The file is read-only.
    #[error("the journal {} is read-only: change its permissions, or name another file", .path.display())]
    ReadOnly {
        /// The journal file.
        path: PathBuf,
    },
    /// The file is not a journal.
    #[error("{} is no journal: name another file", .path.display())]
    NotAJournal {
        /// The file.
        path: PathBuf,
    },
    /// A newer version of this library wrote the file.
    #[error(
        "the journal {} has schema version {found}, but this program reads versions up to {known}: use a newer program",
        .path.display()
    )]
    NewerSchema {
        /// The journal file.
        path: PathBuf,
        /// The schema version of the file.
        found: i32,
        /// The newest schema version that this library reads.
        known: i32,
    },
    /// The lock file, which shows other processes that this process is alive, cannot be created or locked.
    #[error("the lock file {} cannot be created and locked: check the permissions of its folder", .path.display())]
    Lock {
        /// The lock file.
        path: PathBuf,
        /// The error of the operating system.
        source: io::Error,
    },
    /// The operating system did not start the writer thread.
    #[error("the writer thread of the journal {} cannot be started: raise the limit of threads", .path.display())]
    Thread {
        /// The journal file.
        path: PathBuf,
        /// The error of the operating system.
        source: io::Error,
    },
    /// The writer thread has ended, because it panicked.
    #[error("the journal {} accepts no writes, because its writer thread has ended: open it again, then resume", .path.display())]
    Closed {
        /// The journal file.
        path: PathBuf,
    },
    /// Any other error of SQLite.
    #[error("SQLite cannot use the journal {}: look up the error that it reports", .path.display())]
    Other {
        /// The journal file.
        path: PathBuf,
        /// The error of SQLite.
        source: rusqlite::Error,
    },
}

impl SqliteError {
    /// Sorts an error of SQLite by its code.
    pub(crate) fn from_sqlite(path: &Path, source: rusqlite::Error) -> Self {
        let path = path.to_owned();
        match source.sqlite_error_code() {
            Some(ErrorCode::DiskFull) => Self::Full { path },
            Some(ErrorCode::SystemIoFailure) => Self::Disk { path, source },
            Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => Self::Locked { path },
            Some(ErrorCode::DatabaseCorrupt) => Self::Corrupt { path, source },
            Some(ErrorCode::NotADatabase) => Self::NotAJournal { path },
            Some(ErrorCode::ReadOnly) => Self::ReadOnly { path },
            _ => Self::Other { path, source },
        }
    }
}

impl From<SqliteError> for JournalError {
    fn from(error: SqliteError) -> Self {
        Self::storage(error)
    }
}

#[cfg(test)]
mod tests {
    use std::error::Error;

    use super::*;

    fn refused(statement: &str) -> rusqlite::Result<SqliteError> {
        let connection = rusqlite::Connection::open_in_memory()?;
        connection.pragma_update(None, "query_only", true)?;
        let error = connection.execute_batch(statement).expect_err("SQLite refuses the statement");
        Ok(SqliteError::from_sqlite(Path::new("runs.db"), error))
    }

    #[test]
    fn read_only_file_is_reported() -> rusqlite::Result<()> {
        let expected = "the journal runs.db is read-only: change its permissions, or name another file";
        assert_eq!(refused("CREATE TABLE run (id)")?.to_string(), expected);
        Ok(())
    }

    #[test]
    fn message_does_not_repeat_its_source() -> rusqlite::Result<()> {
        let error = refused("SELECT id FROM run")?;
        let source = error.source().map(ToString::to_string);
        assert!(source.as_deref().is_some_and(|source| source.contains("no such table: run")), "{source:?}");
        assert_eq!(
            error.to_string(),
            "SQLite cannot use the journal runs.db: look up the error that it reports"
        );
        Ok(())
    }
}
