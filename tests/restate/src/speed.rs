//! Throughput: against a bare fan-out on the same server, and of two workers against one.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use cascade_core::Delete;
use cascade_restate::Client;
use serde_json::json;

use crate::http::send;
use crate::own::{self, Agent, Spec, Version};
use crate::server::{Server, free_port};
use crate::{Setting, ensure};

/// Trivial steps in one measurement, and how often it is repeated.
const TRIVIAL: u32 = 4000;
const ROUNDS: usize = 3;

/// Steps of 20 ms, and how many of them a worker carries out at once.
const SLOW: usize = 1500;
const AT_ONCE: usize = 3;

/// What is promised.
const AGAINST_BARE: f64 = 0.7;
const TWO_AGAINST_ONE: f64 = 1.8;

pub(crate) async fn prove(setting: &Setting) -> Result<(), String> {
    let server = Server::start(&setting.server, &setting.directory).await?;
    let (ours, bare) = trivial(setting, &server).await?;
    println!(
        "trivial steps, one at a time: {ours:.0} a second, a bare fan-out {bare:.0} a second: {:.2} of it",
        ours / bare
    );
    let (one, two) = slow(setting, &server).await?;
    println!(
        "steps of 20 ms, {AT_ONCE} at once on a worker: {one:.0} a second with one, {two:.0} with two: {:.2} times",
        two / one
    );
    ensure(ours / bare >= AGAINST_BARE, || format!("less than {AGAINST_BARE} of a bare fan-out"))?;
    ensure(two / one >= TWO_AGAINST_ONE, || format!("less than {TWO_AGAINST_ONE} times one worker"))
}

async fn client(server: &Server) -> Result<Client, String> {
    let cascade = own::graph(Version::Whole, 1, &Agent::default())?;
    Client::connect(&cascade, &server.ingress()).await.map_err(|error| error.to_string())
}

/// Steps a second: of items, groups and the pool.
async fn cascade(client: &Client, pool: &str) -> Result<f64, String> {
    let plan = client.plan_named(Delete, "Pool", [pool]).await.map_err(|error| error.to_string())?;
    let since = Instant::now();
    let report = client.apply(plan).await.map_err(|error| error.to_string())?;
    let elapsed = since.elapsed();
    ensure(report.is_complete(), || format!("{report}"))?;
    let items: f64 = pool.rsplit('-').next().and_then(|items| items.parse().ok()).unwrap_or_default();
    Ok(items / elapsed.as_secs_f64())
}

async fn bare(server: &Server, key: &str) -> Result<f64, String> {
    let since = Instant::now();
    let url = format!("{}/restate/call/BareRun/{key}/run", server.ingress());
    let (status, answer) = send("POST", &url, Some(json!(TRIVIAL))).await?;
    ensure(status == 200 && answer == json!(TRIVIAL), || format!("{status} {answer}"))?;
    Ok(f64::from(TRIVIAL) / since.elapsed().as_secs_f64())
}

/// The median of several rounds, ours and the bare one in turn, each with workers of the same kind.
async fn trivial(setting: &Setting, server: &Server) -> Result<(f64, f64), String> {
    let output = setting.directory.join("worker.log");
    let (ours_at, bare_at) = (address()?, address()?);
    let _ours = own::start(&Spec::default(), &server.ingress(), ours_at, &output)?;
    let _bare = own::start(&Spec { bare: true, ..Spec::default() }, &server.ingress(), bare_at, &output)?;
    server.register(ours_at).await?;
    server.register(bare_at).await?;
    let client = client(server).await?;
    // A first one of each warms up what there is to warm up.
    cascade(&client, "warm-200").await?;
    bare(server, "warm").await?;
    let (mut ours, mut others) = (Vec::new(), Vec::new());
    for round in 0..ROUNDS {
        ours.push(cascade(&client, &format!("trivial{round}-{TRIVIAL}")).await?);
        others.push(bare(server, &format!("round-{round}")).await?);
    }
    Ok((median(ours), median(others)))
}

async fn slow(setting: &Setting, server: &Server) -> Result<(f64, f64), String> {
    let output = setting.directory.join("slow.log");
    let spec = Spec { latency: Duration::from_millis(20), steps: AT_ONCE, ..Spec::default() };
    let client = client(server).await?;
    let at = address()?;
    let _one = own::start(&spec, &server.ingress(), at, &output)?;
    server.register(at).await?;
    cascade(&client, "warmer-40").await?;
    let one = cascade(&client, &format!("one-{SLOW}")).await?;
    let _two = own::start(&spec, &server.ingress(), at, &output)?;
    // Connections that are there stay with the first until they are old: new ones are spread.
    tokio::time::sleep(Duration::from_secs(11)).await;
    cascade(&client, "both-400").await?;
    let two = cascade(&client, &format!("two-{SLOW}")).await?;
    Ok((one, two))
}

fn address() -> Result<SocketAddr, String> {
    Ok(SocketAddr::from(([127, 0, 0, 1], free_port()?)))
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}
