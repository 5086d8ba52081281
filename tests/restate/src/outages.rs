//! A server that is absent, killed, or away for long; a run that is started twice; a run that is cancelled.
//!
//! Each kill happens once the agents have logged a number of removals that the dice choose. So no kill happens after the end of its
//! run, however fast the machine is.

use std::path::PathBuf;
use std::time::Duration;

use cascade_core::{Delete, Report, RunId};
use cascade_restate::{Client, RestateError};

use crate::agent::Agent;
use crate::dice::Dice;
use crate::graph::{Version, graph, instances};
use crate::kills::{Pair, commands, start_delete};
use crate::port::Port;
use crate::removals::{check, check_once, of_pool};
use crate::server::Server;
use crate::site::{Site, ended};
use crate::undisturbed::Undisturbed;
use crate::wait::until;
use crate::worker::Spec;
use crate::world::{Fact, World};
use crate::{Environment, ensure};

/// Runs in which the server is killed, and kills in each.
const RUNS: usize = 3;
const KILLS: usize = 2;
const ITEMS: usize = 2000;

/// Of the cloud: VMs, runs, and the commands between two kills, at most. Twice that is far below the commands of a run.
const VMS: usize = 200;
const CLOUD_RUNS: usize = 2;
const BETWEEN: u64 = 60;

/// The length of a long outage.
const AWAY: Duration = Duration::from_secs(30);

pub(crate) async fn prove(environment: &Environment) -> Result<(), String> {
    absent().await?;
    killed_cloud(environment).await?;
    let mut scene = Scene::start(environment).await?;
    scene.killed().await?;
    scene.away().await?;
    scene.started_twice().await?;
    scene.cancelled().await
}

async fn absent() -> Result<(), String> {
    let cascade = graph(Version::Whole, 1, &Agent::default())?;
    // The port is reserved, so no program answers there.
    let port = Port::reserve()?;
    let error = Client::connect(&cascade, &port.url()).await.err();
    let Some(error @ RestateError::Unreachable { .. }) = error else {
        return Err(format!("an absent server: {error:?}"));
    };
    println!("an absent server: {error}");
    Ok(())
}

/// Kills the server and starts it again after a while.
async fn kill_server(server: &mut Server, dice: &mut Dice) -> Result<(), String> {
    server.kill();
    // The length of the outage is part of the scenario. Nothing waits for it.
    tokio::time::sleep(Duration::from_millis(dice.below(500))).await;
    server.run().await
}

/// A cloud, whose inventory is the same as without kills.
async fn killed_cloud(environment: &Environment) -> Result<(), String> {
    let undisturbed = Undisturbed::run(environment, VMS)?;
    let mut dice = Dice(5);
    println!(
        "| run | kills of the server | commands | repeated | pairs in order |\n| --- | --- | --- | --- | --- |"
    );
    for run in 1..=CLOUD_RUNS {
        let directory = environment.directory.join(format!("cloud-{run}"));
        let cloud = undisturbed.seeded.copy(directory.clone())?;
        let mut server = Server::start(&environment.server, &directory).await?;
        let _workers = Pair::start(&server, &cloud).await?;
        let mut client = start_delete(&server, &cloud)?;
        let mut distinct = 0;
        for _ in 0..KILLS {
            distinct += 1 + dice.below(BETWEEN) as usize;
            commands(&cloud, &mut client, distinct).await?;
            kill_server(&mut server, &mut dice).await?;
        }
        let compared = undisturbed.compare_report(client).and_then(|()| undisturbed.compare(&cloud));
        let (repeated, pairs) = compared.map_err(|error| format!("{error}, see {}", directory.display()))?;
        println!("| {run} | {KILLS} | {} | {repeated} | {pairs} |", cloud.commands().len());
    }
    println!("in each run, report, inventory, commands and order are those of one process");
    Ok(())
}

struct Scene {
    site: Site,
    log: PathBuf,
    world: World,
}

impl Scene {
    async fn start(environment: &Environment) -> Result<Self, String> {
        let log = environment.directory.join("agent.log");
        let world = World::at(environment.directory.join("world"));
        let latency = Duration::from_millis(20);
        let spec = Spec { latency, steps: 8, log: Some(&log), world: Some(&world), ..Spec::default() };
        Ok(Self { site: Site::start(environment, &spec, "").await?, log, world })
    }

    /// Waits until so many instances of a pool were removed.
    async fn removed(&self, pool: &str, count: usize) -> Result<(), String> {
        let removed = async || Ok((of_pool(&self.log, pool).len() >= count).then_some(()));
        until(&format!("{count} instances of {pool} are removed"), removed).await
    }

    /// A pool whose last step waits until the item is released, so that no kill happens after the end of the run.
    fn hold(&self, pool: &str) -> Result<(), String> {
        self.world.set(&[(Fact::Held, &format!("{pool}/0/0"))])
    }

    fn release(&self) -> Result<(), String> {
        self.world.set(&[])
    }

