//! The cloud on SQLite: `bench-sqlite delete|delete-default-cache <VMs>`. Prints a JSON object for each row of the table.

#![expect(clippy::print_stdout, reason = "the rows are its output")]

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use cascade_benches::measure::{Line, Row, Unit, by_turns, median, nanoseconds};
use cascade_benches::sqlite::{CACHE, DEFAULT_CACHE, Database, References, Took};
use cascade_benches::{Failed, block_on, django, sqlite};

/// At this size and above, SQLite's cascade is the only rival: the others are too slow.
const LARGE: u64 = 1_000_000;

const USAGE: &str = "usage: bench-sqlite delete|delete-default-cache <VMs>";

fn main() -> Result<(), Failed> {
    let mut arguments = std::env::args().skip(1);
    let (cache, how) = match arguments.next().as_deref() {
        Some("delete") => (CACHE, ""),
        Some("delete-default-cache") => (DEFAULT_CACHE, ", with SQLite's default cache of 2 MB"),
        _ => return Err(USAGE.into()),
    };
    let vms: u64 = arguments.next().ok_or(USAGE)?.parse()?;
    let directory = tempfile::tempdir()?;
    let files = Files::make(directory.path(), vms, cache)?;
    let all_rivals = vms < LARGE && cache == CACHE;
    if all_rivals {
        print(&planned(&files)?.into())?;
    }
    let turns = match vms {
        0..10_000 => 25,
        10_000..100_000 => 5,
        100_000..LARGE => 3,
        _ => 1,
    };
    let deleted = deleted(&files, turns, all_rivals)?;
    let row = |against: &str, took: Duration, bar: f64| Row {
        work: format!("cloud on SQLite: plan, and delete in batches{how}"),
        size: files.size(),
        unit: Unit::Time,
        ours: nanoseconds(deleted.ours.time),
        against: against.to_owned(),
        rival: nanoseconds(took),
        bar,
        per: files.instances,
    };
    if let Some(by_hand) = deleted.by_hand {
        print(&row("the same statements by hand", by_hand.time, 1.1).into())?;
    }
    let bar = if vms < LARGE { 1.5 } else { 1.0 };
    let against = format!(
        "SQLite's `ON DELETE CASCADE` ({} accesses of the file, ours {})",
        deleted.natively.accesses, deleted.ours.accesses
    );
    print(&row(&against, deleted.natively.time, bar).into())?;
    if all_rivals {
        beside_django(&files, turns, row)?;
    }
    Ok(())
}

/// The files that each run copies.
struct Files {
    directory: PathBuf,
    vms: u64,
    instances: u64,
    /// SQLite's cache size in kilobytes.
    cache: i64,
}

impl Files {
    fn make(directory: &Path, vms: u64, cache: i64) -> Result<Self, Failed> {
        let files = |name| directory.join(name);
        let instances = sqlite::make(&files("plain"), vms, References::Plain)?;
        sqlite::make(&files("cascade"), vms, References::Cascade)?;
        Ok(Self { directory: directory.to_owned(), vms, instances, cache })
    }

    fn size(&self) -> String {
        format!("{} VMs, {} instances", self.vms, self.instances)
    }

    /// Runs on a fresh copy, and checks that all rows are gone.
    fn on_copy<T>(
        &self,
        references: References,
        run: impl FnOnce(&Path) -> Result<T, Failed>,
    ) -> Result<T, Failed> {
        let original = if references == References::Plain { "plain" } else { "cascade" };
        let copy = self.directory.join("copy");
        std::fs::copy(self.directory.join(original), &copy)?;
        let took = run(&copy)?;
        sqlite::expect_empty(&copy)?;
        Ok(took)
    }
}

struct Deleted {
    ours: Took,
    by_hand: Option<Took>,
    natively: Took,
}

fn deleted(files: &Files, turns: usize, all_rivals: bool) -> Result<Deleted, Failed> {
    let (mut ours, mut by_hand, mut natively) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..turns {
        ours.push(files.on_copy(References::Plain, |file| {
            block_on(sqlite::plan_and_apply(file, files.cache, files.instances))?
        })?);
        if all_rivals {
            by_hand.push(files.on_copy(References::Plain, |file| sqlite::by_hand(file, files.cache))?);
        }
        natively.push(files.on_copy(References::Cascade, |file| sqlite::natively(file, files.cache))?);
    }
    let by_hand = (!by_hand.is_empty()).then(|| median(by_hand));
    Ok(Deleted { ours: median(ours), by_hand, natively: median(natively) })
}

/// Django is slow: on larger clouds it runs once.
fn beside_django(
    files: &Files,
    turns: usize,
    row: impl Fn(&str, Duration, f64) -> Row,
) -> Result<(), Failed> {
    for (signals, bar) in [(false, 1.0 / 2.0), (true, 1.0 / 5.0)] {
        let how = if signals { "handlers for each object" } else { "plain" };
        let Some(python) = django::python() else {
            let missing = format!("no Python with Django: set {} to its path", django::PYTHON);
            let work = format!("cloud on SQLite, beside Django's ORM, {how}");
            print(&Line::Missing { work, size: files.size(), missing })?;
            continue;
        };
        let (mut took, mut version) = (Vec::new(), String::new());
        for _ in 0..if files.vms < 100_000 { turns.min(3) } else { 1 } {
            let run = |file: &Path| django::delete(&python, file, signals, files.instances);
            let (time, of) = files.on_copy(References::Plain, run)?;
            took.push(time);
            version = of;
        }
        print(&row(&format!("Django {version}, {how}"), median(took), bar).into())?;
    }
    Ok(())
}

fn planned(files: &Files) -> Result<Row, Failed> {
    let database = Arc::new(Database::open(&files.directory.join("plain"), files.cache)?);
    let cascade = sqlite::cascade(&database)?;
    let instances = files.instances;
    let statements = block_on(sqlite::statements_of_a_plan(&cascade, &database, instances))??;
    let (ours, rival) = by_turns(
        5,
        || block_on(sqlite::plan(&cascade, instances))?,
        || sqlite::run_statements(&database, &statements, instances),
    )?;
    Ok(Row {
        work: String::from("cloud on SQLite: plan"),
        size: files.size(),
        unit: Unit::Time,
        ours: nanoseconds(ours),
        against: format!("the finders' {} statements alone", statements.len()),
        rival: nanoseconds(rival),
        bar: 2.0,
        per: instances,
    })
}

fn print(line: &Line) -> Result<(), Failed> {
    println!("{}", serde_json::to_string(line)?);
    Ok(())
}
