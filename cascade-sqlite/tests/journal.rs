//! The journal against everything that can befall its file and its owners.

use std::path::{Path, PathBuf};
use std::time::Duration;

use cascade_core::{Journal, JournalError, NewRun, Phase, Record, RunId, RunState, StepBegun};
use cascade_sqlite::{Options, SqliteJournal};
use rusqlite::Connection;
use tempfile::TempDir;

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

fn words<T>(result: std::result::Result<T, JournalError>) -> String {
    result.err().map_or_else(|| String::from("no error"), |error| error.to_string())
}

async fn all(journal: &SqliteJournal, run: &str) -> Result<Vec<Record>> {
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
async fn what_was_taken_is_read_in_order_after_a_new_start() -> Result {
    let (_directory, path) = file()?;
    let journal = SqliteJournal::open(&path)?;
    let first = journal.create(new_run("a")).await?;
    let second = journal.create(new_run("b")).await?;
    for number in 0..50 {
        first.append(vec![step(number)]).await?;
        // Nobody waits for this one.
        drop(second.append(vec![step(number), step(number + 1000)]));
    }
    second.append(Vec::new()).await?;
    drop((first, second, journal));
    let journal = SqliteJournal::open(&path)?;
    assert_eq!(all(&journal, "a").await?, (0..50).map(step).collect::<Vec<_>>());
    let both: Vec<_> = (0..50).flat_map(|number| [step(number), step(number + 1000)]).collect();
    assert_eq!(all(&journal, "b").await?, both);
    assert_eq!(journal.runs().await?.len(), 2);
    Ok(())
}

#[tokio::test]
async fn the_lock_file_goes_with_its_process() -> Result {
    let (directory, path) = file()?;
    drop(SqliteJournal::open(&path)?);
    std::fs::write(directory.path().join("runs.db-owner-of-one-that-was-killed"), "")?;
    drop(SqliteJournal::open(&path)?);
    let names: Vec<_> =
        std::fs::read_dir(directory.path())?.map(|entry| entry.map(|it| it.file_name())).collect();
    assert_eq!(names.len(), 1, "{names:?}");
    Ok(())
}

#[tokio::test]
async fn a_run_has_one_owner_at_a_time() -> Result {
    let (_directory, path) = file()?;
    let here = Options::default().owner("process 1 of alice").open(&path)?;
    let there = Options::default().owner("process 2 of bob").open(&path)?;
    let run = RunId::from("a");
    let log = here.create(new_run("a")).await?;
    let said = words(there.take_over(&run).await);
    assert!(
        said.starts_with("run a is under way: process 1 of alice owns it, and gave a sign of life"),
        "{said}"
    );
    assert_eq!(there.run(&run).await?.owner.as_deref(), Some("process 1 of alice"));
    drop(log);
    // The thread of the other journal gives it up in its own time.
    while there.run(&run).await?.owner.is_some() {
        tokio::task::yield_now().await;
    }
    let log = there.take_over(&run).await?;
    log.append(vec![step(1)]).await?;
    assert_eq!(here.run(&run).await?.owner.as_deref(), Some("process 2 of bob"));
    assert!(words(here.create(new_run("a")).await).contains("has a run a already"));
    assert!(words(here.take_over(&RunId::from("x")).await).contains("no run x"));
    Ok(())
}

/// The writing thread of an owner that is stopped renews nothing: as if its lease were over at once.
async fn expire(path: &Path) -> Result {
    Connection::open(path)?.execute("UPDATE run SET lease_until = 0", [])?;
    tokio::task::yield_now().await;
    Ok(())
}

#[tokio::test]
async fn an_owner_that_wakes_after_a_takeover_writes_nothing_more() -> Result {
    let (_directory, path) = file()?;
    let options = Options::default().lease(Duration::from_mins(10));
    let sleeper = options.clone().open(&path)?;
    let other = options.owner("the other").open(&path)?;
    let run = RunId::from("a");
    let log = sleeper.create(new_run("a")).await?;
    log.append(vec![step(1)]).await?;
    expire(&path).await?;
    let taken = other.take_over(&run).await?;
    taken.append(vec![step(2)]).await?;
    let said = words(log.append(vec![step(3)]).await);
    assert!(said.starts_with("run a was taken over by the other"), "{said}");
    assert!(!log.is_held());
    assert_eq!(words(log.append(vec![step(4)]).await), said);
    // Giving up what is not owned any more takes nothing from the new owner.
    drop(log);
    sleeper.forget_ended(Duration::ZERO).await?;
    taken.append(vec![step(5)]).await?;
    assert_eq!(all(&other, "a").await?, [step(1), step(2), step(5)]);
    Ok(())
}

#[tokio::test]
async fn an_owner_that_gave_no_sign_of_life_knows_that_it_may_have_lost() -> Result {
    let (_directory, path) = file()?;
    let journal = Options::default().lease(Duration::from_millis(200)).open(&path)?;
    let log = journal.create(new_run("a")).await?;
    tokio::time::sleep(Duration::from_millis(600)).await;
    assert!(log.is_held(), "the thread renews the lease");
    let blocker = Connection::open(&path)?;
    blocker.execute_batch("BEGIN IMMEDIATE")?;
    tokio::time::sleep(Duration::from_millis(600)).await;
    assert!(!log.is_held(), "it cannot be renewed");
    blocker.execute_batch("COMMIT")?;
    log.append(Vec::new()).await?;
    assert!(log.is_held());
    Ok(())
}

#[tokio::test]
async fn writes_that_come_together_share_a_transaction() -> Result {
    let (_directory, path) = file()?;
    let journal = SqliteJournal::open(&path)?;
    let log = journal.create(new_run("a")).await?;
    let blocker = Connection::open(&path)?;
    blocker.execute_batch("BEGIN IMMEDIATE")?;
    let waiting: Vec<_> = (0..20).map(|number| log.append(vec![step(number)])).collect();
    let watcher = Connection::open(&path)?;
    let version = |connection: &Connection| {
        connection.pragma_query_value(None, "data_version", |row| row.get::<_, i64>(0))
    };
    blocker.execute_batch("COMMIT")?;
    version(&watcher)?;
    let mut pages = Vec::new();
    for durable in waiting {
        durable.await?;
        pages.push(watcher.query_row("SELECT count(*) FROM record", [], |row| row.get::<_, i64>(0))?);
    }
    // Those that were on their way when the others came, and the others: two transactions at most.
    pages.dedup();
    assert!(pages.len() <= 2 && pages.last() == Some(&20), "{pages:?}");
    Ok(())
}

#[tokio::test]
async fn a_full_disk_and_a_lock_are_said_so() -> Result {
    let (_directory, path) = file()?;
    let journal = Options::default().max_pages(24).busy_timeout(Duration::from_millis(50)).open(&path)?;
    let log = journal.create(new_run("a")).await?;
    let mut said = String::from("no error");
    for number in 0..2000 {
        if let Err(error) = log.append((0..50).map(|at| step(number * 50 + at)).collect()).await {
            said = error.to_string();
            break;
        }
    }
    assert!(said.contains("is full: make room on its disk, then resume"), "{said}");
    assert_eq!(words(log.append(vec![step(1)]).await), said);

    let blocker = Connection::open(&path)?;
    blocker.execute_batch("BEGIN IMMEDIATE")?;
    let said = words(journal.take_over(&RunId::from("a")).await);
    assert!(said.contains("is locked by another program"), "{said}");
    Ok(())
}

#[tokio::test]
async fn a_damaged_file_is_said_so() -> Result {
    let (_directory, path) = file()?;
    let journal = SqliteJournal::open(&path)?;
    let log = journal.create(new_run("a")).await?;
    log.append((0..500).map(step).collect()).await?;
    drop((log, journal));
    // A letter in the text of a record: SQLite does not see it.
    let mut bytes = std::fs::read(&path)?;
    let text = b"VmInstance";
    let at = bytes.windows(text.len()).rposition(|window| window == text).ok_or("no record in the file")?;
    bytes[at] = b'W';
    std::fs::write(&path, &bytes)?;
    let journal = SqliteJournal::open(&path)?;
    let error = all(&journal, "a").await.err().map(|error| error.to_string()).unwrap_or_default();
    assert!(error.contains("its checksum is wrong: the file is damaged"), "{error}");
    drop(journal);
    // Whole pages: SQLite does.
    let half = bytes.len() / 2;
    bytes[half..].fill(0xEE);
    std::fs::write(&path, &bytes)?;
    let journal = SqliteJournal::open(&path)?;
    let error = all(&journal, "a").await.err().map(|error| error.to_string()).unwrap_or_default();
    assert!(error.contains("is damaged: restore it from a copy"), "{error}");
    Ok(())
}

#[tokio::test]
async fn another_file_is_refused_with_words() -> Result {
    let (_directory, path) = file()?;
    std::fs::write(&path, "a diary, and no database at all. ".repeat(200))?;
    let said = SqliteJournal::open(&path).err().map(|error| error.to_string()).unwrap_or_default();
    assert!(said.ends_with("runs.db is no journal: name another file"), "{said}");
    std::fs::remove_file(&path)?;
    Connection::open(&path)?.execute_batch("CREATE TABLE diary (day TEXT)")?;
    let said = SqliteJournal::open(&path).err().map(|error| error.to_string()).unwrap_or_default();
    assert!(said.ends_with("runs.db is no journal: name another file"), "{said}");
    Ok(())
}

/// A write that the disk took in part: whatever is cut off the log, what is read is the beginning of what was written.
#[tokio::test]
async fn a_short_write_leaves_a_beginning_and_nothing_else() -> Result {
    let (directory, path) = file()?;
    let journal = SqliteJournal::open(&path)?;
    let log = journal.create(new_run("a")).await?;
    for number in 0..40 {
        log.append(vec![step(number)]).await?;
    }
    let (main, wal) = (std::fs::read(&path)?, std::fs::read(directory.path().join("runs.db-wal"))?);
    let mut lengths = Vec::new();
    for cut in 0..60 {
        let copy = tempfile::tempdir()?;
        let path = copy.path().join("runs.db");
        std::fs::write(&path, &main)?;
        std::fs::write(copy.path().join("runs.db-wal"), &wal[..wal.len() * cut / 60])?;
        let Ok(journal) = SqliteJournal::open(&path) else { continue };
        let Ok(records) = all(&journal, "a").await else { continue };
        assert_eq!(records, (0..records.len() as u32).map(step).collect::<Vec<_>>());
        lengths.push(records.len());
    }
    assert!(lengths.is_sorted() && lengths.last() > Some(&30), "{lengths:?}");
    Ok(())
}

#[tokio::test]
async fn what_ended_is_forgotten_by_age_and_what_did_not_is_kept() -> Result {
    let (_directory, path) = file()?;
    let journal = SqliteJournal::open(&path)?;
    let ended = journal.create(new_run("ended")).await?;
    let unfinished = journal.create(new_run("unfinished")).await?;
    unfinished.append(vec![step(1)]).await?;
    ended
        .append(vec![step(1), Record::Ended(cascade_core::RunEnd { complete: true, ..Default::default() })])
        .await?;
    assert_eq!(journal.run(&RunId::from("ended")).await?.state, RunState::Complete);
    assert_eq!(journal.forget_ended(Duration::from_mins(1)).await?, 0);
    assert_eq!(journal.forget_ended(Duration::ZERO).await?, 1);
    let left: Vec<String> = journal.runs().await?.into_iter().map(|info| info.run.id.to_string()).collect();
    assert_eq!(left, ["unfinished"]);
    assert!(all(&journal, "ended").await?.is_empty());
    Ok(())
}