    /// A repeated call has the key of the first call.
    async fn killed(&mut self) -> Result<(), String> {
        let mut dice = Dice(3);
        println!(
            "| run | kills of the server | calls | repeated, with the same key |\n| --- | --- | --- | --- |"
        );
        for run in 1..=RUNS {
            let pool = format!("killed{run}-{ITEMS}");
            let expected = in_one_process(&pool).await?;
            let plan = self.site.plan("Pool", &pool).await?;
            self.hold(&pool)?;
            let running = tokio::spawn(self.site.client.apply(plan).into_future());
            let mut removed = 0;
            for _ in 0..KILLS {
                removed += 1 + dice.below(ITEMS as u64 / 3) as usize;
                self.removed(&pool, removed).await?;
                kill_server(&mut self.site.server, &mut dice).await?;
            }
            self.release()?;
            let report = ended(running).await?;
            // The two runs differ in their ids.
            let (summary, mut of_one_process) = (report.summary(), expected.summary());
            of_one_process.run.clone_from(&summary.run);
            ensure(summary == of_one_process, || format!("the reports differ:\n{report}\n{expected}"))?;
            let removals = of_pool(&self.log, &pool);
            let repeats = check(&removals, instances(ITEMS))?;
            println!("| {run} | {KILLS} | {} | {repeats} |", removals.len());
        }
        println!(
            "kill -9 of the server, {} times in {RUNS} runs of {ITEMS} items: every run ended, with the report of one \
             process, children first",
            RUNS * KILLS
        );
        Ok(())
    }

    async fn away(&mut self) -> Result<(), String> {
        let pool = format!("away-{ITEMS}");
        let plan = self.site.plan("Pool", &pool).await?;
        self.hold(&pool)?;
        let run = tokio::spawn(self.site.client.apply(plan).into_future());
        self.removed(&pool, ITEMS / 4).await?;
        self.site.server.kill();
        tokio::time::sleep(AWAY).await;
        self.site.server.run().await?;
        self.release()?;
        let report = ended(run).await?;
        ensure(report.is_complete(), || format!("not all is done: {report}"))?;
        let repeats = check(&of_pool(&self.log, &pool), instances(ITEMS))?;
        println!(
            "a server that is away for {AWAY:?}: the run ended, complete, and {repeats} calls were repeated"
        );
        Ok(())
    }

    async fn started_twice(&self) -> Result<(), String> {
        let (pool, id) = ("twice-400", RunId::from("twice"));
        let client = &self.site.client;
        let (first, second) = (self.site.plan("Pool", pool).await?, self.site.plan("Pool", pool).await?);
        let (one, two) = tokio::join!(
            client.apply(first).run_as(id.clone()).into_future(),
            client.apply(second).run_as(id.clone()).into_future()
        );
        let (one, two) = (one.map_err(|error| error.to_string())?, two.map_err(|error| error.to_string())?);
        ensure(one.is_complete() && one.summary() == two.summary(), || format!("{one}\n{two}"))?;
        check_once(&of_pool(&self.log, pool), instances(400))?;
        let other = self.site.plan("Pool", "other-40").await?;
        let error = client.apply(other).run_as(id).await.err();
        ensure(matches!(error, Some(RestateError::OtherPlan { .. })), || format!("{error:?}"))?;
        println!(
            "started twice with one id: both clients get the same report, and no call is repeated; with another plan it \
             is an error"
        );
        Ok(())
    }

    /// An item is held until the run is cancelled, so its group and its pool are not started.
    async fn cancelled(&self) -> Result<(), String> {
        let pool = format!("cancelled-{ITEMS}");
        let apply = self.site.client.apply(self.site.plan("Pool", &pool).await?);
        let id = apply.run_id().clone();
        self.hold(&pool)?;
        let run = tokio::spawn(apply.into_future());
        self.removed(&pool, 1).await?;
        self.site.client.cancel(&id).await.map_err(|error| error.to_string())?;
        self.site.client.cancel(&id).await.map_err(|error| format!("cancelled again: {error}"))?;
        self.release()?;
        let report = ended(run).await?.summary();
        ensure(report.cancelled && report.not_started > 0 && report.done > 0 && report.failed == 0, || {
            format!("{report:?}")
        })?;
        let removals = of_pool(&self.log, &pool);
        ensure(removals.len() == report.done, || {
            format!("the report has {} done, the agents' log {}", report.done, removals.len())
        })?;
        println!(
            "a cancelled run: {} done, {} not started, as in the agents' log",
            report.done, report.not_started
        );
        Ok(())
    }
}

async fn in_one_process(pool: &str) -> Result<Report, String> {
    let cascade = graph(Version::Whole, 1, &Agent::default())?;
    let plan = cascade.plan_named(Delete, "Pool", [pool]).await.map_err(|error| error.to_string())?;
    cascade.apply(plan).await.map_err(|error| error.to_string())
}
