//! Effects that outlast the server's timeouts. The timeouts are cut from minutes to one second each, and an effect takes
//! four seconds, as twenty minutes would outlast the defaults.

use std::path::Path;
use std::time::Duration;

use serde_json::json;

use crate::graph::instances;
use crate::http::send;
use crate::port::Port;
use crate::removals::{check_once, of_pool};
use crate::site::{Site, ended};
use crate::wait::until;
use crate::worker::{self, Spec};
use crate::world::{Fact, World};
use crate::{Environment, ensure};

const SHORT_TIMEOUTS: &str = "[worker.invoker]\ninactivity-timeout = \"1s\"\nabort-timeout = \"1s\"\n";
const EFFECT: Duration = Duration::from_secs(4);
const ITEMS: usize = 40;

pub(crate) async fn prove(environment: &Environment) -> Result<(), String> {
    let log = environment.directory.join("agent.log");
    let world = World::at(environment.directory.join("world"));
    let spec = Spec { latency: EFFECT, log: Some(&log), world: Some(&world), ..Spec::default() };
    let site = Site::start(environment, &spec, SHORT_TIMEOUTS).await?;
    let pool = format!("long-{ITEMS}");
    let run = tokio::spawn(site.client.apply(site.plan("Pool", &pool).await?).into_future());
    println!(
        "a service without timeouts of its own: the server aborts effects of {EFFECT:?} (`{}`)",
        aborted(environment, &site).await?
    );
    let report = ended(run).await?;
    ensure(report.is_complete(), || format!("{report}"))?;
    check_once(&of_pool(&log, &pool), instances(ITEMS))?;
    println!("a worker: each of {} effects of {EFFECT:?} is called once", instances(ITEMS));
    suspended(&site, &log, &world).await
}

/// A service without timeouts of its own is aborted, which shows that the server's timeouts are in force.
async fn aborted(environment: &Environment, site: &Site) -> Result<String, String> {
    let (port, output) = (Port::reserve()?, environment.directory.join("bare.log"));
    let spec = Spec { latency: EFFECT, bare: true, ..Spec::default() };
    let _bare = worker::start(&spec, &site.server.ingress(), port.address(), &output)?;
    site.server.register(&port).await?;
    let url = format!("{}/restate/send/BareRun/long/run", site.server.ingress());
    let (status, answer) = send("POST", &url, Some(json!(1))).await?;
    ensure(status < 300, || format!("{status} {answer}"))?;
    let sql = "SELECT last_failure FROM sys_invocation WHERE target_service_name = 'BareStep' \
               AND last_failure IS NOT NULL";
    let failure = async || {
        let rows = site.server.query(sql).await?;
        let failure = rows.first().and_then(|row| row["last_failure"].as_str());
        Ok(failure.map(|failure| failure.chars().take(120).collect()))
    };
    until("the server aborts an effect", failure).await
}

/// A run that is suspended after one second waits for its steps without a worker. Its items are held until it is suspended.
async fn suspended(site: &Site, log: &Path, world: &World) -> Result<(), String> {
    let url = format!("{}/services/Cascade", site.server.admin());
    let (status, answer) = send("PATCH", &url, Some(json!({ "inactivity_timeout": "1s" }))).await?;
    ensure(status < 300, || format!("{status} {answer}"))?;
    let pool = format!("away-{ITEMS}");
    let apply = site.client.apply(site.plan("Pool", &pool).await?);
    let id = apply.run_id().clone();
    world.set(&[(Fact::Held, &format!("{pool}/0/0"))])?;
    let run = tokio::spawn(apply.into_future());
    let sql = format!(
        "SELECT status FROM sys_invocation WHERE target_service_key = '{id}' AND status = 'suspended'"
    );
    let suspended = async || Ok((!site.server.query(&sql).await?.is_empty()).then_some(()));
    until("the run is suspended", suspended).await?;
    world.set(&[])?;
    let report = ended(run).await?;
    ensure(report.is_complete(), || format!("{report}"))?;
    check_once(&of_pool(log, &pool), instances(ITEMS))?;
    println!("a run that is suspended while its steps take long continues: each effect is called once");
    Ok(())
}
