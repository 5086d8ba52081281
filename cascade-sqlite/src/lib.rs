//! A journal in an SQLite file: a run survives the death of its process.
//!
//! ```
//! use cascade_core::Journal;
//! use cascade_sqlite::SqliteJournal;
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let directory = tempfile::tempdir()?;
//! # let path = directory.path().join("runs.db");
//! let journal = SqliteJournal::open(&path)?;
//! assert!(journal.runs().await?.is_empty());
//! # Ok(())
//! # }
//! ```
//!
//! # Design
//!
//! - **One file holds many runs and serves several processes.** The file is in WAL mode, so that readers do not wait for
//!   writers. WAL requires a local disk.
//! - **An acknowledged record survives a power failure** by default (`synchronous = FULL`). With [`Synchronous::Normal`] it
//!   survives the death of the process, but a power failure can lose the last records.
//! - **One thread writes.** All requests that arrive during one transaction share the next one: 20 steps that end together
//!   cost one sync. A record that no caller awaits, such as the start of a step, is written without a sync. It survives the
//!   death of the process, and the next sync makes it durable.
//! - **A run has one owner at a time.** The owner holds a lease, which the writer thread renews after each third of its
//!   duration. Another process can take the run over when the lease has expired, because the owner or its machine has
//!   stopped. It can do so at once when the owner's process has ended: each owner locks a file beside the journal, and the
//!   operating system releases that lock with the process.
//! - **Each takeover raises the run's fence**, a number that every write compares in its transaction. An owner that
//!   continues after a takeover therefore writes nothing more.
//! - **Each record has a checksum, and the positions of records have no gaps.** SQLite detects a page with a broken
//!   structure, but neither changed text nor a missing record.
//! - **The schema has a version.** Opening a file of an older version migrates it; a file of a newer version is refused.
//!
//! # Faults
//!
//! After any fault, the run starts no further steps, its report calls no step done that is not recorded, and a program that
//! starts later can resume the run.
//!
//! | fault | effect or message |
//! | --- | --- |
//! | the process dies during any write | the next process finds the run without an owner and resumes it; steps that had ended do not run again |
//! | the disk is full, or the file has reached [`Options::max_pages`] | `the journal … is full: free disk space or raise its maximum size, then resume` |
//! | the disk fails, or writes only a part | `the journal … cannot be read or written because its disk fails: repair the disk, then resume`; a partial write is not read as a record |
//! | another program holds the lock for longer than [`Options::busy_timeout`] | `the journal … is locked by another program: end that program, then resume` |
//! | a page is damaged, and SQLite detects it | `the journal … is damaged: restore it from a copy, or move it away to start a new one` |
//! | a record is damaged, and SQLite does not detect it | `the journal of run … cannot be read at position 12: its checksum is wrong: the file is damaged` |
//! | a record is missing | `the journal of run … cannot be read at position 12: the record is missing: the file is damaged` |
//! | the file is not a journal | `… is no journal: name another file` |
//! | a newer program wrote the file | `the journal … has schema version 9, but this program reads versions up to 3: use a newer program` |
//! | the file is read-only | `the journal … is read-only: change its permissions, or name another file` |
//! | the writer thread has panicked | `the journal … accepts no writes, because its writer thread has ended: open it again, then resume` |
//! | another process owns the run | [`JournalError::Owned`](cascade_core::JournalError::Owned) |
//! | the owner was stopped, and another process took the run over | [`JournalError::Lost`](cascade_core::JournalError::Lost) |
//!
//! A fault before the first step leaves the run unstarted. A fault after it stops the run with an error that contains the
//! report of all steps so far. The error of SQLite is the [`source`](std::error::Error::source) of the message.
//!
//! # Beside other libraries that link SQLite
//!
//! A build can contain only one version of `libsqlite3-sys`. This crate accepts rusqlite 0.39 to 0.43, so that Cargo finds a
//! version that fits Diesel 2.3, sqlx 0.9 and SeaORM 2. Older versions are excluded, because the SQLite that they bundle can
//! damage a file in WAL mode that several connections write (the WAL-reset bug, repaired in SQLite 3.51.3).
//!
//! The default feature `bundled` compiles SQLite from source. Without it, the build links the SQLite of the system; choose
//! version 3.51.3 or later.
//!
//! The feature `failpoints` is for tests: it adds fail points of the crate `fail` to the writer thread.

#![forbid(unsafe_code)]

mod checksum;
mod clock;
mod error;
mod fault;
mod journal;
mod options;
mod owned_run;
mod owner_lock;
mod read;
mod record_key;
mod request;
mod schema;
mod statements;
mod writer;

pub use error::SqliteError;
pub use journal::SqliteJournal;
pub use options::{Options, Synchronous};
