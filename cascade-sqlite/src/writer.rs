//! The writing thread: what comes in while it waits for the disk shares the next transaction.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::sync::{Arc, OnceLock, Weak};
use std::time::{Duration, Instant};

use cascade_core::{JournalError, NewRun, Record, RunId};
use rusqlite::{Connection, Transaction, TransactionBehavior};
use tokio::sync::oneshot;

use crate::error::SqliteError;
use crate::fault;
use crate::options::{Options, Synchronous};
use crate::owner::OwnerLock;
use crate::statements::{self, Refusal, Writer, of_file};

/// Orders in one transaction, at most: a bound on what waits for its end.
const MOST_ORDERS: usize = 1000;

/// Something to write, and who waits for it.
pub(crate) enum Order {
    Create { run: NewRun, answer: Answer<Arc<Owned>> },
    TakeOver { run: RunId, answer: Answer<Arc<Owned>> },
    Write { log: Arc<Owned>, records: Vec<Record>, answer: Answer<()> },
    Release { row: i64, fence: i64 },
    Forget { before: i64, answer: Answer<bool> },
}

pub(crate) type Answer<T> = oneshot::Sender<Result<T, JournalError>>;

/// A run that this process owns, or owned.
#[derive(Debug)]
pub(crate) struct Owned {
    pub(crate) run: RunId,
    pub(crate) row: i64,
    pub(crate) fence: i64,
    /// Until when the lease holds, in milliseconds since `since`.
    until: AtomicU64,
    since: Instant,
    /// The first write that failed: behind the gap it leaves, records mean nothing.
    broken: OnceLock<JournalError>,
}

impl Owned {
    fn new(run: RunId, row: i64, fence: i64) -> Self {
        let (until, broken) = (AtomicU64::new(0), OnceLock::new());
        Self { run, row, fence, until, since: Instant::now(), broken }
    }

    /// `from` is a moment before the lease was written: the owner takes it for shorter than others do.
    fn extend(&self, from: Instant, lease: Duration) {
        let until = (from + lease).saturating_duration_since(self.since);
        self.until.store(until.as_millis() as u64, Ordering::Release);
    }

    pub(crate) fn is_held(&self) -> bool {
        let now = self.since.elapsed().as_millis() as u64;
        self.broken.get().is_none() && now < self.until.load(Ordering::Acquire)
    }
}

/// What came of an order in a transaction that is not durable yet.
enum Carried {
    /// The run has this row and this fence.
    Owns(i64, i64),
    Written,
    Forgot(bool),
    /// Only this order is refused.
    Refused(JournalError),
}

pub(crate) struct WriterThread {
    pub(crate) path: PathBuf,
    pub(crate) options: Options,
    pub(crate) connection: Connection,
    pub(crate) lock: OwnerLock,
    /// The runs whose leases are to be renewed.
    pub(crate) owned: HashMap<i64, Weak<Owned>>,
    /// Whether the next transaction is synced.
    pub(crate) syncs: bool,
}

impl WriterThread {
    /// Writes until nobody can order anything any more.
    pub(crate) fn run(mut self, orders: &Receiver<Order>) {
        let beat = self.options.lease / 3;
        let mut next_beat = Instant::now() + beat;
        loop {
            let mut batch = Vec::new();
            match orders.recv_timeout(next_beat.saturating_duration_since(Instant::now())) {
                Ok(order) => batch.push(order),
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => return,
            }
            batch.extend(orders.try_iter().take(MOST_ORDERS));
            let renews = Instant::now() >= next_beat;
            if renews {
                next_beat = Instant::now() + beat;
                self.owned.retain(|_, owned| owned.strong_count() > 0);
            }
            if !batch.is_empty() || (renews && !self.owned.is_empty()) {
                self.write(batch, renews);
            }
        }
    }

    /// Carries out a batch, all of it durable together, and then answers.
    fn write(&mut self, batch: Vec<Order>, renews: bool) {
        let before = Instant::now();
        match self.transact(&batch, renews) {
            Ok((carried, renewed)) => {
                for owned in renewed {
                    owned.extend(before, self.options.lease);
                }
                for (order, carried) in batch.into_iter().zip(carried) {
                    self.answer(order, carried, before);
                }
            }
            Err(error) => {
                let error = of_file(&self.path, error);
                for order in batch {
                    self.answer(order, Carried::Refused(error.clone()), before);
                }
            }
        }
    }

