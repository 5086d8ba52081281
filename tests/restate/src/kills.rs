//! `kill -9` of workers, at random moments. Restate's own journal says which steps had ended, and the agents' log says
//! what was done.

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::process::Child;
use std::time::Duration;

use iaas_audit::{Before, Pairs};
use serde_json::Value;

use crate::cloud::{Cloud, LIMIT, document};
use crate::journal::{begun, ended, named};
use crate::process::{Process, output, text};
use crate::server::{Server, free_port};
use crate::{Setting, ensure};

const KILLS: usize = 20;

/// In one run, at most: so that there are several, and each comes to its end.
const IN_ONE_RUN: usize = 7;

const VMS: usize = 400;

/// Always the same throws for a seed.
pub(crate) struct Dice(pub(crate) u64);

impl Dice {
    pub(crate) fn below(&mut self, count: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % count
    }
}

/// Who was killed, in turn.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Victim {
    Driver,
    Other,
    Both,
}

const VICTIMS: [Victim; 3] = [Victim::Driver, Victim::Other, Victim::Both];

/// Two workers on a cloud, at one address.
pub(crate) struct Pair<'c> {
    cloud: &'c Cloud,
    ingress: String,
    listen: SocketAddr,
    workers: [Process; 2],
}

const SLOW: [&str; 4] = ["--agent-latency", "300ms", "--steps", "4"];

impl<'c> Pair<'c> {
    pub(crate) async fn start(server: &Server, cloud: &'c Cloud) -> Result<Self, String> {
        let listen = SocketAddr::from(([127, 0, 0, 1], free_port()?));
        let ingress = server.ingress();
        let worker = |name| cloud.worker(name, &ingress, listen, &SLOW);
        let workers = [worker("worker-0")?, worker("worker-1")?];
        server.register(listen).await?;
        Ok(Self { cloud, ingress, listen, workers })
    }

    /// The worker that runs the workflow: the last that said so, if it lives.
    fn driver(&self) -> usize {
        let mut last = (String::new(), 0);
        for (at, worker) in self.workers.iter().enumerate() {
            let log = self.cloud.directory.join(format!("worker-{at}.log"));
            let log = std::fs::read_to_string(log).unwrap_or_default();
            let process = format!("process={}", worker.id());
            let said = log.lines().rfind(|line| line.contains("driving a run") && line.contains(&process));
            // A line begins with its time.
            last = last.max((said.unwrap_or_default().to_owned(), at));
        }
        last.1
    }

    fn kill(&mut self, victim: Victim) -> Vec<usize> {
        let driver = self.driver();
        let killed = match victim {
            Victim::Driver => vec![driver],
            Victim::Other => vec![1 - driver],
            Victim::Both => vec![0, 1],
        };
        for &at in &killed {
            self.workers[at].kill();
        }
        killed
    }

    fn start_again(&mut self, killed: &[usize]) -> Result<(), String> {
        for &at in killed {
            self.workers[at] =
                self.cloud.worker(&format!("worker-{at}"), &self.ingress, self.listen, &SLOW)?;
        }
        Ok(())
    }
}

/// What had ended when workers were killed, and how many commands agents had carried out then.
struct Death {
    victim: Victim,
    ended: BTreeSet<String>,
    commands: usize,
}

pub(crate) async fn prove(setting: &Setting) -> Result<(), String> {
    let undisturbed = Undisturbed::run(setting, VMS)?;
    println!(
        "| run | driver | other | both | had ended, over all deaths | commands again | pairs in order |"
    );
    println!("| --- | --- | --- | --- | --- | --- | --- |");
    let (mut dice, mut kills, mut runs) = (Dice(7), 0, 0);
    while kills < KILLS {
        let directory = setting.directory.join(format!("run-{runs}"));
        let cloud = undisturbed.seeded.copy(directory.clone())?;
        let server = Server::start(&setting.server, &directory).await?;
        let deaths = run_and_kill(&server, &undisturbed, &cloud, &mut dice, kills).await?;
        kills += deaths.len();
        runs += 1;
        let audited = async {
            let (again, pairs) = undisturbed.compare(&cloud)?;
            let ended: Vec<&BTreeSet<String>> = deaths.iter().map(|death| &death.ended).collect();
            let told = cloud.agents();
            let mut instances = 0;
            for (death, ended) in deaths.iter().zip(named(&server, &ended).await?) {
                let since = told.get(death.commands..).unwrap_or_default();
                undisturbed.before.check_ended(&ended, since).map_err(|error| error.to_string())?;
                instances += ended.values().map(BTreeSet::len).sum::<usize>();
            }
            Ok((again, pairs, instances))
        };
        let audited: Result<(usize, usize, usize), String> = audited.await;
        let (again, pairs, ended) =
            audited.map_err(|error| format!("{error}, see {}", directory.display()))?;
        let of = |victim| deaths.iter().filter(|death| death.victim == victim).count();
        let [driver, other, both] = VICTIMS.map(of);
        println!("| {runs} | {driver} | {other} | {both} | {ended} | {again} | {pairs} |");
    }
    println!(
        "{kills} kills in {runs} runs of {} commands: every run ended, complete; report, inventory, commands and order are \
         those of one process, and no command of a step that had ended came again",
        undisturbed.commands.len()
    );
    Ok(())
}

