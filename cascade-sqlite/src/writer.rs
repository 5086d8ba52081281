//! The writer thread: all requests that arrive during one transaction share the next.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::sync::{Arc, Weak};
use std::thread::JoinHandle;
use std::time::Instant;

use cascade_core::{JournalError, NewRun, RunId};
use rusqlite::{Connection, Transaction, TransactionBehavior};

use crate::error::SqliteError;
use crate::options::{Options, Synchronous};
use crate::owned_run::{OwnedRun, Ownership};
use crate::owner_lock::OwnerLock;
use crate::request::Request;
use crate::statements::{self, Owner, StatementError};
use crate::{fault, schema};

/// The maximum number of requests in a transaction: it bounds how long the first of them waits.
const MAX_BATCH: usize = 1000;

/// The effect of a request in a transaction that is not committed yet.
enum Applied {
    Owned(Ownership),
    Written,
    Forgot(bool),
    /// The request is refused; the transaction continues.
    Refused(JournalError),
}

pub(crate) struct WriterThread {
    path: PathBuf,
    options: Options,
    connection: Connection,
    lock: OwnerLock,
    /// The runs whose leases the thread renews, by their row.
    owned: HashMap<i64, Weak<OwnedRun>>,
    /// Whether the connection syncs at the end of a transaction.
    syncs: bool,
}

impl WriterThread {
    /// Opens or creates the file, and starts the thread. The thread ends when all senders are dropped.
    pub(crate) fn spawn(
        path: &Path,
        options: &Options,
    ) -> Result<(Sender<Request>, JoinHandle<()>), SqliteError> {
        let thread = Self {
            path: path.to_owned(),
            options: options.clone(),
            connection: schema::open_or_create(path, options)?,
            lock: OwnerLock::acquire(path)?,
            owned: HashMap::new(),
            syncs: options.synchronous == Synchronous::Full,
        };
        let (requests, received) = channel();
        let handle = std::thread::Builder::new()
            .name(String::from("cascade-journal"))
            .spawn(move || thread.run(&received))
            .map_err(|source| SqliteError::Thread { path: path.to_owned(), source })?;
        Ok((requests, handle))
    }

    fn run(mut self, requests: &Receiver<Request>) {
        // A lease survives two renewals that fail or are late.
        let renewal_interval = self.options.lease / 3;
        let mut next_renewal = Instant::now() + renewal_interval;
        loop {
            let mut batch = Vec::new();
            match requests.recv_timeout(next_renewal.saturating_duration_since(Instant::now())) {
                Ok(request) => batch.push(request),
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => return,
            }
            batch.extend(requests.try_iter().take(MAX_BATCH - batch.len()));
            let renews = Instant::now() >= next_renewal;
            if renews {
                next_renewal = Instant::now() + renewal_interval;
                self.owned.retain(|_, run| run.strong_count() > 0);
            }
            if !batch.is_empty() || (renews && !self.owned.is_empty()) {
                self.write(batch, renews);
            }
        }
    }

    /// Commits a batch in one transaction, and then replies to each request.
    fn write(&mut self, batch: Vec<Request>, renews: bool) {
        let start = Instant::now();
        match self.transact(&batch, renews) {
            Ok((applied, renewed)) => {
                for run in renewed {
                    run.extend_lease(start, self.options.lease);
                }
                for (request, applied) in batch.into_iter().zip(applied) {
                    self.reply(request, applied, start);
                }
            }
            Err(error) => {
                let error = JournalError::from(SqliteError::from_sqlite(&self.path, error));
                for request in batch {
                    self.reply(request, Applied::Refused(error.clone()), start);
                }
            }
        }
    }

