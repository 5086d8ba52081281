//! The statements of the writer thread. Each runs inside a transaction of the thread.

use std::path::Path;
use std::time::Duration;

use cascade_core::{JournalError, NewRun, Record, RunChange, RunId, RunState};
use rusqlite::{OptionalExtension, Transaction, params};

use crate::owned_run::Ownership;
use crate::record_key::record_key;
use crate::{checksum, clock, fault, owner_lock};

/// The process that writes, as the file describes it.
pub(crate) struct Owner<'a> {
    pub(crate) path: &'a Path,
    pub(crate) name: &'a str,
    /// The token of its lock file.
    pub(crate) lock: &'a str,
    pub(crate) lease: Duration,
}

/// Why a request was not applied.
pub(crate) enum StatementError {
    /// The request is invalid; the transaction continues without it.
    Refused(JournalError),
    /// SQLite failed; the transaction is rolled back.
    Sqlite(rusqlite::Error),
}

impl From<rusqlite::Error> for StatementError {
    fn from(error: rusqlite::Error) -> Self {
        Self::Sqlite(error)
    }
}

impl Owner<'_> {
    fn lease_until(&self) -> i64 {
        clock::now().saturating_add(clock::millis(self.lease))
    }

    /// Adds a run, owned by this process.
    pub(crate) fn create(
        &self,
        transaction: &Transaction<'_>,
        run: &NewRun,
    ) -> Result<Ownership, StatementError> {
        let about = serde_json::to_string(run).map_err(encoding)?;
        let insert = "INSERT INTO run
            (id, about, state, instances, created, updated, owner, owner_lock, lease_until, fence, checksum)
            VALUES (?1, ?2, ?3, ?4, ?5, ?5, ?6, ?7, ?8, 1, ?9)
            ON CONFLICT (id) DO NOTHING";
        let state = RunState::Preparing.name();
        let instances = run.instances.cast_signed();
        let values = params![
            run.id.as_str(),
            about,
            state,
            instances,
            clock::now(),
            self.name,
            self.lock,
            self.lease_until(),
            checksum::of(&about)
        ];
        if transaction.prepare_cached(insert)?.execute(values)? == 0 {
            return Err(StatementError::Refused(JournalError::RunExists { run: run.id.clone() }));
        }
        Ok(Ownership { row: transaction.last_insert_rowid(), fence: 1 })
    }

    /// Makes this process the owner of a run that has no live owner.
    pub(crate) fn take_over(
        &self,
        transaction: &Transaction<'_>,
        run: &RunId,
    ) -> Result<Ownership, StatementError> {
        let select = "SELECT row, fence, owner, owner_lock, lease_until FROM run WHERE id = ?1";
        let found = transaction
            .prepare_cached(select)?
            .query_row([run.as_str()], |row| {
                let owner: Option<(String, String)> =
                    row.get::<_, Option<String>>(2)?.zip(row.get::<_, Option<String>>(3)?);
                Ok((row.get::<_, i64>(0)?, row.get::<_, i64>(1)?, owner, row.get::<_, i64>(4)?))
            })
            .optional()?;
        let Some((row, fence, owner, lease_until)) = found else {
            return Err(StatementError::Refused(JournalError::UnknownRun { run: run.clone() }));
        };
        if let Some((owner, lock)) = owner {
            let left = lease_until - clock::now();
            if left > 0 && owner_lock::is_alive(self.path, &lock) {
                let silent = clock::millis(self.lease).saturating_sub(left).max(0);
                let silent_for = Duration::from_millis(silent.cast_unsigned());
                return Err(StatementError::Refused(JournalError::Owned {
                    run: run.clone(),
                    owner,
                    silent_for,
                }));
            }
        }
        let update =
            "UPDATE run SET fence = ?2, owner = ?3, owner_lock = ?4, lease_until = ?5 WHERE row = ?1";
        let values = params![row, fence + 1, self.name, self.lock, self.lease_until()];
        transaction.prepare_cached(update)?.execute(values)?;
        Ok(Ownership { row, fence: fence + 1 })
    }

    /// Appends records if the fence is still current. Renews the lease.
    pub(crate) fn append(
        &self,
        transaction: &Transaction<'_>,
        Ownership { row, fence }: Ownership,
        run: &RunId,
        records: &[Record],
    ) -> Result<(), StatementError> {
        let change = RunChange::of(records);
        let update = "UPDATE run SET
                state = coalesce(?3, state),
                instances = coalesce(?4, instances),
                ended = CASE WHEN ?4 IS NULL THEN ended ELSE 0 END + ?5,
                failed = CASE WHEN ?4 IS NULL THEN failed ELSE 0 END + ?6,
                confirmed_by = coalesce(?7, confirmed_by),
                takeovers = takeovers + ?8,
                updated = CASE WHEN ?9 THEN ?10 ELSE updated END,
                lease_until = ?11,
                records = records + ?12
            WHERE row = ?1 AND fence = ?2 AND id = ?13
            RETURNING records";
        let values = params![
            row,
            fence,
            change.state.map(RunState::name),
            change.planned.map(u64::cast_signed),
            change.ended.cast_signed(),
            change.failed.cast_signed(),
            change.confirmed_by,
            change.resumed,
            !records.is_empty(),
            clock::now(),
            self.lease_until(),
            (records.len() as u64).cast_signed(),
            run.as_str()
        ];
        let mut update = transaction.prepare_cached(update)?;
        let count: Option<i64> = update.query_row(values, |row| row.get(0)).optional()?;
        let Some(count) = count else { return Err(StatementError::Refused(lost(transaction, row, run)?)) };
        let mut insert =
            transaction.prepare_cached("INSERT INTO record (place, checksum, body) VALUES (?1, ?2, ?3)")?;
        let first = count.cast_unsigned().wrapping_sub(records.len() as u64).wrapping_add(1);
        for (position, record) in (first..).zip(records) {
            let body = serde_json::to_string(record).map_err(encoding)?;
            fault::point("journal-record")?;
            insert.execute(params![record_key(row, position), checksum::of(&body), body])?;
        }
        Ok(())
    }

    /// Renews the lease if the fence is still current. Returns whether it is.
    pub(crate) fn renew(
        &self,
        transaction: &Transaction<'_>,
        Ownership { row, fence }: Ownership,
    ) -> rusqlite::Result<bool> {
        let renew = "UPDATE run SET lease_until = ?3 WHERE row = ?1 AND fence = ?2";
        Ok(transaction.prepare_cached(renew)?.execute([row, fence, self.lease_until()])? > 0)
    }
}

