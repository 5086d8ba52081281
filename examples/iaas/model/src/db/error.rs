//! The errors of the inventory's file, with the remedy of each.

use std::path::{Path, PathBuf};

use rusqlite::ErrorCode;

/// The inventory could not be read or written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DbError {
    /// The file does not exist.
    #[error("there is no inventory at {}: create one with `iaas seed`", .path.display())]
    Missing {
        /// The file.
        path: PathBuf,
    },
    /// The file exists, and may not be replaced.
    #[error("{} already exists: replace it with `seed --force`", .path.display())]
    Exists {
        /// The file.
        path: PathBuf,
    },
    /// The file cannot be opened.
    #[error("{} cannot be opened: check that its folder exists and that you may read and write both", .path.display())]
    CannotOpen {
        /// The file.
        path: PathBuf,
    },
    /// The file is not a database.
    #[error("{} is not a SQLite database: name another file with --db, or replace it with `seed --force`", .path.display())]
    NotADatabase {
        /// The file.
        path: PathBuf,
    },
    /// The database belongs to another program, or to another version.
    #[error("{} is a database, but not an inventory of this version: name another file with --db, or replace it with `seed --force`", .path.display())]
    OtherSchema {
        /// The file.
        path: PathBuf,
    },
    /// Another process holds the lock for longer than the timeout.
    #[error("the inventory {} is locked by another process: try again after it has ended", .path.display())]
    Locked {
        /// The file.
        path: PathBuf,
    },
    /// The file or its folder is read-only.
    #[error("the inventory {} is read-only: make the file and its folder writable", .path.display())]
    ReadOnly {
        /// The file.
        path: PathBuf,
    },
    /// The disk is full.
    #[error("no space is left for the inventory {}: free some on its disk and run the command again", .path.display())]
    Full {
        /// The file.
        path: PathBuf,
    },
    /// The disk fails.
    #[error("the disk of the inventory {} has failed or is full: check it and run the command again", .path.display())]
    Disk {
        /// The file.
        path: PathBuf,
        /// The error of SQLite.
        source: rusqlite::Error,
    },
    /// The file is damaged.
    #[error("the inventory {} is damaged: restore it, or replace it with `seed --force`", .path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// The error of SQLite.
        source: rusqlite::Error,
    },
    /// Another error of SQLite.
    #[error("SQLite failed on the inventory {}", .path.display())]
    Sql {
        /// The file.
        path: PathBuf,
        /// The error of SQLite.
        source: rusqlite::Error,
    },
    /// The file cannot be replaced by a new one.
    #[error("{} cannot be replaced: check the permissions of its folder", .path.display())]
    CannotReplace {
        /// The file.
        path: PathBuf,
        /// The error of the system.
        source: std::io::Error,
    },
    /// A query panicked or was cancelled.
    #[error("a query of the inventory did not end")]
    Interrupted {
        /// The cause.
        source: tokio::task::JoinError,
    },
}

impl DbError {
    /// Converts an error of SQLite.
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
