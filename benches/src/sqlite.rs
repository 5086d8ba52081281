//! The cloud in a SQLite file: plan it, and delete it in batches. The rivals are the same statements by hand, SQLite's
//! own `ON DELETE CASCADE`, and Django's ORM (`django/delete.py`).
//!
//! Each runs on a fresh copy of the same content, in one transaction, with foreign keys checked and the same cache
//! size.

use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use cascade_core::{
    BuildError, Cascade, Declaration, Delete, Drift, Found, Outcome, ResourceDescriptor, Rule, StepError,
    StepSettings, place,
};
use hashbrown::HashSet;
use rusqlite::Connection;

use crate::Failed;
use crate::cloud::{EDGES, RESOURCES, each_instance};
use crate::measure::{Stopwatch, expect_equal};

/// Ids in one statement.
const BATCH: usize = 1000;
/// A cache size in kilobytes that fits the work.
pub const CACHE: i64 = 256 * 1024;
/// SQLite's default cache size.
pub const DEFAULT_CACHE: i64 = 2000;

/// The action of a reference when its parent is deleted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum References {
    /// It fails the transaction if the child still exists at the end, as Django declares it.
    Plain,
    /// It deletes the child.
    Cascade,
}

/// Creates the file. Returns the number of instances.
pub fn make(file: &Path, vms: u64, references: References) -> Result<u64, Failed> {
    let connection = open(file, CACHE)?;
    connection.execute_batch("BEGIN")?;
    let on_delete = match references {
        References::Plain => " DEFERRABLE INITIALLY DEFERRED",
        References::Cascade => " ON DELETE CASCADE",
    };
    for (resource, name) in RESOURCES.iter().enumerate() {
        let references = parents_of(resource).map(|(_, parent)| {
            let parent = RESOURCES[parent];
            format!(", {parent}_id INTEGER NOT NULL REFERENCES {parent} (id){on_delete}")
        });
        let columns: String = references.collect();
        connection.execute_batch(&format!("CREATE TABLE {name} (id INTEGER PRIMARY KEY{columns})"))?;
    }
    let mut instances = 0;
    let mut failed = None;
    each_instance(vms, |resource, number, parents| {
        instances += 1;
        let inserted = insert(&connection, resource, number, parents);
        failed = failed.take().or_else(|| inserted.err());
    });
    if let Some(error) = failed {
        return Err(error.into());
    }
    for (parent, child) in EDGES {
        let (parent, child) = (RESOURCES[parent], RESOURCES[child]);
        connection.execute_batch(&format!("CREATE INDEX {child}_by_{parent} ON {child} ({parent}_id)"))?;
    }
    connection.execute_batch("COMMIT; ANALYZE")?;
    Ok(instances)
}

fn insert(
    connection: &Connection,
    resource: usize,
    number: u64,
    parents: &[(usize, u64)],
) -> rusqlite::Result<()> {
    let columns: Vec<String> =
        parents.iter().map(|&(parent, _)| format!(", {}_id", RESOURCES[parent])).collect();
    let columns = columns.concat();
    let places = vec!["?"; parents.len() + 1].join(", ");
    let name = RESOURCES[resource];
    let mut insert =
        connection.prepare_cached(&format!("INSERT INTO {name} (id{columns}) VALUES ({places})"))?;
    let values = parents.iter().map(|&(_, number)| number).map(id);
    insert.execute(rusqlite::params_from_iter([id(number)].into_iter().chain(values)))?;
    Ok(())
}

/// Ids start from 1, as databases count.
fn id(number: u64) -> i64 {
    number.cast_signed() + 1
}

fn open(file: &Path, cache: i64) -> Result<Connection, Failed> {
    let connection = Connection::open(file)?;
    connection.set_prepared_statement_cache_capacity(EDGES.len() * 4);
    connection.pragma_update(None, "cache_size", -cache)?;
    connection.pragma_update(None, "foreign_keys", true)?;
    Ok(connection)
}

/// The edges of a resource, with its parents.
fn parents_of(resource: usize) -> impl Iterator<Item = (usize, usize)> {
    EDGES.iter().enumerate().filter(move |(_, edge)| edge.1 == resource).map(|(at, edge)| (at, edge.0))
}

