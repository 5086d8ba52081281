//! A server that is not there, that is killed, that goes away; a run that is started twice; a run that is cancelled.

use std::path::Path;
use std::time::{Duration, Instant};

use cascade_core::{Delete, Report, RunId};
use cascade_restate::{Client, RestateError};

use crate::kills::{Dice, Pair, Undisturbed, start_delete};
use crate::own::{self, Agent, Spec, Version};
use crate::server::{Server, free_port};
use crate::site::{Site, check, ended, instances, told};
use crate::{Setting, ensure};

const KILLS: usize = 5;
const ITEMS: usize = 2000;

/// Of the cloud.
const VMS: usize = 200;
const CLOUD_RUNS: usize = 2;

pub(crate) async fn prove(setting: &Setting) -> Result<(), String> {
    absent().await?;
    killed_cloud(setting).await?;
    let log = setting.directory.join("agent.log");
    let spec = Spec { latency: Duration::from_millis(20), steps: 8, log: Some(&log), ..Spec::default() };
    let mut site = Site::start(setting, &spec, "").await?;
    killed(&mut site, &log).await?;
    away(&mut site, &log).await?;
    twice(&site, &log).await?;
    cancelled(&site, &log).await
}

async fn absent() -> Result<(), String> {
    let cascade = own::graph(Version::Whole, 1, &Agent::default())?;
    let address = format!("http://127.0.0.1:{}", free_port()?);
    let since = Instant::now();
    let error = Client::connect(&cascade, &address).await.err().map(|error| error.to_string());
    let error = error.ok_or("a server that is not there answers")?;
    ensure(error.contains("does not answer") && since.elapsed() < Duration::from_secs(10), || error.clone())?;
    println!("a server that is not there: {error}");
    Ok(())
}

/// So often in runs of their own, at random moments, once or twice in each: the keys of repeats are those of the first time.
async fn killed(site: &mut Site, log: &Path) -> Result<(), String> {
    let (mut dice, mut kills, mut runs) = (Dice(3), 0, 0);
    println!(
        "| run | kills of the server | calls | came twice, with the same key |\n| --- | --- | --- | --- |"
    );
    while kills < KILLS {
        let pool = format!("killed{runs}-{ITEMS}");
        runs += 1;
        let expected = in_one_process(&pool).await?;
        let run = tokio::spawn(site.client.apply(site.plan("Pool", &pool).await?).into_future());
        let mut here = 0;
        for _ in 0..=dice.below(2) {
            tokio::time::sleep(Duration::from_millis(200 + dice.below(1200))).await;
            if run.is_finished() {
                break;
            }
            kill_server(&mut site.server, &mut dice).await?;
            here += 1;
        }
        let report = ended(run).await?;
        ensure(report.summary() == expected.summary(), || {
            format!("the reports differ:\n{report}\n{expected}")
        })?;
        let told = told(log, &pool);
        let repeats = check(&told, instances(ITEMS))?;
        println!("| {runs} | {here} | {} | {repeats} |", told.len());
        kills += here;
    }
    println!(
        "kill -9 of the server, {kills} times in {runs} runs of {ITEMS} items: every run ended, with the report of one \
         process, children first"
    );
    Ok(())
}

async fn in_one_process(pool: &str) -> Result<Report, String> {
    let cascade = own::graph(Version::Whole, 1, &Agent::default())?;
    let plan = cascade.plan_named(Delete, "Pool", [pool]).await.map_err(|error| error.to_string())?;
    cascade.apply(plan).await.map_err(|error| error.to_string())
}

async fn kill_server(server: &mut Server, dice: &mut Dice) -> Result<(), String> {
    server.kill();
    tokio::time::sleep(Duration::from_millis(dice.below(500))).await;
    server.run().await
}

/// The same with the cloud: repeats leave its inventory as it would be without them.
async fn killed_cloud(setting: &Setting) -> Result<(), String> {
    let undisturbed = Undisturbed::run(setting, VMS)?;
    let mut dice = Dice(5);
    println!(
        "| run | kills of the server | commands | came twice | pairs in order |\n| --- | --- | --- | --- | --- |"
    );
    for run in 1..=CLOUD_RUNS {
        let directory = setting.directory.join(format!("cloud-{run}"));
        let cloud = undisturbed.seeded.copy(directory.clone())?;
        let mut server = Server::start(&setting.server, &directory).await?;
        let _workers = Pair::start(&server, &cloud).await?;
        let mut client = start_delete(&server, &cloud).await?;
        let mut kills = 0;
        for _ in 0..2 {
            tokio::time::sleep(Duration::from_millis(100 + dice.below(1500))).await;
            if client.try_wait().map_err(|error| error.to_string())?.is_some() {
                break;
            }
            kill_server(&mut server, &mut dice).await?;
            kills += 1;
        }
        ensure(kills > 0, || String::from("the run was over before the server was killed"))?;
        let compared = undisturbed.compare_report(client).and_then(|()| undisturbed.compare(&cloud));
        let (again, pairs) = compared.map_err(|error| format!("{error}, see {}", directory.display()))?;
        println!("| {run} | {kills} | {} | {again} | {pairs} |", cloud.agents().len());
    }
    println!("in each, report, inventory, commands and order are those of one process");
    Ok(())
}

async fn away(site: &mut Site, log: &Path) -> Result<(), String> {
    let pool = format!("away-{ITEMS}");
    let run = tokio::spawn(site.client.apply(site.plan("Pool", &pool).await?).into_future());
    tokio::time::sleep(Duration::from_millis(1500)).await;
    site.server.kill();
    tokio::time::sleep(Duration::from_secs(30)).await;
    site.server.run().await?;
    let report = ended(run).await?;
    ensure(report.is_complete(), || format!("not all is done: {report}"))?;
    let repeats = check(&told(log, &pool), instances(ITEMS))?;
    println!("a server that went away for 30 seconds: the run ended, complete, {repeats} calls came twice");
    Ok(())
}

async fn twice(site: &Site, log: &Path) -> Result<(), String> {
    let pool = format!("twice-{}", 400);
    let id = RunId::from("twice");
    let client = &site.client;
    let (first, second) = (site.plan("Pool", &pool).await?, site.plan("Pool", &pool).await?);
    let (one, two) = tokio::join!(
        client.apply(first).run_as(id.clone()).into_future(),
        client.apply(second).run_as(id.clone()).into_future()
    );
    let (one, two) = (one.map_err(|error| error.to_string())?, two.map_err(|error| error.to_string())?);
    ensure(one.is_complete() && one.summary() == two.summary(), || format!("{one}\n{two}"))?;
    let repeats = check(&told(log, &pool), instances(400))?;
    ensure(repeats == 0, || format!("{repeats} calls came twice"))?;
    let other = site.plan("Pool", "other-40").await?;
    let error = client.apply(other).run_as(id).await.err();
    ensure(matches!(error, Some(RestateError::OtherPlan { .. })), || format!("{error:?}"))?;
    println!(
        "started twice under one id: both have the one report, nothing ran twice; with another plan it is an error"
    );
    Ok(())
}

async fn cancelled(site: &Site, log: &Path) -> Result<(), String> {
    let pool = format!("cancelled-{ITEMS}");
    let apply = site.client.apply(site.plan("Pool", &pool).await?);
    let id = apply.run_id().clone();
    let run = tokio::spawn(apply.into_future());
    tokio::time::sleep(Duration::from_millis(1500)).await;
    site.client.cancel(&id).await.map_err(|error| error.to_string())?;
    site.client.cancel(&id).await.map_err(|error| format!("cancelled once more: {error}"))?;
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
