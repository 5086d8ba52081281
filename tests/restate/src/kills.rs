//! `kill -9` of workers, at random moments. Restate's own journal says which steps had ended, and the agents' log says
//! what was done.

use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;
use std::time::Duration;

use serde_json::Value;

use crate::cloud::{Cloud, LIMIT, document};
use crate::process::{Process, output, text};
use crate::server::{Server, free_port};
use crate::{Setting, ensure};

const KILLS: u32 = 20;
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
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Victim {
    Driver,
    Other,
    Both,
}

const VICTIMS: [Victim; 3] = [Victim::Driver, Victim::Other, Victim::Both];

struct Pair<'c> {
    cloud: &'c Cloud,
    listen: SocketAddr,
    workers: [Process; 2],
}

const SLOW: [&str; 4] = ["--agent-latency", "300ms", "--steps", "4"];

impl<'c> Pair<'c> {
    fn start(cloud: &'c Cloud, listen: SocketAddr) -> Result<Self, String> {
        let workers = [cloud.worker("worker-0", listen, &SLOW)?, cloud.worker("worker-1", listen, &SLOW)?];
        Ok(Self { cloud, listen, workers })
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
            self.workers[at] = self.cloud.worker(&format!("worker-{at}"), self.listen, &SLOW)?;
        }
        Ok(())
    }
}

/// What had ended when workers were killed, and how many commands agents had carried out then.
struct Death {
    ended: BTreeSet<String>,
    commands: usize,
}

pub(crate) async fn prove(setting: &Setting) -> Result<(), String> {
    let seeded = Cloud::seed(&setting.iaas, setting.directory.join("seeded"), VMS)?;
    let alone = seeded.copy(setting.directory.join("alone"))?;
    alone.run(&["--agent-log", "agents.log", "delete", "Zone", "zone-1", "--yes"])?;
    let expected: BTreeSet<String> = alone.agents().into_iter().collect();
    let rows = alone.rows()?;

    let (mut dice, mut counts) = (Dice(7), BTreeMap::<Victim, u32>::new());
    let (mut kills, mut runs, mut repeated) = (0, 0, 0);
    while kills < KILLS {
        let directory = setting.directory.join(format!("run-{runs}"));
        let cloud = seeded.copy(directory.clone())?;
        let server = Server::start(&setting.server, &directory).await?;
        let deaths = run_and_kill(&server, &cloud, &mut dice, kills, &mut counts).await?;
        kills += deaths.len() as u32;
        runs += 1;
        let told = cloud.agents();
        let what = || format!("see {}", directory.display());
        ensure(told.iter().cloned().collect::<BTreeSet<_>>() == expected, || {
            format!("agents were told other things, {}", what())
        })?;
        ensure(cloud.rows()? == rows, || format!("the inventory differs, {}", what()))?;
        repeated += told.len() - expected.len();
        check_order(&told)?;
        check_repeats(&server, &deaths, &told).await?;
    }
    for victim in VICTIMS {
        let name = match victim {
            Victim::Driver => "the worker that runs the workflow",
            Victim::Other => "the other worker",
            Victim::Both => "both workers",
        };
        println!("killed {:>2} times: {name}", counts.get(&victim).copied().unwrap_or_default());
    }
    println!(
        "{kills} kills in {runs} runs of {} commands: every run ended, complete; 0 commands of ended steps came again, \
         {repeated} of steps that were under way did",
        expected.len()
    );
    Ok(())
}

/// Deletes the zone while workers are killed. Answers what had ended at each death.
async fn run_and_kill(
    server: &Server,
    cloud: &Cloud,
    dice: &mut Dice,
    kills: u32,
    counts: &mut BTreeMap<Victim, u32>,
) -> Result<Vec<Death>, String> {
    let listen = SocketAddr::from(([127, 0, 0, 1], free_port()?));
    let mut pair = Pair::start(cloud, listen)?;
    server.register(listen).await?;
    let ingress = server.ingress();
    let mut client = cloud.start(&["--restate", &ingress, "delete", "Zone", "zone-1", "--yes", "--json"])?;
    let mut deaths = Vec::new();
    while begun(server).await? == 0 {
        tokio::time::sleep(Duration::from_millis(10)).await;
        if client.try_wait().map_err(|error| error.to_string())?.is_some() {
            break;
        }
    }
    loop {
        tokio::time::sleep(Duration::from_millis(100 + dice.below(900))).await;
        if client.try_wait().map_err(|error| error.to_string())?.is_some() {
            break;
        }
        let ended = ended(server).await?;
        let victim = VICTIMS[(kills as usize + deaths.len()) % VICTIMS.len()];
        let killed = pair.kill(victim);
        *counts.entry(victim).or_default() += 1;
        deaths.push(Death { ended, commands: cloud.agents().len() });
        tokio::time::sleep(Duration::from_millis(dice.below(400))).await;
        pair.start_again(&killed)?;
    }
    let output = output(client, LIMIT)?;
    ensure(output.status.success(), || format!("the run did not end well: {}", text(&output)))?;
    let report = document(&String::from_utf8_lossy(&output.stdout))?;
    ensure(report["failed"] == 0 && report["not_started"] == 0, || format!("not all is done: {report}"))?;
    Ok(deaths)
}