/// The children of `parents` along an edge, each with its parent.
fn find(connection: &Connection, edge: usize, parents: &[i64]) -> Result<Vec<(i64, i64)>, Failed> {
    let (parent, child) = (RESOURCES[EDGES[edge].0], RESOURCES[EDGES[edge].1]);
    let mut statement = connection.prepare_cached(&format!(
        "SELECT {parent}_id, id FROM {child} WHERE {parent}_id IN (SELECT value FROM json_each(?1))"
    ))?;
    let rows =
        statement.query_map([serde_json::to_string(parents)?], |row| Ok((row.get(0)?, row.get(1)?)))?;
    Ok(rows.collect::<Result<_, _>>()?)
}

fn delete(connection: &Connection, resource: usize, ids: &[i64]) -> Result<(), Failed> {
    let name = RESOURCES[resource];
    let mut statement = connection
        .prepare_cached(&format!("DELETE FROM {name} WHERE id IN (SELECT value FROM json_each(?1))"))?;
    let deleted = statement.execute([serde_json::to_string(ids)?])?;
    expect_equal("deleted by a batch", &deleted, &ids.len())
}

/// An error unless the file has no rows left.
pub fn expect_empty(file: &Path) -> Result<(), Failed> {
    let connection = open(file, CACHE)?;
    for name in RESOURCES {
        let left: i64 =
            connection.query_row(&format!("SELECT count(*) FROM {name}"), [], |row| row.get(0))?;
        expect_equal(&format!("remaining rows of {name}"), &left, &0)?;
    }
    Ok(())
}

/// The cost of a deletion.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Took {
    /// Its duration.
    pub time: Duration,
    /// The number of read and write calls of the process; zero if the system does not count them.
    pub accesses: u64,
}

/// A deletion in progress.
struct Watched {
    start: Stopwatch,
    accesses: u64,
}

impl Watched {
    fn start() -> Self {
        Self { accesses: accesses(), start: Stopwatch::start() }
    }

    fn end(&self) -> Took {
        Took { time: self.start.elapsed(), accesses: accesses() - self.accesses }
    }
}

/// The read and write system calls of this process, as Linux counts them.
fn accesses() -> u64 {
    let counts = std::fs::read_to_string("/proc/self/io").unwrap_or_default();
    let count =
        |line: &str| line.strip_prefix("sysc").and_then(|line| line.split(": ").nth(1)?.parse::<u64>().ok());
    counts.lines().filter_map(count).sum::<u64>()
}

/// Measures SQLite's own cascade.
pub fn natively(file: &Path, cache: i64) -> Result<Took, Failed> {
    let connection = open(file, cache)?;
    let watched = Watched::start();
    connection.execute("DELETE FROM Zone WHERE id = 1", [])?;
    Ok(watched.end())
}

/// Measures the same by hand: found resource by resource, deleted in reverse order.
pub fn by_hand(file: &Path, cache: i64) -> Result<Took, Failed> {
    let connection = open(file, cache)?;
    let watched = Watched::start();
    connection.execute_batch("BEGIN IMMEDIATE")?;
    let mut found: Vec<Vec<i64>> = vec![vec![1]];
    for child in 1..RESOURCES.len() {
        let (mut seen, mut children) = (HashSet::new(), Vec::new());
        for (edge, parent) in parents_of(child) {
            for parents in found[parent].chunks(BATCH) {
                let pairs = find(&connection, edge, parents)?;
                children
                    .extend(pairs.into_iter().map(|(_, child)| child).filter(|&child| seen.insert(child)));
            }
        }
        found.push(children);
    }
    for (resource, ids) in found.iter().enumerate().rev() {
        for ids in ids.chunks(BATCH) {
            delete(&connection, resource, ids)?;
        }
    }
    connection.execute_batch("COMMIT")?;
    Ok(watched.end())
}

/// A finder's statement: its edge, and the parents it was asked about.
type Asked = (usize, Vec<i64>);

/// A file that the engine's extensions work on.
#[derive(Debug)]
pub struct Database {
    connection: Mutex<Connection>,
    /// The finders' statements, if they are recorded.
    log: Mutex<Option<Vec<Asked>>>,
}

