//! Throughput, compared with a bare fan-out on the same server, and of two workers compared with one. It measures, so it is
//! no part of the checks that must pass.

use std::time::{Duration, Instant};

use cascade_restate::Client;
use serde_json::json;

use crate::graph::Version;
use crate::http::send;
use crate::port::Port;
use crate::server::Server;
use crate::site::{client, plan};
use crate::worker::{self, Spec};
use crate::{Environment, ensure};

/// Steps without work in one measurement, and the number of measurements.
const TRIVIAL: u32 = 4000;
const ROUNDS: usize = 3;

/// Steps of 20 ms in one measurement, and steps at once on a worker.
const SLOW: u32 = 1500;
const AT_ONCE: usize = 3;

/// The promised ratios.
const AGAINST_BARE: f64 = 0.7;
const TWO_AGAINST_ONE: f64 = 1.8;

pub(crate) async fn prove(environment: &Environment) -> Result<(), String> {
    let server = Server::start(&environment.server, &environment.directory).await?;
    let (ours, bare) = trivial(environment, &server).await?;
    println!(
        "trivial steps, one at a time: {ours:.0} a second, a bare fan-out {bare:.0} a second: {:.2} of it",
        ours / bare
    );
    let (one, two) = slow(environment, &server).await?;
    println!(
        "steps of 20 ms, {AT_ONCE} at once on a worker: {one:.0} a second with one, {two:.0} with two: {:.2} times",
        two / one
    );
    ensure(ours / bare >= AGAINST_BARE, || format!("less than {AGAINST_BARE} of a bare fan-out"))?;
    ensure(two / one >= TWO_AGAINST_ONE, || format!("less than {TWO_AGAINST_ONE} times one worker"))
}

/// Items per second in the run of a pool with so many items.
async fn cascade(client: &Client, pool: &str, items: u32) -> Result<f64, String> {
    let plan = plan(client, "Pool", &format!("{pool}-{items}")).await?;
    let since = Instant::now();
    let report = client.apply(plan).await.map_err(|error| error.to_string())?;
    let elapsed = since.elapsed();
    ensure(report.is_complete(), || format!("{report}"))?;
    Ok(f64::from(items) / elapsed.as_secs_f64())
}

async fn bare(server: &Server, key: &str) -> Result<f64, String> {
    let since = Instant::now();
    let url = format!("{}/restate/call/BareRun/{key}/run", server.ingress());
    let (status, answer) = send("POST", &url, Some(json!(TRIVIAL))).await?;
    ensure(status == 200 && answer == json!(TRIVIAL), || format!("{status} {answer}"))?;
    Ok(f64::from(TRIVIAL) / since.elapsed().as_secs_f64())
}

/// The medians of several rounds, in which a cascade and the bare fan-out take turns. Both have one worker of the same kind.
async fn trivial(environment: &Environment, server: &Server) -> Result<(f64, f64), String> {
    let output = environment.directory.join("worker.log");
    let (our_port, bare_port) = (Port::reserve()?, Port::reserve()?);
    let (plain, bare_spec) = (Spec::default(), Spec { bare: true, ..Spec::default() });
    let start = |spec, port: &Port| worker::start(spec, &server.ingress(), port.address(), &output);
    let _ours = start(&plain, &our_port)?;
    let _bare = start(&bare_spec, &bare_port)?;
    server.register(&our_port).await?;
    server.register(&bare_port).await?;
    let client = client(server, Version::Whole, 1).await?;
    // The first of each opens connections and fills caches.
    cascade(&client, "warm", 200).await?;
    bare(server, "warm").await?;
    let (mut ours, mut others) = (Vec::new(), Vec::new());
    for round in 0..ROUNDS {
        ours.push(cascade(&client, &format!("trivial{round}"), TRIVIAL).await?);
        others.push(bare(server, &format!("round-{round}")).await?);
    }
    Ok((median(ours), median(others)))
}

async fn slow(environment: &Environment, server: &Server) -> Result<(f64, f64), String> {
    let output = environment.directory.join("slow.log");
    let spec = Spec { latency: Duration::from_millis(20), steps: AT_ONCE, ..Spec::default() };
    let client = client(server, Version::Whole, 1).await?;
    let port = Port::reserve()?;
    let worker = || worker::start(&spec, &server.ingress(), port.address(), &output);
    let _one = worker()?;
    server.register(&port).await?;
    cascade(&client, "warmer", 40).await?;
    let one = cascade(&client, "one", SLOW).await?;
    let _two = worker()?;
    // A connection stays with the first worker until it is ten seconds old. New connections are spread.
    tokio::time::sleep(Duration::from_secs(11)).await;
    cascade(&client, "both", 400).await?;
    let two = cascade(&client, "two", SLOW).await?;
    Ok((one, two))
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}
