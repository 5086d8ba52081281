//! The journal: sends requests to the writer thread, and runs queries on reader connections.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::mpsc::Sender;
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
use crate::owned_run::OwnedRun;
use crate::request::{Reply, Request};
use crate::writer::WriterThread;
use crate::{clock, read, schema};

/// A journal in an SQLite file. Clones share the file and the writer thread.
#[derive(Clone)]
pub struct SqliteJournal {
    inner: Arc<Inner>,
}

struct Inner {
    path: PathBuf,
    options: Options,
    /// `None` only while the last handle is dropped.
    requests: Option<Sender<Request>>,
    thread: Option<JoinHandle<()>>,
    idle_readers: Mutex<Vec<Connection>>,
}

impl fmt::Debug for SqliteJournal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SqliteJournal({})", self.inner.path.display())
    }
}

impl Options {
    /// Opens the journal at `path`; creates it if it does not exist.
    pub fn open(self, path: impl AsRef<Path>) -> Result<SqliteJournal, SqliteError> {
        let path = path.as_ref().to_owned();
        let (requests, thread) = WriterThread::spawn(&path, &self)?;
        let (requests, thread) = (Some(requests), Some(thread));
        let inner = Inner { path, options: self, requests, thread, idle_readers: Mutex::default() };
        Ok(SqliteJournal { inner: Arc::new(inner) })
    }
}

impl SqliteJournal {
    /// Opens the journal at `path` with the default [`Options`]; creates it if it does not exist.
    pub fn open(path: impl AsRef<Path>) -> Result<Self, SqliteError> {
        Options::default().open(path)
    }

    /// The default options, to be changed before [`Options::open`].
    pub fn options() -> Options {
        Options::default()
    }

    /// The path of the journal file.
    pub fn path(&self) -> &Path {
        &self.inner.path
    }

    /// Sends a request to the writer thread, and waits for its reply.
    async fn request<T>(&self, request: impl FnOnce(Reply<T>) -> Request) -> Result<T, JournalError> {
        let (reply, replied) = oneshot::channel();
        self.inner.send(request(reply))?;
        replied.await.map_err(|_| self.inner.closed())?
    }

    fn log(&self, run: Arc<OwnedRun>) -> Box<dyn RunLog> {
        Box::new(SqliteLog { inner: Arc::clone(&self.inner), run })
    }

    /// Runs a query on a thread that may block.
    async fn query<T: Send + 'static>(
        &self,
        query: impl FnOnce(&Connection, &Path) -> Result<T, JournalError> + Send + 'static,
    ) -> Result<T, JournalError> {
        let inner = Arc::clone(&self.inner);
        let run_query = move || {
            let idle = inner.idle_readers().pop();
            let connection = match idle {
                Some(connection) => connection,
                None => schema::open_existing(&inner.path, &inner.options)?,
            };
            let answer = query(&connection, &inner.path);
            inner.idle_readers().push(connection);
            answer
        };
        tokio::task::spawn_blocking(run_query).await.map_err(JournalError::storage)?
    }
}

impl Inner {
    /// Fails if the writer thread has ended.
    fn send(&self, request: Request) -> Result<(), SqliteError> {
        let sent = self.requests.as_ref().is_some_and(|requests| requests.send(request).is_ok());
        if sent { Ok(()) } else { Err(self.closed()) }
    }

    fn closed(&self) -> SqliteError {
        SqliteError::Closed { path: self.path.clone() }
    }

    fn idle_readers(&self) -> std::sync::MutexGuard<'_, Vec<Connection>> {
        // A panic cannot leave the list half changed.
        self.idle_readers.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Inner {
    /// Waits until the thread has applied all requests and removed its lock file.
    fn drop(&mut self) {
        self.requests = None;
        if let Some(thread) = self.thread.take() {
            // The result only says whether the thread panicked, which its callers already know from `Closed`.
            let _ = thread.join();
        }
    }
}

impl Journal for SqliteJournal {
    fn create(&self, run: NewRun) -> BoxFuture<'_, Result<Box<dyn RunLog>, JournalError>> {
        async move { Ok(self.log(self.request(|reply| Request::Create { run, reply }).await?)) }.boxed()
    }

    fn take_over<'a>(&'a self, run: &'a RunId) -> BoxFuture<'a, Result<Box<dyn RunLog>, JournalError>> {
        let run = run.clone();
        async move { Ok(self.log(self.request(|reply| Request::TakeOver { run, reply }).await?)) }.boxed()
    }

    fn read<'a>(
        &'a self,
        run: &'a RunId,
        after: u64,
        limit: usize,
    ) -> BoxFuture<'a, Result<Vec<(u64, Record)>, JournalError>> {
        let run = run.clone();
        self.query(move |connection, path| read::records(connection, path, &run, after, limit)).boxed()
    }

    fn runs(&self) -> BoxFuture<'_, Result<Vec<RunInfo>, JournalError>> {
        self.query(read::runs).boxed()
    }

    fn run<'a>(&'a self, run: &'a RunId) -> BoxFuture<'a, Result<RunInfo, JournalError>> {
        let run = run.clone();
        self.query(move |connection, path| read::run(connection, path, &run)).boxed()
    }

    fn forget_ended(&self, age: Duration) -> BoxFuture<'_, Result<u64, JournalError>> {
        let ended_before = clock::now().saturating_sub(clock::millis(age));
        async move {
            let mut forgotten = 0;
            while self.request(|reply| Request::Forget { ended_before, reply }).await? {
                forgotten += 1;
            }
            Ok(forgotten)
        }
        .boxed()
    }
}

struct SqliteLog {
    inner: Arc<Inner>,
    run: Arc<OwnedRun>,
}

impl RunLog for SqliteLog {
    fn append(&self, records: Vec<Record>) -> BoxFuture<'static, Result<(), JournalError>> {
        let (reply, replied) = oneshot::channel();
        // Sends the request before the future is first polled, so that records are in the order of the calls.
        let sent = self.inner.send(Request::Append { run: Arc::clone(&self.run), records, reply });
        // The future must not keep the journal open.
        let path = self.inner.path.clone();
        async move {
            sent?;
            replied.await.map_err(|_| SqliteError::Closed { path })?
        }
        .boxed()
    }

    fn is_held(&self) -> bool {
        self.run.is_held()
    }
}

impl Drop for SqliteLog {
    fn drop(&mut self) {
        // If the request cannot be sent, the run becomes free when the process ends or the lease expires.
        let _ = self.inner.send(Request::Release { ownership: self.run.ownership });
    }
}
