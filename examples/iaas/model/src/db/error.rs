//! What can be wrong with the inventory's file, and what to do about it.

use std::path::{Path, PathBuf};

use rusqlite::ErrorCode;

/// The inventory could not be read or written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DbError {
    /// There is no such file.
    #[error("there is no inventory at {}: `iaas seed` writes one", .path.display())]
    Missing {
        /// The file.
        path: PathBuf,
    },
    /// The file is there, and was to be created.
    #[error("{} is already there: `seed --force` writes a new inventory over it", .path.display())]
    Exists {
        /// The file.
        path: PathBuf,
    },
    /// The file cannot be opened.
    #[error("{} cannot be opened: see that its folder is there and that you may read and write it", .path.display())]
    CannotOpen {
        /// The file.
        path: PathBuf,
    },
    /// The file is something else.
    #[error("{} is not a SQLite database: name another file with --db, or write over it with `seed --force`", .path.display())]
    NotADatabase {
        /// The file.
        path: PathBuf,
    },
    /// The database is somebody else's, or from another version.
    #[error("{} is a database, but not an inventory of this version: name another file with --db, or write over it with `seed --force`", .path.display())]
    OtherSchema {
        /// The file.
        path: PathBuf,
    },
    /// Another process holds the lock, for longer than we wait.
    #[error("the inventory {} is locked by another process: try again when that has ended", .path.display())]
    Locked {
        /// The file.
        path: PathBuf,
    },
    /// The file or its folder may not be written.
    #[error("the inventory {} is read-only: see that the file and its folder may be written", .path.display())]
    ReadOnly {
        /// The file.
        path: PathBuf,
    },
    /// No space is left.
    #[error("no space is left for the inventory {}: free some on that disk and run the command again", .path.display())]
    Full {
        /// The file.
        path: PathBuf,
    },
    /// The disk does not do what it is told.
    #[error("the disk of the inventory {} fails, or is full", .path.display())]
    Disk {
        /// The file.
        path: PathBuf,
        /// What SQLite said.
        source: rusqlite::Error,
    },
    /// The file is damaged.
    #[error("the inventory {} is damaged: restore it, or write a new one with `seed --force`", .path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What SQLite said.
        source: rusqlite::Error,
    },
    /// Something else went wrong in SQLite.
    #[error("the inventory {} gave an error", .path.display())]
    Sql {
        /// The file.
        path: PathBuf,
        /// What SQLite said.
        source: rusqlite::Error,
    },
    /// The file cannot be removed to make place for a new one.
    #[error("{} cannot be replaced", .path.display())]
    CannotReplace {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// A query did not come to its end.
    #[error("a query of the inventory was broken off")]
    BrokenOff {
        /// Why.
        source: tokio::task::JoinError,
    },
}

impl DbError {
    /// What an error of SQLite means for the person who owns the file.
    pub(crate) fn of(path: &Path, source: rusqlite::Error) -> Self {
        let path = path.to_owned();
        match source.sqlite_error_code() {
            Some(ErrorCode::CannotOpen) => Self::CannotOpen { path },
            Some(ErrorCode::NotADatabase) => Self::NotADatabase { path },
            Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => Self::Locked { path },
            Some(ErrorCode::ReadOnly | ErrorCode::PermissionDenied) => Self::ReadOnly { path },
            Some(ErrorCode::DiskFull) => Self::Full { path },
            Some(ErrorCode::SystemIoFailure) => Self::Disk { path, source },
            Some(ErrorCode::DatabaseCorrupt) => Self::Damaged { path, source },
            _ => Self::Sql { path, source },
        }
    }
}
