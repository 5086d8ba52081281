//! What is done within one transaction of the writing thread.

use std::path::Path;
use std::time::Duration;

use cascade_core::{JournalError, NewRun, Record, RunChange, RunId, RunState};
use rusqlite::{OptionalExtension, Transaction, params};

use crate::error::SqliteError;
use crate::schema::place;
use crate::{checksum, clock, fault, owner};

/// Who writes.
pub(crate) struct Writer<'a> {
    pub(crate) path: &'a Path,
    pub(crate) name: &'a str,
    pub(crate) lock: &'a str,
    pub(crate) lease: Duration,
}

/// Why a transaction does not do a thing: the one who asked is at fault, or the file is.
pub(crate) enum Refusal {
    /// Only this is refused: the transaction goes on.
    Asked(JournalError),
    /// The whole transaction failed.
    File(rusqlite::Error),
}

impl From<rusqlite::Error> for Refusal {
    fn from(error: rusqlite::Error) -> Self {
        Self::File(error)
    }
}

impl Writer<'_> {
    fn lease_until(&self) -> i64 {
        clock::now().saturating_add(clock::millis(self.lease))
    }

    /// Answers the row of the new run.
    pub(crate) fn create(&self, transaction: &Transaction<'_>, run: &NewRun) -> Result<i64, Refusal> {
        let about = serde_json::to_string(run).map_err(|error| encoding(&error))?;
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
            return Err(Refusal::Asked(JournalError::RunExists { run: run.id.clone() }));
        }
        Ok(transaction.last_insert_rowid())
    }

    /// Answers the row and the new fence.
    pub(crate) fn take_over(
        &self,
        transaction: &Transaction<'_>,
        run: &RunId,
    ) -> Result<(i64, i64), Refusal> {
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
            return Err(Refusal::Asked(JournalError::UnknownRun { run: run.clone() }));
        };
        if let Some((owner, lock)) = owner {
            let left = lease_until - clock::now();
            if left > 0 && owner::is_there(self.path, &lock) {
                let silent = clock::millis(self.lease).saturating_sub(left).max(0);
                let silent_for = Duration::from_millis(silent.cast_unsigned());
                return Err(Refusal::Asked(JournalError::Owned { run: run.clone(), owner, silent_for }));
            }
        }
        let update =
            "UPDATE run SET fence = ?2, owner = ?3, owner_lock = ?4, lease_until = ?5 WHERE row = ?1";
        let values = params![row, fence + 1, self.name, self.lock, self.lease_until()];
        transaction.prepare_cached(update)?.execute(values)?;
        Ok((row, fence + 1))
    }

    /// Writes records, if the run is still owned by the one with that fence. The lease begins anew.
    pub(crate) fn write(
        &self,
        transaction: &Transaction<'_>,
        (row, fence): (i64, i64),
        run: &RunId,
        records: &[Record],
    ) -> Result<(), Refusal> {
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
        let Some(count) = count else { return Err(Refusal::Asked(lost(transaction, row, run)?)) };
        let mut insert =
            transaction.prepare_cached("INSERT INTO record (place, checksum, body) VALUES (?1, ?2, ?3)")?;
        let first = count.cast_unsigned().wrapping_sub(records.len() as u64).wrapping_add(1);
        for (number, record) in (first..).zip(records) {
            let body = serde_json::to_string(record).map_err(|error| encoding(&error))?;
            fault::point("journal-record")?;
            insert.execute(params![place(row, number), checksum::of(&body), body])?;
        }
        Ok(())
    }

    pub(crate) fn renew(
        &self,
        transaction: &Transaction<'_>,
        (row, fence): (i64, i64),
    ) -> rusqlite::Result<bool> {
        let renew = "UPDATE run SET lease_until = ?3 WHERE row = ?1 AND fence = ?2";
        Ok(transaction.prepare_cached(renew)?.execute([row, fence, self.lease_until()])? > 0)
    }
}

pub(crate) fn release(transaction: &Transaction<'_>, (row, fence): (i64, i64)) -> rusqlite::Result<()> {
    let release = "UPDATE run SET owner = NULL, owner_lock = NULL WHERE row = ?1 AND fence = ?2";
    transaction.prepare_cached(release)?.execute([row, fence]).map(drop)
}

/// Forgets the run that ended first, if it ended before that time; answers whether there was one. One at a time, so
/// that writes of other runs do not wait for all.
pub(crate) fn forget_one(transaction: &Transaction<'_>, before: i64) -> rusqlite::Result<bool> {
    let select = "SELECT row FROM run WHERE state IN (?1, ?2) AND updated <= ?3 LIMIT 1";
    let ended = [RunState::Complete.name(), RunState::Incomplete.name()];
    let found: Option<i64> = transaction
        .prepare_cached(select)?
        .query_row(params![ended[0], ended[1], before], |row| row.get(0))
        .optional()?;
    let Some(row) = found else { return Ok(false) };
    let places = [place(row, 0), place(row + 1, 0)];
    transaction.prepare_cached("DELETE FROM record WHERE place >= ?1 AND place < ?2")?.execute(places)?;
    transaction.prepare_cached("DELETE FROM run WHERE row = ?1")?.execute([row])?;
    Ok(true)
}

fn lost(transaction: &Transaction<'_>, row: i64, run: &RunId) -> rusqlite::Result<JournalError> {
    let owner = "SELECT owner FROM run WHERE row = ?1";
    let owner: Option<Option<String>> =
        transaction.prepare_cached(owner)?.query_row([row], |row| row.get(0)).optional()?;
    let owner = owner.flatten().unwrap_or_else(|| String::from("another process, which has ended since"));
    Ok(JournalError::Lost { run: run.clone(), owner })
}

fn encoding(error: &serde_json::Error) -> Refusal {
    Refusal::File(rusqlite::Error::ToSqlConversionFailure(error.to_string().into()))
}

/// The error as those who wait for a write are told.
pub(crate) fn of_file(path: &Path, error: rusqlite::Error) -> JournalError {
    SqliteError::of(path, error).into()
}