impl Database {
    /// Opens a file with this many kilobytes of cache.
    pub fn open(file: &Path, cache: i64) -> Result<Self, Failed> {
        Ok(Self { connection: Mutex::new(open(file, cache)?), log: Mutex::new(None) })
    }

    fn connection(&self) -> MutexGuard<'_, Connection> {
        self.connection.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn log(&self) -> MutexGuard<'_, Option<Vec<Asked>>> {
        self.log.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The engine with the database's extensions.
pub fn cascade(database: &Arc<Database>) -> Result<Cascade, BuildError> {
    (0..RESOURCES.len())
        .fold(Cascade::builder(), |builder, at| builder.declare(Arc::clone(database), declaration(at)))
        .finder_batch(BATCH)
        .build()
}

fn declaration(resource: usize) -> Declaration<Arc<Database>, i64> {
    let described = |resource: usize| ResourceDescriptor::runtime::<i64>(RESOURCES[resource], place!());
    let mut declared = Declaration::new(RESOURCES[resource], described(resource), place!());
    declared.settings(StepSettings::default().batch(BATCH));
    declared.effect("delete", place!(), move |database: &Arc<Database>, ids, _| {
        let deleted = delete(&database.connection(), resource, ids).map_err(failed);
        Box::pin(async move { deleted.map(|()| Outcome::done()) })
    });
    declared.rule(Rule::effect::<Delete>("delete", place!()));
    for (edge, parent) in parents_of(resource) {
        declared.edge(described(parent), place!());
        let find = move |database: &Arc<Database>, parents: &[i64]| {
            if let Some(log) = &mut *database.log() {
                log.push((edge, parents.to_vec()));
            }
            find(&database.connection(), edge, parents)
        };
        declared.finder("find", described(parent), None, place!(), move |database, parents, _| {
            let found = find(database, parents).map_err(failed);
            Box::pin(async move { found.map(Found::Pairs) })
        });
        declared.rule(Rule::effect::<Delete>("delete", place!()).from(described(parent)));
    }
    declared
}

#[expect(clippy::needless_pass_by_value, reason = "passed to `map_err`")]
fn failed(error: Failed) -> StepError {
    StepError::terminal(error.to_string())
}

/// Measures the engine's plan and deletion.
pub async fn plan_and_apply(file: &Path, cache: i64, instances: u64) -> Result<Took, Failed> {
    let database = Arc::new(Database::open(file, cache)?);
    let cascade = cascade(&database)?;
    let watched = Watched::start();
    database.connection().execute_batch("BEGIN IMMEDIATE")?;
    let plan = cascade.plan_named(Delete, RESOURCES[0], ["1"]).await?;
    let planned = plan.len() as u64;
    let report = cascade.apply(plan).drift(Drift::Ignore).await?;
    database.connection().execute_batch("COMMIT")?;
    let took = watched.end();
    expect_equal("instances in the plan", &planned, &instances)?;
    expect_equal("complete", &report.is_complete(), &true)?;
    Ok(took)
}

/// Measures the plan.
pub async fn plan(cascade: &Cascade, instances: u64) -> Result<Duration, Failed> {
    let start = Stopwatch::start();
    let plan = cascade.plan_named(Delete, RESOURCES[0], ["1"]).await?;
    let took = start.elapsed();
    expect_equal("instances in the plan", &(plan.len() as u64), &instances)?;
    Ok(took)
}

/// The statements of one plan, in order.
pub async fn statements_of_a_plan(
    cascade: &Cascade,
    database: &Database,
    instances: u64,
) -> Result<Vec<Asked>, Failed> {
    *database.log() = Some(Vec::new());
    plan(cascade, instances).await?;
    Ok(database.log().take().unwrap_or_default())
}

/// Measures the statements alone; their answers are read and dropped.
pub fn run_statements(database: &Database, statements: &[Asked], instances: u64) -> Result<Duration, Failed> {
    let start = Stopwatch::start();
    let mut rows = 0;
    for (edge, parents) in statements {
        rows += find(&database.connection(), *edge, parents)?.len();
    }
    let took = start.elapsed();
    if (rows as u64) < instances - 1 {
        return Err("the statements found less than the plan".into());
    }
    Ok(took)
}
