//! The schema of the file, and its migrations.

use std::path::Path;

use rusqlite::{Connection, OpenFlags, TransactionBehavior};

use crate::error::SqliteError;
use crate::options::{Options, Synchronous};

/// Identifies the file as a journal: stored in its header, so that the database of another program is refused.
const APPLICATION_ID: i32 = 0x0CA5_CADE;

/// Migration `n` (from 0) brings the file from schema version `n` to `n + 1`. Append only: existing files depend on them.
const MIGRATIONS: &[&str] = &[
    "CREATE TABLE run (
        row INTEGER PRIMARY KEY,
        id TEXT NOT NULL UNIQUE,
        about TEXT NOT NULL,
        state TEXT NOT NULL,
        instances INTEGER NOT NULL,
        ended INTEGER NOT NULL DEFAULT 0,
        failed INTEGER NOT NULL DEFAULT 0,
        confirmed_by TEXT,
        created INTEGER NOT NULL,
        updated INTEGER NOT NULL,
        takeovers INTEGER NOT NULL DEFAULT 0,
        owner TEXT,
        owner_lock TEXT,
        lease_until INTEGER NOT NULL,
        fence INTEGER NOT NULL
    ) STRICT;
    CREATE TABLE record (
        position INTEGER PRIMARY KEY,
        run INTEGER NOT NULL REFERENCES run (row),
        checksum INTEGER NOT NULL,
        body TEXT NOT NULL
    ) STRICT;
    CREATE INDEX record_by_run ON record (run);",
    // `forget_ended` selects ended runs by age.
    "CREATE INDEX run_by_state ON run (state, updated);",
    // The positions of a run's records have no gaps, and the run stores their number, so that a missing record is detected.
    // `place` is the record's key, see `record_key`. The column `about` gets a checksum; runs of older versions have none.
    "ALTER TABLE run ADD COLUMN records INTEGER NOT NULL DEFAULT 0;
    ALTER TABLE run ADD COLUMN checksum INTEGER;
    CREATE TABLE record_by_number (
        place INTEGER PRIMARY KEY,
        checksum INTEGER NOT NULL,
        body TEXT NOT NULL
    ) STRICT;
    INSERT INTO record_by_number
        SELECT (run << 32) + row_number() OVER (PARTITION BY run ORDER BY position), checksum, body
        FROM record ORDER BY run, position;
    UPDATE run SET records = (SELECT count(*) FROM record WHERE record.run = run.row);
    DROP TABLE record;
    ALTER TABLE record_by_number RENAME TO record;",
];

/// Opens the file for the writer thread. Creates it, or migrates it, if necessary.
pub(crate) fn open_or_create(path: &Path, options: &Options) -> Result<Connection, SqliteError> {
    let mut connection = connect(path, options, OpenFlags::SQLITE_OPEN_CREATE)?;
    migrate(&mut connection, path, MIGRATIONS)?;
    Ok(connection)
}

/// Opens a file that the writer thread has already created and migrated.
pub(crate) fn open_existing(path: &Path, options: &Options) -> Result<Connection, SqliteError> {
    connect(path, options, OpenFlags::empty())
}

fn connect(path: &Path, options: &Options, create: OpenFlags) -> Result<Connection, SqliteError> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX | create;
    let file_error = |error| SqliteError::from_sqlite(path, error);
    let connection = Connection::open_with_flags(path, flags).map_err(file_error)?;
    // SQLite opens a file without write permission as read-only, and reports that only at the first write.
    if connection.is_readonly(rusqlite::MAIN_DB).map_err(file_error)? {
        return Err(SqliteError::ReadOnly { path: path.to_owned() });
    }
    set_up(&connection, options).map_err(file_error)?;
    Ok(connection)
}

fn set_up(connection: &Connection, options: &Options) -> rusqlite::Result<()> {
    connection.busy_timeout(options.busy_timeout)?;
    connection.pragma_update(None, "journal_mode", "WAL")?;
    let synchronous = match options.synchronous {
        Synchronous::Full => "FULL",
        Synchronous::Normal => "NORMAL",
    };
    connection.pragma_update(None, "synchronous", synchronous)?;
    if let Some(pages) = options.max_pages {
        // This pragma returns a row; the others do not.
        connection.pragma_update_and_check(None, "max_page_count", pages, |_| Ok(()))?;
    }
    Ok(())
}

