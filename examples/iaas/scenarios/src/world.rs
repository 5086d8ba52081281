//! A small cloud with its engine.

use std::fmt::Display;

use cascade_core::conformance::Stage;
use cascade_core::{Cascade, CascadeBuilder, Plan, Report, Resource, Roots, StartsFrom};
use iaas_model::agents::{Simulated, Simulation};
use iaas_model::seed::Size;
use iaas_model::write::Writer;
use iaas_model::{Db, Overwrite};
use rusqlite::{Connection, Transaction};
use tempfile::TempDir;

use crate::diff::{Dump, changes, dump, lines};
use crate::integrity::dangling;

/// A small cloud: its inventory in a file of its own, its agents, and its engine.
#[derive(Debug)]
pub struct World {
    /// The inventory.
    pub db: Db,
    /// The agents, which answer at once and record their commands.
    pub agents: Simulated,
    /// The engine.
    pub cascade: Cascade,
    before: Dump,
    _directory: TempDir,
}

impl World {
    /// A cloud of this size.
    pub fn seeded(size: Size) -> Self {
        Self::filled(|transaction| iaas_model::seed::fill(transaction, size))
    }

    /// A cloud that `fill` fills.
    pub fn new(fill: impl FnOnce(&Writer<'_>) -> rusqlite::Result<()>) -> Self {
        Self::filled(|transaction| fill(&Writer::new(transaction)))
    }

    /// The same cloud with agents of another kind.
    #[must_use]
    pub fn with_agents(mut self, simulation: Simulation) -> Self {
        self.agents = Simulated::new(simulation);
        self.cascade = engine(&self.db, &self.agents);
        self
    }

    fn filled(fill: impl FnOnce(&Transaction<'_>) -> rusqlite::Result<()>) -> Self {
        let directory = TempDir::new().expect("a temporary directory");
        let path = directory.path().join("iaas.db");
        let db = Db::create(&path, Overwrite::No, fill).expect("a new inventory");
        let agents = Simulated::new(Simulation::default());
        let cascade = engine(&db, &agents);
        let mut world = Self { db, agents, cascade, before: Dump::new(), _directory: directory };
        world.before = world.dump();
        assert_eq!(world.dangling(), [""; 0], "the topology has no dangling reference");
        world
    }

    /// Plans an operation.
    pub async fn plan<O, R>(&self, operation: O, roots: Roots<R>) -> Plan
    where
        O: StartsFrom<R>,
        R: Resource,
    {
        self.cascade.plan(operation, roots).await.unwrap_or_else(|error| panic!("{error}"))
    }

    /// The objections to an operation, each as the instance and the reason.
    pub async fn vetoes<O, R>(&self, operation: O, roots: Roots<R>) -> Vec<String>
    where
        O: StartsFrom<R>,
        R: Resource,
    {
        let plan = self.plan(operation, roots).await;
        plan.vetoes().iter().map(|veto| format!("{}: {}", veto.instance.text, veto.reason)).collect()
    }

    /// Applies an operation and expects it to complete.
    pub async fn run<O, R>(&self, operation: O, roots: Roots<R>)
    where
        O: StartsFrom<R>,
        R: Resource,
    {
        let report = self.try_run(operation, roots).await;
        assert!(report.is_complete(), "{report}");
        assert_eq!(self.dangling(), [""; 0], "no row refers to a removed one");
    }

    /// Applies an operation, with any result.
    pub async fn try_run<O, R>(&self, operation: O, roots: Roots<R>) -> Report
    where
        O: StartsFrom<R>,
        R: Resource,
    {
        let plan = self.plan(operation, roots).await;
        self.cascade.apply(plan).await.unwrap_or_else(|error| panic!("{error}"))
    }

    /// The changes since the last call, or since the start.
    pub fn changes(&mut self) -> String {
        let now = self.dump();
        let before = std::mem::replace(&mut self.before, now);
        changes(&before, &self.before)
    }

    /// The world as a stage of the conformance kit.
    pub fn into_stage(self) -> Stage {
        let builder = builder(&self.db, &self.agents);
        Stage::new(builder, move || std::future::ready(lines(&self.dump())))
    }

    /// The commands of agents since the last call, or since the start.
    pub fn commands(&self) -> Vec<String> {
        self.agents.take_done().iter().map(ToString::to_string).collect()
    }

    /// Changes the inventory with SQL, like a user or another service.
    pub fn by_hand(&self, sql: &str) {
        self.connection().execute_batch(sql).unwrap_or_else(|error| panic!("{sql}: {error}"));
    }

    /// One value of the inventory.
    pub fn value(&self, sql: &str) -> String {
        let value = self.connection().query_row(sql, [], |row| row.get::<_, Option<String>>(0));
        value.unwrap_or_else(|error| panic!("{sql}: {error}")).unwrap_or_else(|| String::from("NULL"))
    }

    /// The number of rows that match a condition.
    pub fn count(&self, from: impl Display) -> u64 {
        let sql = format!("SELECT count(*) FROM {from}");
        self.connection()
            .query_row(&sql, [], |row| row.get(0))
            .unwrap_or_else(|error| panic!("{sql}: {error}"))
    }

    /// Starts a stopped VM on a suitable host, like the cloud's scheduler. Returns the host, if there is one.
    pub fn start(&self, vm: &str) -> Option<String> {
        let target = "SELECT host.id FROM host JOIN cluster ON cluster.id = host.cluster_id
            JOIN vm_instance AS vm ON vm.zone_id = cluster.zone_id
            WHERE vm.id = ?1 AND vm.state = 'Stopped' AND host.deleted = 0 AND cluster.deleted = 0
                AND NOT EXISTS (SELECT 1 FROM volume WHERE volume.owner_id = vm.id AND NOT EXISTS (
                    SELECT 1 FROM primary_storage_cluster_ref AS attached
                    WHERE attached.primary_storage_id = volume.primary_storage_id
                        AND attached.cluster_id = cluster.id))
                AND NOT EXISTS (SELECT 1 FROM nic JOIN l3_network AS l3 ON l3.id = nic.l3_network_id
                    WHERE nic.owner_id = vm.id AND NOT EXISTS (
                        SELECT 1 FROM l2_network_cluster_ref AS attached
                        WHERE attached.l2_network_id = l3.l2_network_id AND attached.cluster_id = cluster.id))
            ORDER BY host.id LIMIT 1";
        let connection = self.connection();
        let host: String = connection.query_row(target, [vm], |row| row.get(0)).ok()?;
        let start = "UPDATE vm_instance SET state = 'Running', host_id = ?2, last_host_id = ?2,
            cluster_id = (SELECT cluster_id FROM host WHERE id = ?2) WHERE id = ?1";
        connection.execute(start, [vm, &host]).expect("the VM starts");
        Some(host)
    }

    /// Stops a VM, like its user.
    pub fn stop(&self, vm: &str) {
        self.by_hand(&format!("UPDATE vm_instance SET state = 'Stopped', host_id = NULL WHERE id = '{vm}'"));
    }

    fn dump(&self) -> Dump {
        dump(&self.connection()).expect("the inventory can be read")
    }

    /// The references to missing rows: none, unless there is an error.
    pub fn dangling(&self) -> Vec<String> {
        dangling(&self.connection()).expect("the inventory can be read")
    }

    fn connection(&self) -> Connection {
        Connection::open(self.db.path()).expect("the inventory can be opened")
    }
}

fn builder(db: &Db, agents: &Simulated) -> CascadeBuilder {
    Cascade::linked().provide(db.clone()).provide(agents.agents())
}

fn engine(db: &Db, agents: &Simulated) -> Cascade {
    let cascade = builder(db, agents).build();
    cascade.unwrap_or_else(|error| panic!("{error}"))
}
