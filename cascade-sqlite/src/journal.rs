//! The journal itself: orders for the writing thread, and questions to the file.

use std::collections::HashMap;
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use cascade_core::{Journal, JournalError, NewRun, Record, RunId, RunInfo, RunLog};
use futures::FutureExt;
use futures::future::BoxFuture;
use rusqlite::Connection;
use tokio::sync::oneshot;

use crate::error::SqliteError;
use crate::options::Options;
use crate::owner::OwnerLock;
use crate::writer::{Answer, Order, Owned, WriterThread};
use crate::{clock, read, schema};

/// A journal in a file of SQLite. Clones are the same journal.
#[derive(Clone)]
pub struct SqliteJournal {
    inner: Arc<Inner>,
}

struct Inner {
    path: PathBuf,
    options: Options,
    /// There until the last handle is dropped.
    orders: Option<Sender<Order>>,
    thread: Option<JoinHandle<()>>,
    /// Connections that nobody reads from right now.
    readers: Mutex<Vec<Connection>>,
}

impl fmt::Debug for SqliteJournal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SqliteJournal({})", self.inner.path.display())
    }
}

impl SqliteJournal {
    /// Opens a journal; creates it if there is none.
    pub fn open(path: impl AsRef<Path>) -> Result<Self, SqliteError> {
        Options::default().open(path)
    }

    /// How a journal can be opened otherwise.
    pub fn options() -> Options {
        Options::default()
    }

    pub(crate) fn with(path: &Path, options: Options) -> Result<Self, SqliteError> {
        let connection = schema::connect(path, &options, true)?;
        let lock = OwnerLock::take(path)?;
        let (orders, received) = channel();
        let thread = WriterThread {
            path: path.to_owned(),
            options: options.clone(),
            connection,
            lock,
            owned: HashMap::new(),
            syncs: true,
        };
        let thread = std::thread::Builder::new()
            .name(String::from("cascade-journal"))
            .spawn(move || thread.run(&received))
            .map_err(|source| SqliteError::Lock { path: path.to_owned(), source })?;
        let (path, readers) = (path.to_owned(), Mutex::default());
        let inner = Inner { path, options, orders: Some(orders), thread: Some(thread), readers };
        Ok(Self { inner: Arc::new(inner) })
    }

    /// The file.
    pub fn path(&self) -> &Path {
        &self.inner.path
    }

    async fn order<T>(&self, order: impl FnOnce(Answer<T>) -> Order) -> Result<T, JournalError> {
        let (answer, answered) = oneshot::channel();
        let closed = || SqliteError::Closed { path: self.inner.path.clone() };
        if !self.inner.send(order(answer)) {
            return Err(closed().into());
        }
        answered.await.map_err(|_| closed())?
    }

    fn log(&self, owned: Arc<Owned>) -> Box<dyn RunLog> {
        Box::new(SqliteLog { journal: self.clone(), owned })
    }

    /// Asks on a thread where blocking is fine.
    async fn ask<T: Send + 'static>(
        &self,
        question: impl FnOnce(&Connection, &Path) -> Result<T, JournalError> + Send + 'static,
    ) -> Result<T, JournalError> {
        let inner = Arc::clone(&self.inner);
        let ask = move || {
            let idle = inner.idle_readers().pop();
            let connection = match idle {
                Some(connection) => connection,
                None => schema::connect(&inner.path, &inner.options, false)?,
            };
            let answer = question(&connection, &inner.path);
            inner.idle_readers().push(connection);
            answer
        };
        tokio::task::spawn_blocking(ask).await.map_err(JournalError::storage)?
    }
}

impl Inner {
    /// Answers whether the writing thread is there to take it.
    fn send(&self, order: Order) -> bool {
        self.orders.as_ref().is_some_and(|orders| orders.send(order).is_ok())
    }

    fn idle_readers(&self) -> std::sync::MutexGuard<'_, Vec<Connection>> {
        // A list of idle connections is whole whatever its last user did.
        self.readers.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Inner {
    /// Lets the thread write what was ordered, and remove its lock file.
    fn drop(&mut self) {
        self.orders = None;
        if let Some(thread) = self.thread.take() {
            // A thread that panicked has nothing left to write.
            let _ = thread.join();
        }
    }
}

impl Journal for SqliteJournal {
    fn create(&self, run: NewRun) -> BoxFuture<'_, Result<Box<dyn RunLog>, JournalError>> {
        async move { Ok(self.log(self.order(|answer| Order::Create { run, answer }).await?)) }.boxed()
    }

    fn take_over<'a>(&'a self, run: &'a RunId) -> BoxFuture<'a, Result<Box<dyn RunLog>, JournalError>> {
        let run = run.clone();
        async move { Ok(self.log(self.order(|answer| Order::TakeOver { run, answer }).await?)) }.boxed()
    }

    fn read<'a>(
        &'a self,
        run: &'a RunId,
        after: u64,
        limit: usize,
    ) -> BoxFuture<'a, Result<Vec<(u64, Record)>, JournalError>> {
        let run = run.clone();
        self.ask(move |connection, path| read::records(connection, path, &run, after, limit)).boxed()
    }

    fn runs(&self) -> BoxFuture<'_, Result<Vec<RunInfo>, JournalError>> {
        self.ask(read::runs).boxed()
    }

    fn run<'a>(&'a self, run: &'a RunId) -> BoxFuture<'a, Result<RunInfo, JournalError>> {
        let run = run.clone();
        self.ask(move |connection, path| read::run(connection, path, &run)).boxed()
    }

    fn forget_ended(&self, age: Duration) -> BoxFuture<'_, Result<u64, JournalError>> {
        let before = clock::now().saturating_sub(clock::millis(age));
        async move {
            let mut forgotten = 0;
            while self.order(|answer| Order::Forget { before, answer }).await? {
                forgotten += 1;
            }
            Ok(forgotten)
        }
        .boxed()
    }
}

struct SqliteLog {
    journal: SqliteJournal,
    owned: Arc<Owned>,
}

impl RunLog for SqliteLog {
    fn append(&self, records: Vec<Record>) -> BoxFuture<'static, Result<(), JournalError>> {
        let (answer, answered) = oneshot::channel();
        let order = Order::Write { log: Arc::clone(&self.owned), records, answer };
        let path = self.journal.inner.path.clone();
        // Ordered here and not when it is awaited: records are in the order of the calls.
        let ordered = self.journal.inner.send(order);
        async move {
            let closed = || SqliteError::Closed { path };
            if ordered { answered.await.map_err(|_| closed())? } else { Err(closed().into()) }
        }
        .boxed()
    }

    fn is_held(&self) -> bool {
        self.owned.is_held()
    }
}

impl Drop for SqliteLog {
    fn drop(&mut self) {
        let Owned { row, fence, .. } = *self.owned;
        // Where it cannot be given up, the lease runs out.
        let _ = self.journal.inner.send(Order::Release { row, fence });
    }
}
