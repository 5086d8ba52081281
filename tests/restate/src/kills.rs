//! `kill -9` of workers. Restate's journal says which steps had ended, and the agents' log says which commands they
//! received.
//!
//! Each kill happens once the agents have received a number of commands that the dice choose. So no kill happens after the end of
//! its run, however fast the machine is.

use std::collections::BTreeSet;
use std::process::Child;
use std::time::Duration;

use crate::cloud::Cloud;
use crate::dice::Dice;
use crate::journal::{ended_steps, named};
use crate::port::Port;
use crate::process::Process;
use crate::server::Server;
use crate::undisturbed::Undisturbed;
use crate::wait::until;
use crate::{Environment, ensure};

const KILLS: usize = 20;

/// The maximum number of kills in one run, so that there are several runs.
const IN_ONE_RUN: usize = 7;

const VMS: usize = 400;

/// The commands between two kills, at most. Seven times this is far below the number of commands of a run.
const BETWEEN: u64 = 40;

/// The longest time that a killed worker stays away, in milliseconds.
const AWAY: u64 = 400;

/// The workers that a kill hits.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Victim {
    /// The worker that runs the workflow.
    Driver,
    /// The other worker.
    Other,
    Both,
}

const VICTIMS: [Victim; 3] = [Victim::Driver, Victim::Other, Victim::Both];

/// Two workers on a cloud, at one address.
pub(crate) struct Pair<'c> {
    cloud: &'c Cloud,
    ingress: String,
    port: Port,
    workers: [Process; 2],
    /// How often a worker had begun or continued a run when the driver was last killed.
    drives_at_kill: usize,
}

const SLOW: [&str; 4] = ["--agent-latency", "300ms", "--steps", "4"];

impl<'c> Pair<'c> {
    pub(crate) async fn start(server: &Server, cloud: &'c Cloud) -> Result<Self, String> {
        let (ingress, port) = (server.ingress(), Port::reserve()?);
        let worker = |name| cloud.worker(name, &ingress, port.address(), &SLOW);
        let workers = [worker("worker-0")?, worker("worker-1")?];
        server.register(&port).await?;
        Ok(Self { cloud, ingress, port, workers, drives_at_kill: 0 })
    }

    /// The lines that workers log when they begin or continue a run, each with its worker. A line begins with its time.
    fn drives(&self) -> Vec<(String, usize)> {
        let of = |at: usize| {
            let log = self.cloud.directory.join(format!("worker-{at}.log"));
            let log = std::fs::read_to_string(log).unwrap_or_default();
            let lines = log.lines().filter(|line| line.contains("driving a run")).map(str::to_owned);
            lines.map(|line| (line, at)).collect::<Vec<_>>()
        };
        let mut drives = [of(0), of(1)].concat();
        drives.sort();
        drives
    }

    /// Waits until a worker runs the workflow, and returns its index.
    async fn driver(&self) -> Result<usize, String> {
        let driver = async || {
            let drives = self.drives();
            let last = drives.last().filter(|_| drives.len() > self.drives_at_kill);
            Ok(last.map(|(_, at)| *at))
        };
        until("a worker runs the workflow", driver).await
    }

    /// Kills workers and returns their indices.
    async fn kill(&mut self, victim: Victim) -> Result<Vec<usize>, String> {
        let driver = self.driver().await?;
        let killed = match victim {
            Victim::Driver => vec![driver],
            Victim::Other => vec![1 - driver],
            Victim::Both => vec![0, 1],
        };
        for &at in &killed {
            self.workers[at].kill();
        }
        if killed.contains(&driver) {
            self.drives_at_kill = self.drives().len();
        }
        Ok(killed)
    }

    fn restart(&mut self, killed: &[usize]) -> Result<(), String> {
        for &at in killed {
            let name = format!("worker-{at}");
            self.workers[at] = self.cloud.worker(&name, &self.ingress, self.port.address(), &SLOW)?;
        }
        Ok(())
    }
}

/// The state at a kill.
struct Kill {
    victim: Victim,
    /// The invocations of steps that had ended.
    ended: BTreeSet<String>,
    /// The number of commands that agents had received.
    commands: usize,
}

