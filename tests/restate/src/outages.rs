//! A server that is not there, that is killed, that goes away; a run that is started twice; a run that is cancelled.

use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;
use std::path::Path;
use std::time::{Duration, Instant};

use cascade_core::{Delete, Plan, Report, RunId};
use cascade_restate::{Client, RestateError};

use crate::kills::Dice;
use crate::own::{self, Agent, GROUP, Spec, Version};
use crate::server::{Server, free_port};
use crate::{Setting, ensure};

const KILLS: usize = 5;
const ITEMS: usize = 2000;

pub(crate) async fn prove(setting: &Setting) -> Result<(), String> {
    absent(setting).await?;
    let log = setting.directory.join("agent.log");
    let mut server = Server::start(&setting.server, &setting.directory).await?;
    let listen = SocketAddr::from(([127, 0, 0, 1], free_port()?));
    let spec = Spec { latency: Duration::from_millis(20), steps: 8, log: Some(&log), ..Spec::default() };
    let output = setting.directory.join("worker.log");
    let _workers = [own::start(&spec, listen, &output)?, own::start(&spec, listen, &output)?];
    server.register(listen).await?;
    let cascade = own::graph(Version::Whole, 1, &Agent::default())?;
    let client = Client::connect(&cascade, &server.ingress()).await.map_err(|error| error.to_string())?;
    killed(&mut server, &client, &log).await?;
    away(&mut server, &client, &log).await?;
    twice(&client, &log).await?;
    cancelled(&client, &log).await
}

async fn absent(setting: &Setting) -> Result<(), String> {
    let cascade = own::graph(Version::Whole, 1, &Agent::default())?;
    let address = format!("http://127.0.0.1:{}", free_port()?);
    let since = Instant::now();
    let error = Client::connect(&cascade, &address).await.err().map(|error| error.to_string());
    let error = error.ok_or("a server that is not there answers")?;
    ensure(error.contains("does not answer") && since.elapsed() < Duration::from_secs(10), || error.clone())?;
    let _ = setting;
    println!("a server that is not there: {error}");
    Ok(())
}

async fn plan(client: &Client, pool: &str) -> Result<Plan, String> {
    client.plan_named(Delete, "Pool", [pool]).await.map_err(|error| error.to_string())
}

/// Each line of the agent's log: what was removed, and with which key.
fn told(log: &Path, pool: &str) -> Vec<(String, String)> {
    let log = std::fs::read_to_string(log).unwrap_or_default();
    let own = log
        .lines()
        .filter(|line| line.starts_with(&format!("{pool}/")) || line.starts_with(&format!("{pool} ")));
    let parts = own.filter_map(|line| {
        let mut words = line.split(' ');
        Some((words.next()?.to_owned(), words.next()?.to_owned()))
    });
    parts.collect()
}

/// All was removed, children first, and every repeat had the key of the first time. Answers how many repeats there were.
fn check(told: &[(String, String)], pool: &str, items: usize) -> Result<usize, String> {
    let (mut first, mut last, mut keys) = (BTreeMap::new(), BTreeMap::new(), BTreeMap::new());
    for (at, (id, key)) in told.iter().enumerate() {
        first.entry(id.as_str()).or_insert(at);
        last.insert(id.as_str(), at);
        let known: &mut BTreeSet<&str> = keys.entry(id.as_str()).or_default();
        known.insert(key.as_str());
    }
    let all = items + items / GROUP + 1;
    ensure(first.len() == all, || format!("{} of {all} were removed", first.len()))?;
    ensure(keys.values().all(|keys| keys.len() == 1), || String::from("a repeat had another key"))?;
    let distinct: BTreeSet<&&str> = keys.values().flatten().collect();
    ensure(distinct.len() == all, || String::from("two instances had one key"))?;
    for (id, at) in &last {
        let Some((parent, _)) = id.rsplit_once('/') else { continue };
        let parent_first = first.get(parent).copied().unwrap_or_default();
        ensure(*at < parent_first, || format!("{parent} was removed before {id}, which hangs off it"))?;
    }
    let _ = pool;
    Ok(told.len() - all)
}

