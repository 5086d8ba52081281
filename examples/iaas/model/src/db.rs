//! The handle on the inventory's file.
//!
//! SQLite calls block, so they run on tokio's blocking threads: readers in parallel, each with a connection of its
//! own, writers one after another, because SQLite allows only one.

mod error;

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use rusqlite::{Connection, OpenFlags, Transaction, TransactionBehavior};

pub use error::DbError;

const SCHEMA: &str = include_str!("schema.sql");
/// Written into the file's header, to recognise databases of other programs.
const APPLICATION_ID: i32 = 0x1AA5;
const SCHEMA_VERSION: i32 = 2;
/// How long to wait for a lock of another process.
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);
/// The inventory has about two hundred statements.
const CACHED_STATEMENTS: usize = 256;

/// The inventory. Clones share the file.
#[derive(Clone)]
pub struct Db {
    inner: Arc<Inner>,
}

struct Inner {
    path: PathBuf,
    writer: Arc<tokio::sync::Mutex<Connection>>,
    /// Idle connections.
    readers: Mutex<Vec<Connection>>,
}

impl fmt::Debug for Db {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Db({})", self.inner.path.display())
    }
}

impl Db {
    /// Opens an inventory.
    pub fn open(path: impl AsRef<Path>) -> Result<Self, DbError> {
        let path = path.as_ref();
        if !path.exists() {
            return Err(DbError::Missing { path: path.to_owned() });
        }
        let writer = connect(path)?;
        check_schema(&writer, path)?;
        Ok(Self::new(path, writer))
    }