/// What a deletion by one process leaves that nobody kills.
pub(crate) struct Undisturbed {
    pub(crate) seeded: Cloud,
    pub(crate) before: Before,
    report: Value,
    rows: Vec<String>,
    commands: BTreeSet<String>,
    pairs: Pairs,
}

impl Undisturbed {
    pub(crate) fn run(setting: &Setting, vms: usize) -> Result<Self, String> {
        let seeded = Cloud::seed(&setting.iaas, setting.directory.join("seeded"), vms)?;
        let before = seeded.audited()?;
        let alone = seeded.copy(setting.directory.join("alone"))?;
        let report =
            alone.run(&["--agent-log", "agents.log", "delete", "Zone", "zone-1", "--yes", "--json"])?;
        let (commands, pairs) = (alone.agents(), alone.in_order(&before)?);
        ensure(pairs.agents >= 100 && pairs.inventory >= 1000, || format!("hardly any order: {pairs:?}"))?;
        let (report, rows) = (document(&report)?, alone.rows()?);
        Ok(Self { seeded, before, report, rows, commands: commands.into_iter().collect(), pairs })
    }

    /// A run that was disturbed has left the same, in the same order. Answers how many commands came again, and how many
    /// pairs of entries of both logs were in order.
    pub(crate) fn compare(&self, cloud: &Cloud) -> Result<(usize, usize), String> {
        let told = cloud.agents();
        let commands: BTreeSet<String> = told.iter().cloned().collect();
        ensure(commands == self.commands, || String::from("agents were told other things"))?;
        ensure(cloud.rows()? == self.rows, || String::from("the inventory differs"))?;
        let pairs = cloud.in_order(&self.before)?;
        ensure(pairs == self.pairs, || format!("{pairs:?} in the place of {:?}", self.pairs))?;
        Ok((told.len() - commands.len(), pairs.agents + pairs.inventory))
    }

    /// The client's end, and its report.
    pub(crate) fn compare_report(&self, client: Child) -> Result<(), String> {
        let output = output(client, LIMIT)?;
        ensure(output.status.success(), || format!("the run did not end well: {}", text(&output)))?;
        let report = document(&String::from_utf8_lossy(&output.stdout))?;
        ensure(report == self.report, || format!("the reports differ:\n{report}\n{}", self.report))
    }
}

/// Deletes the zone while workers are killed. Answers what had ended at each death.
async fn run_and_kill(
    server: &Server,
    undisturbed: &Undisturbed,
    cloud: &Cloud,
    dice: &mut Dice,
    kills: usize,
) -> Result<Vec<Death>, String> {
    let mut pair = Pair::start(server, cloud).await?;
    let mut client = start_delete(server, cloud).await?;
    let mut deaths = Vec::new();
    while deaths.len() < IN_ONE_RUN.min(KILLS - kills) {
        tokio::time::sleep(Duration::from_millis(100 + dice.below(2000))).await;
        if client.try_wait().map_err(|error| error.to_string())?.is_some() {
            break;
        }
        let ended = ended(server).await?;
        let victim = VICTIMS[(kills + deaths.len()) % VICTIMS.len()];
        let killed = pair.kill(victim);
        deaths.push(Death { victim, ended, commands: cloud.agents().len() });
        tokio::time::sleep(Duration::from_millis(dice.below(400))).await;
        pair.start_again(&killed)?;
    }
    undisturbed.compare_report(client)?;
    Ok(deaths)
}

/// Starts to delete the zone; answers once steps have begun, or it has ended.
pub(crate) async fn start_delete(server: &Server, cloud: &Cloud) -> Result<Child, String> {
    let ingress = server.ingress();
    let mut client = cloud.start(&["--restate", &ingress, "delete", "Zone", "zone-1", "--yes", "--json"])?;
    while begun(server).await? == 0 {
        tokio::time::sleep(Duration::from_millis(10)).await;
        if client.try_wait().map_err(|error| error.to_string())?.is_some() {
            break;
        }
    }
    Ok(client)
}
