//! The cloud topology on SQLite, with ids of text: what planning costs beside the finders' own statements.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use cascade_core::{
    BuildError, Cascade, Declaration, Delete, Found, Outcome, ResourceDescriptor, Rule, StepError, place,
};
use rusqlite::Connection;

use crate::Failed;
use crate::cloud::{EDGES, RESOURCES, World};
use crate::measure::{Stopwatch, expect_equal};

/// Pairs of parent and child.
type Pairs = Vec<(String, String)>;

/// A statement that was run: the edge, and the parents it was asked about.
type Asked = (usize, Vec<String>);

/// A cloud in a database in memory, so that the disk is not measured.
#[derive(Debug)]
pub struct Database {
    connection: Mutex<Connection>,
    /// The statements that were run, where somebody wants to know.
    log: Mutex<Option<Vec<Asked>>>,
    instances: u64,
}

impl Database {
    /// The same cloud as in memory, in tables with an index on each reference.
    pub fn new(world: &World<String>) -> Result<Self, Failed> {
        let connection = Connection::open_in_memory()?;
        connection.set_prepared_statement_cache_capacity(EDGES.len() * 2);
        connection.execute_batch("BEGIN")?;
        for (resource, name) in RESOURCES.iter().enumerate() {
            let parents =
                parents_of(resource).map(|(_, parent)| format!(", {}_id TEXT NOT NULL", RESOURCES[parent]));
            let columns: String = parents.collect();
            connection.execute_batch(&format!(
                "CREATE TABLE {name} (id TEXT PRIMARY KEY{columns}) WITHOUT ROWID"
            ))?;
            for (_, parent) in parents_of(resource) {
                let parent = RESOURCES[parent];
                connection
                    .execute_batch(&format!("CREATE INDEX {name}_by_{parent} ON {name} ({parent}_id)"))?;
            }
        }
        connection.execute(&format!("INSERT INTO {} VALUES (?1)", RESOURCES[0]), [world.zone()])?;
        let mut found = vec![vec![world.zone().clone()]];
        for resource in 1..RESOURCES.len() {
            found.push(fill(&connection, world, &found, resource)?);
        }
        connection.execute_batch("COMMIT; ANALYZE")?;
        Ok(Self { connection: Mutex::new(connection), log: Mutex::new(None), instances: world.len() })
    }

    /// The finder: the children of `parents` along an edge.
    fn find(&self, edge: usize, parents: &[String]) -> Result<Pairs, Failed> {
        if let Some(log) = &mut *self.log.lock().unwrap_or_else(PoisonError::into_inner) {
            log.push((edge, parents.to_vec()));
        }
        let connection = self.connection.lock().unwrap_or_else(PoisonError::into_inner);
        let (parent, child) = (RESOURCES[EDGES[edge].0], RESOURCES[EDGES[edge].1]);
        let mut statement = connection.prepare_cached(&format!(
            "SELECT {parent}_id, id FROM {child} WHERE {parent}_id IN (SELECT value FROM json_each(?1))"
        ))?;
        let rows =
            statement.query_map([serde_json::to_string(parents)?], |row| Ok((row.get(0)?, row.get(1)?)))?;
        Ok(rows.collect::<Result<Pairs, _>>()?)
    }
}

/// Inserts the instances of a resource; each has one parent along each of its edges.
fn fill(
    connection: &Connection,
    world: &World<String>,
    found: &[Vec<String>],
    resource: usize,
) -> Result<Vec<String>, Failed> {
    let mut rows: hashbrown::HashMap<&String, Vec<&String>> = hashbrown::HashMap::new();
    let mut order: Vec<String> = Vec::new();
    for (edge, parent) in parents_of(resource) {
        for parent in &found[parent] {
            for child in world.children(edge, parent) {
                let row = rows.entry(child).or_insert_with(|| {
                    order.push(child.clone());
                    vec![child]
                });
                row.push(parent);
            }
        }
    }
    let places = vec!["?"; parents_of(resource).count() + 1].join(", ");
    let mut insert = connection.prepare(&format!("INSERT INTO {} VALUES ({places})", RESOURCES[resource]))?;
    for id in &order {
        insert.execute(rusqlite::params_from_iter(&rows[id]))?;
    }
    Ok(order)
}

/// The edges of a resource, with its parents.
fn parents_of(resource: usize) -> impl Iterator<Item = (usize, usize)> {
    EDGES.iter().enumerate().filter(move |(_, edge)| edge.1 == resource).map(|(at, edge)| (at, edge.0))
}

/// The engine with the database's extensions. Nothing is deleted: only planning is measured.
pub fn cascade(database: &Arc<Database>) -> Result<Cascade, BuildError> {
    (0..RESOURCES.len())
        .fold(Cascade::builder(), |builder, at| builder.declare(Arc::clone(database), declaration(at)))
        .build()
}

fn declaration(resource: usize) -> Declaration<Arc<Database>, String> {
    let described = |resource: usize| ResourceDescriptor::runtime::<String>(RESOURCES[resource], place!());
    let mut declared = Declaration::new(RESOURCES[resource], described(resource), place!());
    declared.effect("remove", place!(), |_, _, _| Box::pin(async { Ok(Outcome::done()) }));
    declared.rule(Rule::effect::<Delete>("remove", place!()));
    for (edge, parent) in parents_of(resource) {
        declared.edge(described(parent), place!());
        declared.finder(
            "find",
            described(parent),
            None,
            place!(),
            move |database: &Arc<Database>, parents, _| {
                Box::pin(async move {
                    let found = database.find(edge, parents);
                    found.map(Found::Pairs).map_err(|error| StepError::terminal(error.to_string()))
                })
            },
        );
        declared.rule(Rule::effect::<Delete>("remove", place!()).from(described(parent)));
    }
    declared
}

/// How long the plan takes.
pub async fn plan(cascade: &Cascade, database: &Database) -> Result<Duration, Failed> {
    let start = Stopwatch::start();
    let plan = cascade.plan_named(Delete, RESOURCES[0], ["zone-0"]).await?;
    let took = start.elapsed();
    expect_equal("instances in the plan", &(plan.len() as u64), &database.instances)?;
    Ok(took)
}

/// The statements of one plan, in their order.
pub async fn statements_of_a_plan(cascade: &Cascade, database: &Database) -> Result<Vec<Asked>, Failed> {
    *database.log.lock().unwrap_or_else(PoisonError::into_inner) = Some(Vec::new());
    plan(cascade, database).await?;
    let log = database.log.lock().unwrap_or_else(PoisonError::into_inner).take();
    Ok(log.unwrap_or_default())
}

/// How long the statements take alone, their answers read and dropped.
pub fn run_statements(database: &Database, statements: &[Asked]) -> Result<Duration, Failed> {
    let start = Stopwatch::start();
    let mut rows = 0;
    for (edge, parents) in statements {
        rows += database.find(*edge, parents)?.len();
    }
    let took = start.elapsed();
    if (rows as u64) < database.instances - 1 {
        return Err("the statements found less than the plan".into());
    }
    Ok(took)
}
