//! The journal: its records, its owners, and faults of its file.

use std::path::{Path, PathBuf};
use std::time::Duration;

use cascade_core::{Journal, NewRun, Phase, Record, RunId, RunState, StepBegun};
use cascade_sqlite::{Options, SqliteJournal};
use rusqlite::Connection;
use tempfile::TempDir;

/// Longer than any test: with this lease, the clock has no influence.
const DAY: Duration = Duration::from_secs(24 * 60 * 60);

type Result<T = ()> = std::result::Result<T, Box<dyn std::error::Error>>;

fn file() -> Result<(TempDir, PathBuf)> {
    let directory = tempfile::tempdir()?;
    let path = directory.path().join("runs.db");
    Ok((directory, path))
}

fn new_run(id: &str) -> NewRun {
    NewRun::new(RunId::from(id), "delete", "Zone")
}

fn step(number: u32) -> Record {
    let (resource, effect) = (String::from("VmInstance"), String::from("destroy"));
    Record::StepBegun(StepBegun { phase: Phase::Effect, resource, effect, instances: vec![number] })
}

fn message<T, E: std::error::Error>(result: std::result::Result<T, E>) -> String {
    result.err().map_or_else(|| String::from("no error"), |error| error.to_string())
}

async fn records_of(journal: &SqliteJournal, run: &str) -> Result<Vec<Record>> {
    let run = RunId::from(run);
    let (mut records, mut after) = (Vec::new(), 0);
    loop {
        let page = journal.read(&run, after, 7).await?;
        let Some((last, _)) = page.last() else { return Ok(records) };
        after = *last;
        records.extend(page.into_iter().map(|(_, record)| record));
    }
}

#[tokio::test]
async fn reopened_journal_reads_records_in_order() -> Result {
    let (_directory, path) = file()?;
    let journal = SqliteJournal::open(&path)?;
    let first = journal.create(new_run("a")).await?;
    let second = journal.create(new_run("b")).await?;
    for number in 0..50 {
        first.append(vec![step(number)]).await?;
        // The journal writes a record even if its future is dropped.
        drop(second.append(vec![step(number), step(number + 1000)]));
    }
    second.append(Vec::new()).await?;
    drop((first, second, journal));
    let journal = SqliteJournal::open(&path)?;
    assert_eq!(records_of(&journal, "a").await?, (0..50).map(step).collect::<Vec<_>>());
    let both: Vec<_> = (0..50).flat_map(|number| [step(number), step(number + 1000)]).collect();
    assert_eq!(records_of(&journal, "b").await?, both);
    assert_eq!(journal.runs().await?.len(), 2);
    Ok(())
}

#[tokio::test]
async fn closing_removes_the_lock_file_and_opening_removes_stale_ones() -> Result {
    let (directory, path) = file()?;
    drop(SqliteJournal::open(&path)?);
    std::fs::write(directory.path().join("runs.db-owner-killed"), "")?;
    drop(SqliteJournal::open(&path)?);
    let names: Vec<_> =
        std::fs::read_dir(directory.path())?.map(|entry| entry.map(|it| it.file_name())).collect();
    assert_eq!(names.len(), 1, "only the journal is left: {names:?}");
    Ok(())
}

#[tokio::test]
async fn run_has_one_owner_at_a_time() -> Result {
    let (_directory, path) = file()?;
    let options = Options::default().lease(DAY);
    let first = options.clone().owner("process 1 of alice").open(&path)?;
    let second = options.owner("process 2 of bob").open(&path)?;
    let run = RunId::from("a");
    let log = first.create(new_run("a")).await?;
    let error = message(second.take_over(&run).await);
    assert!(
        error.starts_with("run a is in progress: process 1 of alice owns it, and renewed its lease"),
        "{error}"
    );
    assert_eq!(second.run(&run).await?.owner.as_deref(), Some("process 1 of alice"));
    drop(log);
    // Requests are applied in order: when this one has its reply, the run is released.
    first.forget_ended(DAY).await?;
    assert_eq!(second.run(&run).await?.owner, None);
    let log = second.take_over(&run).await?;
    log.append(vec![step(1)]).await?;
    assert_eq!(first.run(&run).await?.owner.as_deref(), Some("process 2 of bob"));
    assert!(message(first.create(new_run("a")).await).contains("already has a run a"));
    assert!(message(first.take_over(&RunId::from("x")).await).contains("no run x"));
    Ok(())
}

/// Makes all leases expire, as if their owners had been stopped for long.
fn expire_leases(path: &Path) -> Result {
    Connection::open(path)?.execute("UPDATE run SET lease_until = 0", [])?;
    Ok(())
}

#[tokio::test]
async fn stopped_owner_writes_nothing_after_a_takeover() -> Result {
    let (_directory, path) = file()?;
    let options = Options::default().lease(DAY);
    let stopped = options.clone().open(&path)?;
    let other = options.owner("the other").open(&path)?;
    let run = RunId::from("a");
    let log = stopped.create(new_run("a")).await?;
    log.append(vec![step(1)]).await?;
    expire_leases(&path)?;
    let taken = other.take_over(&run).await?;
    taken.append(vec![step(2)]).await?;
    let error = message(log.append(vec![step(3)]).await);
    assert!(error.starts_with("run a was taken over by the other"), "{error}");
    assert!(!log.is_held());
    assert_eq!(message(log.append(vec![step(4)]).await), error);
    // The release by the former owner does not affect the new owner.
    drop(log);
    stopped.forget_ended(Duration::ZERO).await?;
    taken.append(vec![step(5)]).await?;
    assert_eq!(records_of(&other, "a").await?, [step(1), step(2), step(5)]);
    Ok(())
}