/// Gives a run up if the fence is still current.
pub(crate) fn release(
    transaction: &Transaction<'_>,
    Ownership { row, fence }: Ownership,
) -> rusqlite::Result<()> {
    let release = "UPDATE run SET owner = NULL, owner_lock = NULL WHERE row = ?1 AND fence = ?2";
    transaction.prepare_cached(release)?.execute([row, fence]).map(drop)
}

/// Removes one run that ended before a time. Returns whether there was one. It removes only one, so that the writes of
/// other runs do not wait for long.
pub(crate) fn forget_one(transaction: &Transaction<'_>, ended_before: i64) -> rusqlite::Result<bool> {
    let select = "SELECT row FROM run WHERE state IN (?1, ?2) AND updated <= ?3 LIMIT 1";
    let ended = [RunState::Complete.name(), RunState::Incomplete.name()];
    let found: Option<i64> = transaction
        .prepare_cached(select)?
        .query_row(params![ended[0], ended[1], ended_before], |row| row.get(0))
        .optional()?;
    let Some(row) = found else { return Ok(false) };
    let keys = [record_key(row, 0), record_key(row + 1, 0)];
    transaction.prepare_cached("DELETE FROM record WHERE place >= ?1 AND place < ?2")?.execute(keys)?;
    transaction.prepare_cached("DELETE FROM run WHERE row = ?1")?.execute([row])?;
    Ok(true)
}

/// The error of an owner whose fence is outdated.
fn lost(transaction: &Transaction<'_>, row: i64, run: &RunId) -> rusqlite::Result<JournalError> {
    let owner = "SELECT owner FROM run WHERE row = ?1";
    let owner: Option<Option<String>> =
        transaction.prepare_cached(owner)?.query_row([row], |row| row.get(0)).optional()?;
    let owner =
        owner.flatten().unwrap_or_else(|| String::from("another process, which has released it since"));
    Ok(JournalError::Lost { run: run.clone(), owner })
}

fn encoding(error: serde_json::Error) -> StatementError {
    StatementError::Sqlite(rusqlite::Error::ToSqlConversionFailure(error.into()))
}
