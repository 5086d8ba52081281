//! Inserts rows into the inventory, for the seed and for tests.

mod compute;
mod network;
mod services;
mod storage;

use rusqlite::{Connection, Params};

pub use compute::{Router, Vm};
pub use network::{L2, Nic, NicRole};
pub use storage::NewVolume;

/// The account that owns everything without another owner; it cannot be deleted.
pub const ADMIN: &str = "account-admin";

/// Writes new rows.
#[derive(Debug)]
pub struct Writer<'a> {
    connection: &'a Connection,
}

impl<'a> Writer<'a> {
    /// A writer on this connection, usually a transaction.
    pub fn new(connection: &'a Connection) -> Self {
        Self { connection }
    }

    fn insert(&self, sql: &str, values: impl Params) -> rusqlite::Result<()> {
        self.connection.prepare_cached(sql)?.execute(values)?;
        Ok(())
    }

    /// The admin's account.
    pub fn admin(&self) -> rusqlite::Result<()> {
        self.insert("INSERT INTO account (id, kind) VALUES (?1, 'System')", [ADMIN])
    }

    /// An account.
    pub fn account(&self, id: &str) -> rusqlite::Result<()> {
        self.insert("INSERT INTO account (id, kind) VALUES (?1, 'Normal')", [id])
    }
}
