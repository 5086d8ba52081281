//! Workers that have other extensions than whoever starts a run; two versions at once; a worker that changes under a run.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use cascade_core::{Delete, RunId};
use cascade_restate::{Client, RestateError};

use crate::own::{self, Agent, Spec, Version};
use crate::server::{Server, free_port};
use crate::{Setting, ensure};

pub(crate) async fn prove(setting: &Setting) -> Result<(), String> {
    let server = Server::start(&setting.server, &setting.directory).await?;
    without_an_extension(setting, &server).await?;
    two_versions(setting, &server).await?;
    changed_in_place(setting, &server).await
}

async fn client(server: &Server, version: Version) -> Result<Client, String> {
    let cascade = own::graph(version, 1, &Agent::default())?;
    Client::connect(&cascade, &server.ingress()).await.map_err(|error| error.to_string())
}

fn listen() -> Result<SocketAddr, String> {
    Ok(SocketAddr::from(([127, 0, 0, 1], free_port()?)))
}

async fn without_an_extension(setting: &Setting, server: &Server) -> Result<(), String> {
    let whole = client(server, Version::Whole).await?;
    let error = whole.plan_named(Delete, "Pool", ["pool-40"]).await.err();
    ensure(matches!(error, Some(RestateError::NoWorker { .. })), || format!("no worker: {error:?}"))?;

    let output = setting.directory.join("worker.log");
    let (less_at, whole_at) = (listen()?, listen()?);
    let _whole = own::start(&Spec::default(), &server.ingress(), whole_at, &output)?;
    server.register(whole_at).await?;
    let plan = whole.plan_named(Delete, "Pool", ["pool-40"]).await.map_err(|error| error.to_string())?;

    // Registered later, it is the one that new runs go to.
    let less = Spec { version: Version::WithoutItems, ..Spec::default() };
    let _less = own::start(&less, &server.ingress(), less_at, &output)?;
    server.register(less_at).await?;
    let error = whole.apply(plan).await.err().ok_or("a worker without an extension took the run")?;
    ensure(matches!(error, RestateError::Differs { .. }), || format!("{error:?}"))?;
    let text = error.to_string();
    ensure(text.contains("it lacks extension ItemCascade of Item"), || text.clone())?;
    println!("a worker without one extension: {}…", text.chars().take(150).collect::<String>());
    Ok(())
}

async fn two_versions(setting: &Setting, server: &Server) -> Result<(), String> {
    let output = setting.directory.join("worker.log");
    let (old_at, new_at) = (listen()?, listen()?);
    let log = setting.directory.join("old.log");
    let old = Spec { latency: Duration::from_millis(20), steps: 8, log: Some(&log), ..Spec::default() };
    let old_worker = own::start(&old, &server.ingress(), old_at, &output)?;
    server.register(old_at).await?;
    let old_client = client(server, Version::Whole).await?;
    let plan =
        old_client.plan_named(Delete, "Pool", ["old-1000"]).await.map_err(|error| error.to_string())?;
    let old_run = tokio::spawn(old_client.apply(plan).into_future());
    tokio::time::sleep(Duration::from_millis(800)).await;

    let new_log = setting.directory.join("new.log");
    let new = Spec { version: Version::WithLabels, log: Some(&new_log), ..Spec::default() };
    let new_worker = own::start(&new, &server.ingress(), new_at, &output)?;
    server.register(new_at).await?;
    let new_client = client(server, Version::WithLabels).await?;
    let plan = new_client.plan_named(Delete, "Pool", ["new-200"]).await.map_err(|error| error.to_string())?;
    let new_report = new_client.apply(plan).await.map_err(|error| error.to_string())?;
    ensure(!old_run.is_finished(), || String::from("the old run was over too soon to tell"))?;
    let old_report = old_run.await.map_err(|error| error.to_string())?.map_err(|error| error.to_string())?;
    ensure(old_report.is_complete() && new_report.is_complete(), || format!("{old_report}\n{new_report}"))?;
    let by = |log: &std::path::Path, process: u32| {
        let text = std::fs::read_to_string(log).unwrap_or_default();
        let suffix = format!(" {process}");
        (text.lines().count(), text.lines().filter(|line| line.ends_with(&suffix)).count())
    };
    let (old_calls, new_calls) = (by(&log, old_worker.id()), by(&new_log, new_worker.id()));
    ensure(old_calls == (1051, 1051) && new_calls == (411, 411), || format!("{old_calls:?} {new_calls:?}"))?;
    println!(
        "two versions at once: the old run ended on the old worker ({} calls), the new one on the new ({} calls)",
        old_calls.0, new_calls.0
    );
    Ok(())
}

/// Workers are replaced by ones with another graph, at the same address, while a run is under way: it waits, and says
/// why, and ends once the right ones are back.
async fn changed_in_place(setting: &Setting, server: &Server) -> Result<(), String> {
    let output = setting.directory.join("worker.log");
    let at = listen()?;
    let spec = Spec { latency: Duration::from_millis(20), steps: 8, ..Spec::default() };
    let mut worker = own::start(&spec, &server.ingress(), at, &output)?;
    server.register(at).await?;
    let client = client(server, Version::Whole).await?;
    let plan =
        client.plan_named(Delete, "Pool", ["changed-1000"]).await.map_err(|error| error.to_string())?;
    let apply = client.apply(plan).run_as(RunId::from("changed"));
    let run = tokio::spawn(apply.into_future());
    tokio::time::sleep(Duration::from_millis(800)).await;
    worker.kill();
    let mut other = own::start(
        &Spec { version: Version::WithoutItems, ..Spec::default() },
        &server.ingress(),
        at,
        &output,
    )?;
    let since = Instant::now();
    let trouble = loop {
        let found = client.run(&RunId::from("changed"), &server.admin()).await;
        let trouble = found.map_err(|error| error.to_string())?.0.trouble.unwrap_or_default();
        if trouble.contains("it lacks extension ItemCascade of Item") {
            break trouble;
        }
        ensure(since.elapsed() < Duration::from_mins(1), || format!("it does not say why: {trouble}"))?;
        tokio::time::sleep(Duration::from_millis(200)).await;
    };
    other.kill();
    let _right = own::start(&spec, &server.ingress(), at, &output)?;
    let report = tokio::time::timeout(Duration::from_mins(2), run).await.map_err(|_| "it does not end")?;
    let report = report.map_err(|error| error.to_string())?.map_err(|error| error.to_string())?;
    ensure(report.is_complete(), || format!("{report}"))?;
    let from = trouble.find("this worker").unwrap_or_default();
    println!(
        "a worker that changes under a run: the run waits (`{}…`), and ends once the right one is back",
        trouble[from..].chars().take(110).collect::<String>()
    );
    Ok(())
}