/// How many steps have begun.
pub(crate) async fn begun(server: &Server) -> Result<u64, String> {
    let sql = "SELECT count(*) AS n FROM sys_invocation WHERE target_service_name LIKE 'Step.%' \
               AND target_handler_name IN ('destroy', 'remove')";
    let rows = server.query(sql).await?;
    Ok(rows.first().and_then(|row| row["n"].as_u64()).unwrap_or_default())
}

/// The invocations of steps that have ended.
async fn ended(server: &Server) -> Result<BTreeSet<String>, String> {
    let sql =
        "SELECT id FROM sys_invocation WHERE target_service_name LIKE 'Step.%' AND status = 'completed'";
    let rows = server.query(sql).await?;
    Ok(rows.iter().filter_map(|row| row["id"].as_str().map(str::to_owned)).collect())
}

/// No command of a step that had ended at a death comes after it.
async fn check_repeats(server: &Server, deaths: &[Death], told: &[String]) -> Result<(), String> {
    let steps = steps(server).await?;
    for death in deaths {
        let ended: Vec<&(String, String, BTreeSet<String>)> =
            death.ended.iter().filter_map(|invocation| steps.get(invocation)).collect();
        for command in &told[death.commands.min(told.len())..] {
            let belongs = ended.iter().any(|(resource, effect, ids)| {
                let Some((verb, id)) = command.split_once(' ') else { return false };
                let is_step = match verb {
                    "destroy-vm" => {
                        ["VmInstance", "ApplianceVm"].contains(&&**resource) && effect == "destroy"
                    }
                    "delete-vtep" => resource == "Vtep" && effect == "remove",
                    _ => false,
                };
                is_step && ids.contains(id)
            });
            ensure(!belongs, || format!("`{command}` came again, though its step had ended"))?;
        }
    }
    ensure(!steps.is_empty(), || String::from("the journal names no step"))
}

/// The steps that runs called, by their invocations: resource, effect, ids.
async fn steps(server: &Server) -> Result<BTreeMap<String, (String, String, BTreeSet<String>)>, String> {
    let sql = "SELECT j.entry_json AS entry FROM sys_journal j JOIN sys_invocation i ON i.id = j.id \
               WHERE i.target_service_name = 'Cascade' AND i.target_handler_name = 'run' \
               AND j.entry_type = 'Command: Call'";
    let mut steps = BTreeMap::new();
    for row in server.query(sql).await? {
        let entry: Value =
            row["entry"].as_str().and_then(|text| serde_json::from_str(text).ok()).unwrap_or_default();
        let request = &entry["Command"]["Call"]["request"];
        let bytes = request["parameter"].as_array().map(|bytes| {
            bytes
                .iter()
                .filter_map(Value::as_u64)
                .filter_map(|byte| u8::try_from(byte).ok())
                .collect::<Vec<u8>>()
        });
        let message: Value = serde_json::from_slice(&bytes.unwrap_or_default()).unwrap_or_default();
        let call = &message["call"];
        if let (Some(id), Some(resource), Some(effect)) =
            (request["invocation_id"].as_str(), call["resource"].as_str(), call["effect"].as_str())
        {
            let ids = call["ids"].as_array().into_iter().flatten();
            let ids = ids.filter_map(|id| id.as_str().map(str::to_owned)).collect();
            steps.insert(id.to_owned(), (resource.to_owned(), effect.to_owned(), ids));
        }
    }
    Ok(steps)
}

/// Services are given up before the router that gives them is destroyed.
pub(crate) fn check_order(commands: &[String]) -> Result<(), String> {
    let mut destroyed = BTreeSet::new();
    for command in commands {
        if let Some(id) = command.strip_prefix("destroy-vm ") {
            destroyed.insert(id);
        } else if let Some(of) = command.strip_prefix("release-service ") {
            let router = of.split(' ').next_back().unwrap_or_default();
            ensure(!destroyed.contains(router), || format!("`{command}` after {router} was destroyed"))?;
        }
    }
    Ok(())
}