    /// Returns the effect of each request, and the runs whose leases were renewed.
    fn transact(
        &mut self,
        batch: &[Request],
        renews: bool,
    ) -> rusqlite::Result<(Vec<Applied>, Vec<Arc<OwnedRun>>)> {
        self.set_sync(batch.iter().any(Request::must_be_synced))?;
        let Self { path, options, connection, lock, owned, .. } = self;
        let owner = Owner { path, name: &options.owner, lock: &lock.token, lease: options.lease };
        fault::point("journal-begin")?;
        let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let mut applied = Vec::with_capacity(batch.len());
        for request in batch {
            applied.push(match apply(&owner, &transaction, request) {
                Ok(effect) => effect,
                Err(StatementError::Refused(error)) => {
                    // Later requests of this batch see the failure too.
                    if let Request::Append { run, .. } = request {
                        run.fail(error.clone());
                    }
                    Applied::Refused(error)
                }
                Err(StatementError::Sqlite(error)) => return Err(error),
            });
        }
        let mut renewed = Vec::new();
        for run in owned.values().filter(|_| renews).filter_map(Weak::upgrade) {
            if owner.renew(&transaction, run.ownership)? {
                renewed.push(run);
            }
        }
        fault::point("journal-commit")?;
        transaction.commit()?;
        fault::point("journal-committed")?;
        Ok((applied, renewed))
    }

    /// Sets whether the next transaction is synced. A transaction that is not synced survives the death of the process,
    /// and the next sync makes it durable too.
    fn set_sync(&mut self, syncs: bool) -> rusqlite::Result<()> {
        if self.options.synchronous == Synchronous::Normal {
            return Ok(());
        }
        if syncs != self.syncs {
            self.connection.pragma_update(None, "synchronous", if syncs { "FULL" } else { "NORMAL" })?;
            self.syncs = syncs;
        }
        if syncs { fault::point("journal-sync") } else { Ok(()) }
    }

    /// Sends the reply. A send fails only if the caller has dropped its future, and then needs no reply.
    fn reply(&mut self, request: Request, applied: Applied, start: Instant) {
        match request {
            Request::Create { run: NewRun { id, .. }, reply } | Request::TakeOver { run: id, reply } => {
                let _ = reply.send(self.own(id, applied, start));
            }
            Request::Append { run, reply, .. } => {
                let result = if let Applied::Refused(error) = applied {
                    Err(run.fail(error).clone())
                } else {
                    run.extend_lease(start, self.options.lease);
                    Ok(())
                };
                let _ = reply.send(result);
            }
            Request::Forget { reply, .. } => {
                let _ = reply.send(match applied {
                    Applied::Refused(error) => Err(error),
                    applied => Ok(matches!(applied, Applied::Forgot(true))),
                });
            }
            Request::Release { .. } => {}
        }
    }

    fn own(&mut self, id: RunId, applied: Applied, start: Instant) -> Result<Arc<OwnedRun>, JournalError> {
        match applied {
            Applied::Owned(ownership) => {
                let run = Arc::new(OwnedRun::new(id, ownership));
                run.extend_lease(start, self.options.lease);
                self.owned.insert(ownership.row, Arc::downgrade(&run));
                Ok(run)
            }
            Applied::Refused(error) => Err(error),
            Applied::Written | Applied::Forgot(_) => {
                unreachable!("`apply` returns an ownership for a request to own a run")
            }
        }
    }
}

fn apply(
    owner: &Owner<'_>,
    transaction: &Transaction<'_>,
    request: &Request,
) -> Result<Applied, StatementError> {
    Ok(match request {
        Request::Create { run, .. } => Applied::Owned(owner.create(transaction, run)?),
        Request::TakeOver { run, .. } => Applied::Owned(owner.take_over(transaction, run)?),
        Request::Append { run, records, .. } => {
            if let Some(error) = run.failure() {
                return Err(StatementError::Refused(error.clone()));
            }
            owner.append(transaction, run.ownership, &run.id, records)?;
            Applied::Written
        }
        Request::Release { ownership } => {
            statements::release(transaction, *ownership)?;
            Applied::Written
        }
        Request::Forget { ended_before, .. } => {
            Applied::Forgot(statements::forget_one(transaction, *ended_before)?)
        }
    })
}