#[tokio::test]
async fn full_file_is_reported_and_refuses_further_writes() -> Result {
    let (_directory, path) = file()?;
    let journal = Options::default().max_pages(24).open(&path)?;
    let log = journal.create(new_run("a")).await?;
    let mut error = String::from("no error");
    // 24 pages have room for less than 100,000 bytes.
    for number in 0..2000 {
        if let Err(full) = log.append((0..50).map(|at| step(number * 50 + at)).collect()).await {
            error = full.to_string();
            break;
        }
    }
    assert!(error.contains("is full: free disk space or raise its maximum size, then resume"), "{error}");
    assert_eq!(message(log.append(vec![step(1)]).await), error);
    Ok(())
}

#[tokio::test]
async fn locked_file_is_reported() -> Result {
    let (_directory, path) = file()?;
    let journal = Options::default().busy_timeout(Duration::from_millis(50)).open(&path)?;
    let blocker = Connection::open(&path)?;
    blocker.execute_batch("BEGIN IMMEDIATE")?;
    let error = message(journal.create(new_run("a")).await);
    assert!(error.contains("is locked by another program"), "{error}");
    Ok(())
}

#[tokio::test]
async fn damage_is_reported() -> Result {
    let (_directory, path) = file()?;
    let journal = SqliteJournal::open(&path)?;
    let log = journal.create(new_run("a")).await?;
    log.append((0..500).map(step).collect()).await?;
    drop((log, journal));
    // SQLite does not detect a changed letter in the text of a record.
    let mut bytes = std::fs::read(&path)?;
    let text = b"VmInstance";
    let at = bytes.windows(text.len()).rposition(|window| window == text).ok_or("no record in the file")?;
    bytes[at] = b'W';
    std::fs::write(&path, &bytes)?;
    let journal = SqliteJournal::open(&path)?;
    let error = records_of(&journal, "a").await.err().ok_or("no error")?.to_string();
    assert!(error.contains("its checksum is wrong: the file is damaged"), "{error}");
    drop(journal);
    // SQLite detects overwritten pages.
    let half = bytes.len() / 2;
    bytes[half..].fill(0xEE);
    std::fs::write(&path, &bytes)?;
    let journal = SqliteJournal::open(&path)?;
    let error = records_of(&journal, "a").await.err().ok_or("no error")?.to_string();
    assert!(error.contains("is damaged: restore it from a copy"), "{error}");
    Ok(())
}

#[tokio::test]
async fn file_that_is_no_journal_is_refused() -> Result {
    let (_directory, path) = file()?;
    std::fs::write(&path, "This text is not a database. ".repeat(200))?;
    let error = message(SqliteJournal::open(&path));
    assert!(error.ends_with("runs.db is no journal: name another file"), "{error}");
    std::fs::remove_file(&path)?;
    Connection::open(&path)?.execute_batch("CREATE TABLE diary (day TEXT)")?;
    let error = message(SqliteJournal::open(&path));
    assert!(error.ends_with("runs.db is no journal: name another file"), "{error}");
    Ok(())
}

/// Wherever a partial write ends, the readable records are the first ones that were written.
#[tokio::test]
async fn partial_write_leaves_a_prefix_of_the_records() -> Result {
    let (directory, path) = file()?;
    // No renewal of the lease writes while the files are copied.
    let journal = Options::default().lease(DAY).open(&path)?;
    let log = journal.create(new_run("a")).await?;
    for number in 0..40 {
        log.append(vec![step(number)]).await?;
    }
    let (main, wal) = (std::fs::read(&path)?, std::fs::read(directory.path().join("runs.db-wal"))?);
    let mut lengths = Vec::new();
    for cut in 0..=60 {
        let copy = tempfile::tempdir()?;
        let path = copy.path().join("runs.db");
        std::fs::write(&path, &main)?;
        std::fs::write(copy.path().join("runs.db-wal"), &wal[..wal.len() * cut / 60])?;
        let records = records_of(&SqliteJournal::open(&path)?, "a").await?;
        assert_eq!(records, (0..records.len() as u32).map(step).collect::<Vec<_>>());
        lengths.push(records.len());
    }
    assert!(lengths.is_sorted(), "{lengths:?}");
    assert_eq!((lengths.first(), lengths.last()), (Some(&0), Some(&40)), "{lengths:?}");
    Ok(())
}

#[tokio::test]
async fn forget_ended_removes_old_ended_runs_only() -> Result {
    let (_directory, path) = file()?;
    let journal = SqliteJournal::open(&path)?;
    let ended = journal.create(new_run("ended")).await?;
    let unfinished = journal.create(new_run("unfinished")).await?;
    unfinished.append(vec![step(1)]).await?;
    ended
        .append(vec![step(1), Record::Ended(cascade_core::RunEnd { complete: true, ..Default::default() })])
        .await?;
    assert_eq!(journal.run(&RunId::from("ended")).await?.state, RunState::Complete);
    assert_eq!(journal.forget_ended(DAY).await?, 0);
    assert_eq!(journal.forget_ended(Duration::ZERO).await?, 1);
    let left: Vec<String> = journal.runs().await?.into_iter().map(|info| info.run.id.to_string()).collect();
    assert_eq!(left, ["unfinished"]);
    assert!(records_of(&journal, "ended").await?.is_empty());
    Ok(())
}