async fn killed(server: &mut Server, client: &Client, log: &Path) -> Result<(), String> {
    let (mut dice, mut kills, mut repeats, mut runs) = (Dice(3), 0, 0, 0);
    while kills < KILLS {
        let pool = format!("killed{runs}-{ITEMS}");
        runs += 1;
        let run = tokio::spawn(client.apply(plan(client, &pool).await?).into_future());
        loop {
            tokio::time::sleep(Duration::from_millis(400 + dice.below(1500))).await;
            if run.is_finished() || kills == KILLS {
                break;
            }
            server.kill();
            kills += 1;
            tokio::time::sleep(Duration::from_millis(dice.below(500))).await;
            server.run().await?;
        }
        let report = ended(run).await?;
        ensure(report.is_complete(), || format!("not all is done: {report}"))?;
        repeats += check(&told(log, &pool), &pool, ITEMS)?;
    }
    println!(
        "kill -9 of the server, {kills} times in {runs} runs of {ITEMS} items: every run ended, complete, children first; \
         {repeats} calls came twice, each with the key of the first time"
    );
    Ok(())
}

async fn ended(run: tokio::task::JoinHandle<Result<Report, RestateError>>) -> Result<Report, String> {
    let limited = tokio::time::timeout(Duration::from_mins(5), run).await;
    let report = limited.map_err(|_| "the run does not end")?.map_err(|error| error.to_string())?;
    report.map_err(|error| error.to_string())
}

async fn away(server: &mut Server, client: &Client, log: &Path) -> Result<(), String> {
    let pool = format!("away-{ITEMS}");
    let run = tokio::spawn(client.apply(plan(client, &pool).await?).into_future());
    tokio::time::sleep(Duration::from_millis(1500)).await;
    server.kill();
    tokio::time::sleep(Duration::from_secs(30)).await;
    server.run().await?;
    let report = ended(run).await?;
    ensure(report.is_complete(), || format!("not all is done: {report}"))?;
    let repeats = check(&told(log, &pool), &pool, ITEMS)?;
    println!("a server that went away for 30 seconds: the run ended, complete, {repeats} calls came twice");
    Ok(())
}

async fn twice(client: &Client, log: &Path) -> Result<(), String> {
    let pool = format!("twice-{}", 400);
    let id = RunId::from("twice");
    let first = plan(client, &pool).await?;
    let second = plan(client, &pool).await?;
    let (one, two) = tokio::join!(
        client.apply(first).run_as(id.clone()).into_future(),
        client.apply(second).run_as(id.clone()).into_future()
    );
    let (one, two) = (one.map_err(|error| error.to_string())?, two.map_err(|error| error.to_string())?);
    ensure(one.is_complete() && one.summary() == two.summary(), || format!("{one}\n{two}"))?;
    let repeats = check(&told(log, &pool), &pool, 400)?;
    ensure(repeats == 0, || format!("{repeats} calls came twice"))?;
    let other = plan(client, "other-40").await?;
    let error = client.apply(other).run_as(id).await.err();
    ensure(matches!(error, Some(RestateError::OtherPlan { .. })), || format!("{error:?}"))?;
    println!(
        "started twice under one id: both have the one report, nothing ran twice; with another plan it is an error"
    );
    Ok(())
}

async fn cancelled(client: &Client, log: &Path) -> Result<(), String> {
    let pool = format!("cancelled-{ITEMS}");
    let apply = client.apply(plan(client, &pool).await?);
    let id = apply.run_id().clone();
    let run = tokio::spawn(apply.into_future());
    tokio::time::sleep(Duration::from_millis(1500)).await;
    client.cancel(&id).await.map_err(|error| error.to_string())?;
    client.cancel(&id).await.map_err(|error| format!("cancelled once more: {error}"))?;
    let report = ended(run).await?.summary();
    let told = told(log, &pool);
    ensure(report.cancelled && report.not_started > 0 && report.done > 0 && report.failed == 0, || {
        format!("{report:?}")
    })?;
    ensure(told.len() == report.done, || {
        format!("the report says {} done, and the agent did {}", report.done, told.len())
    })?;
    println!(
        "cancelled in the middle: {} done, {} not started, as the agent's own log has it",
        report.done, report.not_started
    );
    Ok(())
}
