//! What can be wrong with the file.

use std::io;
use std::path::{Path, PathBuf};

use cascade_core::JournalError;
use rusqlite::ErrorCode;

/// Why the file could not be used. Each says which file, and what to do.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SqliteError {
    /// The disk is full, or the file has its largest size.
    #[error("the journal {} is full: make room on its disk, then resume", .path.display())]
    Full {
        /// The file.
        path: PathBuf,
    },
    /// The disk does not take what is written, or does not give back what was.
    #[error("the journal {} cannot be written or read, its disk fails: mend that, then resume ({source})", .path.display())]
    Disk {
        /// The file.
        path: PathBuf,
        /// What SQLite says.
        source: rusqlite::Error,
    },
    /// Another process holds the file's lock for too long.
    #[error("the journal {} is locked by another program: end that, then resume", .path.display())]
    Locked {
        /// The file.
        path: PathBuf,
    },
    /// The file is broken.
    #[error("the journal {} is damaged: restore it from a copy, or move it away to begin a new one ({source})", .path.display())]
    Corrupt {
        /// The file.
        path: PathBuf,
        /// What SQLite says.
        source: rusqlite::Error,
    },
    /// The file may not be written.
    #[error("the journal {} may not be written: change its permissions, or name another file", .path.display())]
    ReadOnly {
        /// The file.
        path: PathBuf,
    },
    /// The file is something else.
    #[error("{} is no journal: name another file", .path.display())]
    NotAJournal {
        /// The file.
        path: PathBuf,
    },
    /// The file was written by a newer version of this library.
    #[error(
        "the journal {} has schema version {found}, and this program knows up to {known}: use a newer program",
        .path.display()
    )]
    NewerSchema {
        /// The file.
        path: PathBuf,
        /// Its version.
        found: i32,
        /// The newest version that is known.
        known: i32,
    },
    /// The file by which others see that this process is there.
    #[error("the lock file {} cannot be used: {source}", .path.display())]
    Lock {
        /// The file.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// The writing thread has ended.
    #[error("the journal {} is not written any more: its thread has ended", .path.display())]
    Closed {
        /// The file.
        path: PathBuf,
    },
    /// Something else.
    #[error("the journal {} cannot be used: {source}", .path.display())]
    Other {
        /// The file.
        path: PathBuf,
        /// What SQLite says.
        source: rusqlite::Error,
    },
}

impl SqliteError {
    pub(crate) fn of(path: &Path, source: rusqlite::Error) -> Self {
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
    use super::*;

    #[test]
    fn a_file_that_may_not_be_written_is_said_so() -> rusqlite::Result<()> {
        let connection = rusqlite::Connection::open_in_memory()?;
        connection.pragma_update(None, "query_only", true)?;
        let refused = connection.execute_batch("CREATE TABLE run (id)").err();
        let error = refused.map(|error| SqliteError::of(Path::new("runs.db"), error).to_string());
        let expected = "the journal runs.db may not be written: change its permissions, or name another file";
        assert_eq!(error.as_deref(), Some(expected));
        Ok(())
    }
}
