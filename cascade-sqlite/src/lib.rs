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
//!   steps that end together cost one sync.
//! - **One owner of a run at a time**, by a lease that the writing thread renews three times in its life. A run is taken
//!   over when the lease has run out (the owner is stopped, or its machine is), or at once when the owner's process is
//!   gone: each owner holds a lock on a file beside the journal, which the operating system releases with the process.
//! - **A number that grows with each takeover** is looked at in the transaction of every write: an owner that wakes
//!   after a takeover writes nothing more.
//! - **A checksum on each record, and numbers without a gap**: SQLite notices a broken page by its structure, not by its
//!   text, nor by a record that is not there.
//! - **Schema versions**: an older file is brought up to date when it is opened, a newer one is refused.

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
