//! A journal on SQLite: runs survive the death of their process.
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
//! # What was chosen, and why
//!
//! - **One file, many runs, several processes.** The file is in WAL mode: who reads does not wait for who writes. It has
//!   to be on a local disk, as SQLite says of WAL.
//! - **`synchronous = FULL`** unless told: a record that was taken survives the loss of power, not only of the process.
//!   [`Synchronous::Normal`] survives the death of the process, and may lose the last records with the power.
//! - **One thread writes.** What comes in while it waits for the disk goes into the next transaction, all of it: twenty
//!   steps that end together cost one sync. What nobody waits for (that a step has begun, who owns a run) is written and
//!   not synced: it survives the process, and the next sync takes it along.
//! - **One owner of a run at a time**, by a lease that the writing thread renews three times in its life. A run is taken
//!   over when the lease has run out (the owner is stopped, or its machine is), or at once when the owner's process is
//!   gone: each owner holds a lock on a file beside the journal, which the operating system releases with the process.
//! - **A number that grows with each takeover** is looked at in the transaction of every write: an owner that wakes
//!   after a takeover writes nothing more.
//! - **A checksum on each record, and numbers without a gap**: SQLite notices a broken page by its structure, not by its
//!   text, nor by a record that is not there.
//! - **Schema versions**: an older file is brought up to date when it is opened, a newer one is refused.
//!
//! # What can go wrong, and what is seen of it
//!
//! Whatever it is, the run starts nothing more, its report calls nothing done that is not on record, and a program that is
//! started later goes on with it.
//!
//! | fault | what is seen |
//! | --- | --- |
//! | the process dies, at whatever write | the next start finds the run, unowned, and goes on with it; what had ended is not run again |
//! | the disk is full, or the file has its largest size | `the journal … is full: make room on its disk, then resume` |
//! | a write is cut short, or fails | `the journal … cannot be written or read, its disk fails: mend that, then resume (disk I/O error)`; what the write left is not taken for a record |
//! | another program holds the lock for longer than [`Options::busy_timeout`] | `the journal … is locked by another program: end that, then resume` |
//! | a page is damaged, so that SQLite sees it | `the journal … is damaged: restore it from a copy, or move it away to begin a new one (database disk image is malformed)` |
//! | a record is damaged, so that SQLite does not see it | `the journal of run … cannot be read at position 12: its checksum is wrong: the file is damaged` |
//! | a record is missing | `the journal of run … cannot be read at position 12: the record is missing: the file is damaged` |
//! | the file is no journal | `… is no journal: name another file` |
//! | the file was written by a newer program | `the journal … has schema version 9, and this program knows up to 3: use a newer program` |
//! | the file may not be written | `the journal … may not be written: change its permissions, or name another file` |
//! | the writing thread has panicked | `the journal … is not written any more: its thread has ended` |
//! | another process owns the run | `run … is under way: process 4711 owns it, and gave a sign of life 1.2s ago` |
//! | the owner was stopped, and another took over | `run … was taken over by process 4712 while this process gave no sign of life: it writes nothing more` |
//!
//! A fault before the first step is `the run was not started, nothing was changed: …`; one behind it is `the run has stopped,
//! because its journal could not be written: …`, with the report of how far it came.
//!
//! With the feature `failpoints` the writing thread has points of the crate `fail` before a transaction, before each record,
//! and on both sides of the commit; it is for the tests, which let real faults happen there.

#![forbid(unsafe_code)]

mod checksum;
mod clock;
mod error;
mod fault;
mod journal;
mod options;
mod owner;
mod read;
mod schema;
mod statements;
mod writer;

pub use error::SqliteError;
pub use journal::SqliteJournal;
pub use options::{Options, Synchronous};