    /// Creates an inventory and fills it.
    ///
    /// It is written beside its final place and moved when it is complete: an interrupted call leaves no partial file,
    /// and an existing file stays until then.
    pub fn create(
        path: impl AsRef<Path>,
        overwrite: Overwrite,
        fill: impl FnOnce(&Transaction<'_>) -> rusqlite::Result<()>,
    ) -> Result<Self, DbError> {
        let path = path.as_ref();
        if overwrite == Overwrite::No && path.exists() {
            return Err(DbError::Exists { path: path.to_owned() });
        }
        let draft = beside(path, ".new");
        remove(&draft)?;
        if let Err(error) = write_draft(&draft, path, fill) {
            // The first error is the one to report.
            let _: Result<(), DbError> = remove(&draft);
            return Err(error);
        }
        // SQLite would apply an old log to the new file.
        remove(path)?;
        std::fs::rename(&draft, path)
            .map_err(|source| DbError::CannotReplace { path: path.to_owned(), source })?;
        Self::open(path)
    }

    fn new(path: &Path, writer: Connection) -> Self {
        let writer = Arc::new(tokio::sync::Mutex::new(writer));
        Self { inner: Arc::new(Inner { path: path.to_owned(), writer, readers: Mutex::default() }) }
    }

    /// The file.
    pub fn path(&self) -> &Path {
        &self.inner.path
    }

    /// Runs a query in parallel with others.
    pub async fn read<T, F>(&self, query: F) -> Result<T, DbError>
    where
        T: Send + 'static,
        F: FnOnce(&Connection) -> rusqlite::Result<T> + Send + 'static,
    {
        let db = self.clone();
        let read = move || {
            let connection = db.reader()?;
            let answer = query(&connection).map_err(|error| DbError::of(db.path(), error));
            db.idle_readers().push(connection);
            answer
        };
        tokio::task::spawn_blocking(read).await.map_err(|source| DbError::Interrupted { source })?
    }

    /// Makes a change in a transaction: completely or not at all.
    pub async fn write<T, F>(&self, change: F) -> Result<T, DbError>
    where
        T: Send + 'static,
        F: FnOnce(&Transaction<'_>) -> rusqlite::Result<T> + Send + 'static,
    {
        let db = self.clone();
        // Waiting for the lock does not occupy a blocking thread.
        let mut writer = Arc::clone(&self.inner.writer).lock_owned().await;
        let write = move || {
            // The write lock is taken at the start: an upgrade later fails without waiting.
            let transaction = writer.transaction_with_behavior(TransactionBehavior::Immediate)?;
            let answer = change(&transaction)?;
            transaction.commit()?;
            Ok(answer)
        };
        let written = tokio::task::spawn_blocking(write).await;
        written
            .map_err(|source| DbError::Interrupted { source })?
            .map_err(|error| DbError::of(db.path(), error))
    }

    fn reader(&self) -> Result<Connection, DbError> {
        let idle = self.idle_readers().pop();
        idle.map_or_else(|| connect(self.path()), Ok)
    }

    fn idle_readers(&self) -> std::sync::MutexGuard<'_, Vec<Connection>> {
        // A list of idle connections is valid even after a panic.
        self.inner.readers.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Whether an existing file may be replaced.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Overwrite {
    /// The file is kept, and that is an error.
    No,
    /// The file is replaced.
    Yes,
}

/// The path with `suffix` appended.
fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    name.into()
}

/// Removes an inventory, with the additional files of SQLite.
fn remove(path: &Path) -> Result<(), DbError> {
    for suffix in ["", "-wal", "-shm"] {
        let file = beside(path, suffix);
        match std::fs::remove_file(&file) {
            Err(source) if source.kind() != std::io::ErrorKind::NotFound => {
                return Err(DbError::CannotReplace { path: file, source });
            }
            _ => {}
        }
    }
    Ok(())
}

fn connect(path: &Path) -> Result<Connection, DbError> {
    connect_to(path, path)
}

/// A connection to `file`. Errors name `path`.
fn connect_to(file: &Path, path: &Path) -> Result<Connection, DbError> {
    let flags =
        OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(file, flags).map_err(|error| DbError::of(path, error))?;
    // SQLite opens a read-only file without an error, and fails later and less clearly.
    if connection.is_readonly(rusqlite::MAIN_DB).is_ok_and(|readonly| readonly) {
        return Err(DbError::ReadOnly { path: path.to_owned() });
    }
    let set_up = || {
        connection.busy_timeout(BUSY_TIMEOUT)?;
        connection.set_prepared_statement_cache_capacity(CACHED_STATEMENTS);
        // In WAL mode, readers do not wait for the writer. With `NORMAL`, a killed process loses no commit.
        connection.pragma_update(None, "journal_mode", "WAL")?;
        connection.pragma_update(None, "synchronous", "NORMAL")?;
        rusqlite::vtab::array::load_module(&connection)
    };
    set_up().map_err(|error| DbError::of(path, error))?;
    Ok(connection)
}

fn write_draft(
    draft: &Path,
    path: &Path,
    fill: impl FnOnce(&Transaction<'_>) -> rusqlite::Result<()>,
) -> Result<(), DbError> {
    let mut connection = connect_to(draft, path)?;
    create_schema(&mut connection, fill).map_err(|error| DbError::of(path, error))?;
    // Closing writes everything into the one file that is moved.
    connection.close().map_err(|(_, error)| DbError::of(path, error))
}

fn create_schema(
    connection: &mut Connection,
    fill: impl FnOnce(&Transaction<'_>) -> rusqlite::Result<()>,
) -> rusqlite::Result<()> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    transaction.execute_batch(SCHEMA)?;
    transaction.pragma_update(None, "application_id", APPLICATION_ID)?;
    transaction.pragma_update(None, "user_version", SCHEMA_VERSION)?;
    fill(&transaction)?;
    transaction.commit()
}

fn check_schema(connection: &Connection, path: &Path) -> Result<(), DbError> {
    let pragma = |name| {
        connection
            .pragma_query_value(None, name, |row| row.get::<_, i32>(0))
            .map_err(|error| DbError::of(path, error))
    };
    if pragma("application_id")? == APPLICATION_ID && pragma("user_version")? == SCHEMA_VERSION {
        Ok(())
    } else {
        Err(DbError::OtherSchema { path: path.to_owned() })
    }
}
