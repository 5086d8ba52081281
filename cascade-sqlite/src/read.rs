//! The queries. They run on connections of their own, beside the writer thread.

use std::path::Path;

use cascade_core::{JournalError, NewRun, Record, RunId, RunInfo, RunState};
use rusqlite::{Connection, OptionalExtension, Row, params};

use crate::error::SqliteError;
use crate::record_key::record_key;
use crate::{checksum, clock, owner_lock};

const SELECT_RUN: &str =
    "SELECT about, state, instances, ended, failed, confirmed_by, created, updated, takeovers,
    owner, owner_lock, lease_until, id, checksum FROM run";

pub(crate) fn runs(connection: &Connection, path: &Path) -> Result<Vec<RunInfo>, JournalError> {
    let file_error = |error| JournalError::from(SqliteError::from_sqlite(path, error));
    let mut statement =
        connection.prepare_cached(&format!("{SELECT_RUN} ORDER BY row")).map_err(file_error)?;
    let rows = statement.query_map([], |row| RunRow::from_row(path, row)).map_err(file_error)?;
    rows.map(|row| row.map_err(file_error).and_then(RunRow::into_info)).collect()
}

pub(crate) fn run(connection: &Connection, path: &Path, run: &RunId) -> Result<RunInfo, JournalError> {
    let file_error = |error| JournalError::from(SqliteError::from_sqlite(path, error));
    let mut statement =
        connection.prepare_cached(&format!("{SELECT_RUN} WHERE id = ?1")).map_err(file_error)?;
    let row = statement.query_row([run.as_str()], |row| RunRow::from_row(path, row)).optional();
    row.map_err(file_error)?.ok_or_else(|| JournalError::UnknownRun { run: run.clone() })?.into_info()
}

/// A row of the table `run`, before its values are checked.
struct RunRow {
    id: RunId,
    about: String,
    state: String,
    instances: u64,
    ended: u64,
    failed: u64,
    confirmed_by: Option<String>,
    created: u64,
    updated: u64,
    takeovers: u64,
    owner: Option<String>,
    /// The checksum of `about`. Runs of schema versions before 3 have none.
    checksum: Option<i64>,
}

impl RunRow {
    /// `owner` is set only while the owner's lease and process last.
    fn from_row(path: &Path, row: &Row<'_>) -> rusqlite::Result<Self> {
        let number = |column| row.get::<_, i64>(column).map(i64::cast_unsigned);
        let lock: Option<String> = row.get(10)?;
        let is_owned = row.get::<_, i64>(11)? > clock::now()
            && lock.is_some_and(|token| owner_lock::is_alive(path, &token));
        Ok(Self {
            about: row.get(0)?,
            state: row.get(1)?,
            instances: number(2)?,
            ended: number(3)?,
            failed: number(4)?,
            confirmed_by: row.get(5)?,
            created: number(6)?,
            updated: number(7)?,
            takeovers: number(8)?,
            owner: row.get::<_, Option<String>>(9)?.filter(|_| is_owned),
            id: RunId::from(row.get::<_, String>(12)?),
            checksum: row.get(13)?,
        })
    }

    fn into_info(self) -> Result<RunInfo, JournalError> {
        let unreadable = |what: String| JournalError::Unreadable { run: self.id.clone(), position: 0, what };
        if self.checksum.is_some_and(|sum| checksum::of(&self.about) != sum) {
            return Err(unreadable(String::from("its checksum is wrong: the file is damaged")));
        }
        let run: NewRun = serde_json::from_str(&self.about).map_err(|error| unreadable(error.to_string()))?;
        if run.id != self.id {
            return Err(unreadable(format!("it belongs to run {}: the file is damaged", run.id)));
        }
        let state = RunState::named(&self.state).ok_or_else(|| {
            unreadable(format!("its state `{}` is unknown: the file is damaged", self.state))
        })?;
        let mut info = RunInfo::new(run, self.owner);
        info.run.instances = self.instances;
        info.state = state;
        info.ended = self.ended;
        info.failed = self.failed;
        info.confirmed_by = self.confirmed_by;
        info.created = self.created;
        info.updated = self.updated;
        info.takeovers = self.takeovers;
        Ok(info)
    }
}

/// At most `limit` records after the position `after`.
pub(crate) fn records(
    connection: &Connection,
    path: &Path,
    run: &RunId,
    after: u64,
    limit: usize,
) -> Result<Vec<(u64, Record)>, JournalError> {
    let file_error = |error| JournalError::from(SqliteError::from_sqlite(path, error));
    // One transaction, so that the number of records and the records are of the same moment.
    let transaction = connection.unchecked_transaction().map_err(file_error)?;
    let select = "SELECT row, records FROM run WHERE id = ?1";
    let found = transaction.prepare_cached(select).and_then(|mut select| {
        select.query_row([run.as_str()], |row| Ok((row.get(0)?, row.get(1)?))).optional()
    });
    let found: Option<(i64, i64)> = found.map_err(file_error)?;
    let Some((row, count)) = found else { return Ok(Vec::new()) };
    let select =
        "SELECT place, checksum, body FROM record WHERE place > ?1 AND place < ?2 ORDER BY place LIMIT ?3";
    let mut statement = transaction.prepare_cached(select).map_err(file_error)?;
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let rows = statement.query_map(params![record_key(row, after), record_key(row + 1, 0), limit], |row| {
        Ok((row.get::<_, i64>(0)?, row.get::<_, i64>(1)?, row.get::<_, String>(2)?))
    });
    let mut records = Vec::new();
    let mut last = after;
    for found in rows.map_err(file_error)? {
        let (key, sum, body) = found.map_err(file_error)?;
        let position = last + 1;
        let unreadable = |what: String| JournalError::Unreadable { run: run.clone(), position, what };
        if key != record_key(row, position) {
            return Err(unreadable(String::from("the record is missing: the file is damaged")));
        }
        if checksum::of(&body) != sum {
            return Err(unreadable(String::from("its checksum is wrong: the file is damaged")));
        }
        records.push((position, serde_json::from_str(&body).map_err(|error| unreadable(error.to_string()))?));
        last = position;
    }
    if records.len() < limit.cast_unsigned() as usize && last != count.cast_unsigned() {
        let what = format!("the run has {count} records, but only {last} were found: the file is damaged");
        return Err(JournalError::Unreadable { run: run.clone(), position: last + 1, what });
    }
    Ok(records)
}