fn migrate(connection: &mut Connection, path: &Path, migrations: &[&str]) -> Result<(), SqliteError> {
    let file_error = |error| SqliteError::from_sqlite(path, error);
    let transaction =
        connection.transaction_with_behavior(TransactionBehavior::Immediate).map_err(file_error)?;
    let pragma =
        |name| transaction.pragma_query_value(None, name, |row| row.get::<_, i32>(0)).map_err(file_error);
    let (application, found) = (pragma("application_id")?, pragma("user_version")?);
    let tables = transaction.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get::<_, i64>(0));
    let is_new = application == 0 && found == 0 && tables.map_err(file_error)? == 0;
    if !is_new && application != APPLICATION_ID {
        return Err(SqliteError::NotAJournal { path: path.to_owned() });
    }
    let known = i32::try_from(migrations.len()).unwrap_or(i32::MAX);
    if found > known {
        return Err(SqliteError::NewerSchema { path: path.to_owned(), found, known });
    }
    for migration in migrations.iter().skip(usize::try_from(found).unwrap_or_default()) {
        transaction.execute_batch(migration).map_err(file_error)?;
    }
    transaction.pragma_update(None, "application_id", APPLICATION_ID).map_err(file_error)?;
    transaction.pragma_update(None, "user_version", known).map_err(file_error)?;
    transaction.commit().map_err(file_error)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{checksum, read};

    type Result = std::result::Result<(), Box<dyn std::error::Error>>;

    /// A file with the schema of an older version.
    struct OldFile {
        _directory: tempfile::TempDir,
        path: std::path::PathBuf,
        connection: Connection,
    }

    fn old_file(version: usize) -> std::result::Result<OldFile, Box<dyn std::error::Error>> {
        let directory = tempfile::tempdir()?;
        let path = directory.path().join("runs.db");
        let mut connection = Connection::open(&path)?;
        migrate(&mut connection, &path, &MIGRATIONS[..version])?;
        Ok(OldFile { _directory: directory, path, connection })
    }

    #[test]
    fn opening_migrates_every_older_version() -> Result {
        for version in 0..=MIGRATIONS.len() {
            let file = old_file(version)?;
            let connection = open_or_create(&file.path, &Options::default())?;
            let tables = "SELECT count(*) FROM sqlite_schema WHERE name IN ('run', 'record', 'run_by_state')";
            let count: i64 = connection.query_row(tables, [], |row| row.get(0))?;
            assert_eq!(count, 3, "from version {version}");
        }
        Ok(())
    }

    /// Adds the runs `a` and `b` with alternating records, in the schema before version 3.
    fn fill(connection: &Connection) -> rusqlite::Result<()> {
        for (row, id) in [(1, "a"), (2, "b")] {
            let insert =
                "INSERT INTO run (row, id, about, state, instances, created, updated, lease_until, fence)
                VALUES (?1, ?2, '', 'unfinished', 3, 0, 0, 0, 1)";
            connection.execute(insert, (row, id))?;
        }
        for number in 0..7 {
            let body = format!(
                r#"{{"record":"block","parent":"A","child":"B","parents":[{number}],"children":[]}}"#
            );
            let insert = "INSERT INTO record (run, checksum, body) VALUES (?1, ?2, ?3)";
            connection.execute(insert, (1 + number % 2, checksum::of(&body), body))?;
        }
        Ok(())
    }

    #[test]
    fn migration_keeps_records_in_order() -> Result {
        for version in 1..3 {
            let file = old_file(version)?;
            fill(&file.connection)?;
            let connection = open_or_create(&file.path, &Options::default())?;
            for (run, expected) in [("a", vec![0, 2, 4, 6]), ("b", vec![1, 3, 5])] {
                let records = read::records(&connection, &file.path, &run.into(), 0, 100)?;
                let found: Vec<(u64, u32)> = records
                    .iter()
                    .map(|(position, record)| match record {
                        cascade_core::Record::Block(block) => (*position, block.parents[0]),
                        other => panic!("{other:?}"),
                    })
                    .collect();
                let expected: Vec<(u64, u32)> = (1..).zip(expected).collect();
                assert_eq!(found, expected, "from version {version}");
            }
        }
        Ok(())
    }

    #[test]
    fn newer_version_is_refused() -> Result {
        let file = old_file(MIGRATIONS.len())?;
        file.connection.pragma_update(None, "user_version", 9)?;
        let error = open_or_create(&file.path, &Options::default()).err().map(|error| error.to_string());
        let known = MIGRATIONS.len();
        let expected = format!(
            "the journal {} has schema version 9, but this program reads versions up to {known}: use a newer program",
            file.path.display()
        );
        assert_eq!(error, Some(expected));
        Ok(())
    }
}