pub(crate) async fn prove(environment: &Environment) -> Result<(), String> {
    let undisturbed = Undisturbed::run(environment, VMS)?;
    println!(
        "| run | driver | other | both | had ended, over all kills | repeated commands | pairs in order |"
    );
    println!("| --- | --- | --- | --- | --- | --- | --- |");
    let (mut dice, mut kills, mut runs) = (Dice(7), 0, 0);
    while kills < KILLS {
        let directory = environment.directory.join(format!("run-{runs}"));
        let cloud = undisturbed.seeded.copy(directory.clone())?;
        let server = Server::start(&environment.server, &directory).await?;
        let in_this_run = IN_ONE_RUN.min(KILLS - kills);
        let killed = run_and_kill(&server, &undisturbed, &cloud, &mut dice, in_this_run).await?;
        kills += killed.len();
        runs += 1;
        let audited = audit(&server, &undisturbed, &cloud, &killed).await;
        let (repeated, pairs, ended) =
            audited.map_err(|error| format!("{error}, see {}", directory.display()))?;
        let of = |victim| killed.iter().filter(|kill| kill.victim == victim).count();
        let [driver, other, both] = VICTIMS.map(of);
        println!("| {runs} | {driver} | {other} | {both} | {ended} | {repeated} | {pairs} |");
    }
    println!(
        "{kills} kills in {runs} runs of {} commands: every run ended, complete; report, inventory, commands and order are \
         those of one process, and no command of a step that had ended was repeated",
        undisturbed.commands.len()
    );
    Ok(())
}

/// Returns the repeated commands, the pairs in order, and the instances whose steps had ended, summed over all kills.
async fn audit(
    server: &Server,
    undisturbed: &Undisturbed,
    cloud: &Cloud,
    kills: &[Kill],
) -> Result<(usize, usize, usize), String> {
    let (repeated, pairs) = undisturbed.compare(cloud)?;
    let ended: Vec<&BTreeSet<String>> = kills.iter().map(|kill| &kill.ended).collect();
    let commands = cloud.commands();
    let mut instances = 0;
    for (kill, ended) in kills.iter().zip(named(server, &ended).await?) {
        let since = commands.get(kill.commands..).unwrap_or_default();
        undisturbed.before.check_ended(&ended, since).map_err(|error| error.to_string())?;
        instances += ended.values().map(BTreeSet::len).sum::<usize>();
    }
    Ok((repeated, pairs, instances))
}

/// Deletes the zone and kills workers so many times.
async fn run_and_kill(
    server: &Server,
    undisturbed: &Undisturbed,
    cloud: &Cloud,
    dice: &mut Dice,
    kills: usize,
) -> Result<Vec<Kill>, String> {
    let mut pair = Pair::start(server, cloud).await?;
    let mut client = start_delete(server, cloud)?;
    let mut killed = Vec::new();
    let mut distinct = 0;
    while killed.len() < kills {
        distinct += 1 + dice.below(BETWEEN) as usize;
        commands(cloud, &mut client, distinct).await?;
        let ended = ended_steps(server).await?;
        let victim = VICTIMS[killed.len() % VICTIMS.len()];
        let workers = pair.kill(victim).await?;
        killed.push(Kill { victim, ended, commands: cloud.commands().len() });
        // The length of the outage is part of the scenario. Nothing waits for it.
        tokio::time::sleep(Duration::from_millis(dice.below(AWAY))).await;
        pair.restart(&workers)?;
    }
    undisturbed.compare_report(client)?;
    Ok(killed)
}

/// Starts a client that deletes the zone.
pub(crate) fn start_delete(server: &Server, cloud: &Cloud) -> Result<Child, String> {
    let ingress = server.ingress();
    cloud.start(&["--restate", &ingress, "delete", "Zone", "zone-1", "--yes", "--json"])
}

/// Waits until agents have received so many distinct commands. Fails if the client ends before.
pub(crate) async fn commands(cloud: &Cloud, client: &mut Child, count: usize) -> Result<(), String> {
    let received = async || {
        let distinct: BTreeSet<String> = cloud.commands().into_iter().collect();
        if distinct.len() >= count {
            return Ok(Some(()));
        }
        let status = client.try_wait().map_err(|error| error.to_string())?;
        ensure(status.is_none(), || format!("the run ended before agents received {count} commands"))?;
        Ok(None)
    };
    until(&format!("agents receive {count} commands"), received).await
}
