//! The schema, version by version.

use std::path::Path;

use rusqlite::{Connection, OpenFlags, TransactionBehavior};

use crate::error::SqliteError;
use crate::options::{Options, Synchronous};

/// Written into the file's header, so that another program's database is not taken for a journal.
const APPLICATION_ID: i32 = 0x0CA5_CADE;

/// What brings the file from each version to the next: the first from nothing to version 1. Only ever added to.
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
    // Retention asks for what has ended, by age.
    "CREATE INDEX run_by_state ON run (state, updated);",
    // Records of a run are numbered without a gap, and the run knows how many there are: what is missing is seen. Their
    // place is made of the run and the number, so that they lie side by side and need no index.
    // And what the run is about has a checksum, as each record has; older runs have none.
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

/// The place of a record: each run has room for four billion.
pub(crate) const fn place(row: i64, number: u64) -> i64 {
    (row << 32).wrapping_add(number.cast_signed())
}

/// Opens a connection. `create` is for the one that writes: it brings the schema up to date.
pub(crate) fn connect(path: &Path, options: &Options, create: bool) -> Result<Connection, SqliteError> {
    let create_flag = if create { OpenFlags::SQLITE_OPEN_CREATE } else { OpenFlags::empty() };
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX | create_flag;
    let of = |error| SqliteError::of(path, error);
    let mut connection = Connection::open_with_flags(path, flags).map_err(of)?;
    if connection.is_readonly(rusqlite::MAIN_DB).map_err(of)? {
        return Err(SqliteError::ReadOnly { path: path.to_owned() });
    }
    set_up(&connection, options).map_err(of)?;
    if create {
        migrate(&mut connection, path, MIGRATIONS)?;
    }
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
        // This one answers with a row, where the others do not.
        connection.pragma_update_and_check(None, "max_page_count", pages, |_| Ok(()))?;
    }
    Ok(())
}

fn migrate(connection: &mut Connection, path: &Path, migrations: &[&str]) -> Result<(), SqliteError> {
    let of = |error| SqliteError::of(path, error);
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate).map_err(of)?;
    let pragma = |name| transaction.pragma_query_value(None, name, |row| row.get::<_, i32>(0)).map_err(of);
    let (application, found) = (pragma("application_id")?, pragma("user_version")?);
    let tables = transaction.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get::<_, i64>(0));
    let is_new = application == 0 && found == 0 && tables.map_err(of)? == 0;
    if !is_new && application != APPLICATION_ID {
        return Err(SqliteError::NotAJournal { path: path.to_owned() });
    }
    let known = i32::try_from(migrations.len()).unwrap_or(i32::MAX);
    if found > known {
        return Err(SqliteError::NewerSchema { path: path.to_owned(), found, known });
    }
    for migration in migrations.iter().skip(usize::try_from(found).unwrap_or_default()) {
        transaction.execute_batch(migration).map_err(of)?;
    }
    transaction.pragma_update(None, "application_id", APPLICATION_ID).map_err(of)?;
    transaction.pragma_update(None, "user_version", known).map_err(of)?;
    transaction.commit().map_err(of)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(migrations: usize) -> Result<(tempfile::TempDir, std::path::PathBuf), SqliteError> {
        let source = |source| SqliteError::Lock { path: std::path::PathBuf::new(), source };
        let directory = tempfile::tempdir().map_err(source)?;
        let path = directory.path().join("runs.db");
        let mut connection = Connection::open(&path).map_err(|error| SqliteError::of(&path, error))?;
        migrate(&mut connection, &path, &MIGRATIONS[..migrations])?;
        Ok((directory, path))
    }

    #[test]
    fn every_older_version_opens() -> Result<(), SqliteError> {
        for version in 0..=MIGRATIONS.len() {
            let (_directory, path) = file(version)?;
            let connection = connect(&path, &Options::default(), true)?;
            let there = "SELECT count(*) FROM sqlite_schema WHERE name IN ('run', 'record', 'run_by_state')";
            let count = connection.query_row(there, [], |row| row.get::<_, i64>(0));
            assert_eq!(count.map_err(|error| SqliteError::of(&path, error))?, 3, "from version {version}");
        }
        Ok(())
    }

    /// Two runs whose records were written by turns, as a file of that version has them.
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
            connection.execute(insert, (1 + number % 2, crate::checksum::of(&body), body))?;
        }
        Ok(())
    }

    #[test]
    fn what_older_versions_wrote_is_read() -> Result<(), Box<dyn std::error::Error>> {
        for version in 1..3 {
            let (_directory, path) = file(version)?;
            fill(&Connection::open(&path)?)?;
            let connection = connect(&path, &Options::default(), true)?;
            for (run, expected) in [("a", vec![0, 2, 4, 6]), ("b", vec![1, 3, 5])] {
                let records =
                    crate::read::records(&connection, &path, &cascade_core::RunId::from(run), 0, 100)?;
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
    fn a_newer_version_is_refused_with_words() -> Result<(), SqliteError> {
        let (_directory, path) = file(MIGRATIONS.len())?;
        let connection = connect(&path, &Options::default(), true)?;
        connection.pragma_update(None, "user_version", 9).map_err(|error| SqliteError::of(&path, error))?;
        let words = connect(&path, &Options::default(), true).err().map(|error| error.to_string());
        let known = MIGRATIONS.len();
        let expected = format!(
            "the journal {} has schema version 9, and this program knows up to {known}: use a newer program",
            path.display()
        );
        assert_eq!(words, Some(expected));
        Ok(())
    }
}