    /// One transaction: what came of each order, and the runs whose leases were renewed.
    fn transact(
        &mut self,
        batch: &[Order],
        renews: bool,
    ) -> rusqlite::Result<(Vec<Carried>, Vec<Arc<Owned>>)> {
        self.set_sync(batch.iter().any(Order::is_waited_for))?;
        let Self { path, options, connection, lock, owned, .. } = self;
        let writer = Writer { path, name: &options.owner, lock: &lock.token, lease: options.lease };
        fault::point("journal-begin")?;
        let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let mut carried = Vec::with_capacity(batch.len());
        for order in batch {
            carried.push(match carry_out(&writer, &transaction, order) {
                Ok(carried) => carried,
                Err(Refusal::Asked(error)) => {
                    order.break_log(&error);
                    Carried::Refused(error)
                }
                Err(Refusal::File(error)) => return Err(error),
            });
        }
        let mut renewed = Vec::new();
        for owned in owned.values().filter(|_| renews).filter_map(Weak::upgrade) {
            if writer.renew(&transaction, (owned.row, owned.fence))? {
                renewed.push(owned);
            }
        }
        fault::point("journal-commit")?;
        transaction.commit()?;
        fault::point("journal-committed")?;
        Ok((carried, renewed))
    }

    /// A transaction is synced if somebody waits for a record in it. One that is not is written all the same, and outlives
    /// the process; the next sync takes it along.
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

    /// Tells who ordered it. Who does not wait any more need not be told.
    fn answer(&mut self, order: Order, carried: Carried, before: Instant) {
        match order {
            Order::Create { run: NewRun { id: run, .. }, answer } | Order::TakeOver { run, answer } => {
                let _ = answer.send(self.own(run, carried, before));
            }
            Order::Write { log, answer, .. } => {
                let answered = if let Carried::Refused(error) = carried {
                    Err(log.broken.get_or_init(|| error).clone())
                } else {
                    log.extend(before, self.options.lease);
                    Ok(())
                };
                let _ = answer.send(answered);
            }
            Order::Forget { answer, .. } => {
                let _ = answer.send(match carried {
                    Carried::Refused(error) => Err(error),
                    carried => Ok(matches!(carried, Carried::Forgot(true))),
                });
            }
            Order::Release { .. } => {}
        }
    }

    fn own(&mut self, run: RunId, carried: Carried, before: Instant) -> Result<Arc<Owned>, JournalError> {
        match carried {
            Carried::Owns(row, fence) => {
                let owned = Arc::new(Owned::new(run, row, fence));
                owned.extend(before, self.options.lease);
                self.owned.insert(row, Arc::downgrade(&owned));
                Ok(owned)
            }
            Carried::Refused(error) => Err(error),
            Carried::Written | Carried::Forgot(_) => {
                Err(SqliteError::Closed { path: self.path.clone() }.into())
            }
        }
    }
}

impl Order {
    /// Whether somebody waits until it survives the loss of power. Nobody does for the beginning of a step, and who owns a
    /// run is of no interest when all processes are gone.
    fn is_waited_for(&self) -> bool {
        matches!(self, Self::Write { records, answer, .. } if !records.is_empty() && !answer.is_closed())
    }

    /// Nothing more is written by the log of this order.
    fn break_log(&self, error: &JournalError) {
        if let Self::Write { log, .. } = self {
            log.broken.get_or_init(|| error.clone());
        }
    }
}

fn carry_out(writer: &Writer<'_>, transaction: &Transaction<'_>, order: &Order) -> Result<Carried, Refusal> {
    Ok(match order {
        Order::Create { run, .. } => Carried::Owns(writer.create(transaction, run)?, 1),
        Order::TakeOver { run, .. } => {
            let (row, fence) = writer.take_over(transaction, run)?;
            Carried::Owns(row, fence)
        }
        Order::Write { log, records, .. } => {
            if let Some(error) = log.broken.get() {
                return Err(Refusal::Asked(error.clone()));
            }
            writer.write(transaction, (log.row, log.fence), &log.run, records)?;
            Carried::Written
        }
        Order::Release { row, fence } => {
            statements::release(transaction, (*row, *fence))?;
            Carried::Written
        }
        Order::Forget { before, .. } => Carried::Forgot(statements::forget_one(transaction, *before)?),
    })
}
