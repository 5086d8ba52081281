//! Large runs, with the server's defaults.

use std::net::SocketAddr;
use std::time::Instant;

use cascade_core::Delete;
use cascade_restate::Client;

use crate::own::{self, Agent, Spec, Version};
use crate::server::{Server, free_port};
use crate::{Setting, ensure};

/// Items of one run.
pub(crate) const SIZE: usize = 100_000;
pub(crate) const LARGER: usize = 1_000_000;

/// Items in one step.
const BATCH: usize = 100;

pub(crate) async fn prove(setting: &Setting, items: usize) -> Result<(), String> {
    let server = Server::start(&setting.server, &setting.directory).await?;
    let listen = SocketAddr::from(([127, 0, 0, 1], free_port()?));
    let output = setting.directory.join("worker.log");
    let spec = Spec { batch: BATCH, ..Spec::default() };
    let _workers = [
        own::start(&spec, &server.ingress(), listen, &output)?,
        own::start(&spec, &server.ingress(), listen, &output)?,
    ];
    server.register(listen).await?;
    let cascade = own::graph(Version::Whole, BATCH, &Agent::default())?;
    let client = Client::connect(&cascade, &server.ingress()).await.map_err(|error| error.to_string())?;
    let since = Instant::now();
    let plan = client.plan_named(Delete, "Pool", [format!("large-{items}")]).await;
    let plan = plan.map_err(|error| error.to_string())?;
    let planned = since.elapsed();
    let report = client.apply(plan).await.map_err(|error| error.to_string())?;
    ensure(report.is_complete(), || format!("{report}"))?;
    let sql =
        "SELECT max(raw_length) AS largest, count(*) AS entries, sum(raw_length) AS bytes FROM sys_journal";
    let rows = server.query(sql).await?;
    let number = |name: &str| rows.first().and_then(|row| row[name].as_u64()).unwrap_or_default();
    println!(
        "{} instances: planned in {planned:.1?}, run in {:.1?}; {} journal entries of {} KiB in all, the largest {} KiB",
        report.summary().done,
        since.elapsed().saturating_sub(planned),
        number("entries"),
        number("bytes") / 1024,
        number("largest") / 1024
    );
    ensure(number("largest") < 4 << 20, || String::from("a journal entry of more than 4 MiB"))
}
