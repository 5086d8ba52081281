//! Large runs with the server's defaults.

use std::time::Instant;

use crate::graph::Version;
use crate::port::Port;
use crate::server::Server;
use crate::site::{client, plan};
use crate::worker::{self, Spec};
use crate::{Environment, ensure};

/// Items of one run.
pub(crate) const SIZE: usize = 100_000;
pub(crate) const LARGER: usize = 1_000_000;

/// Items in one step.
const BATCH: usize = 100;

/// The limit for one entry of the journal, far below the 32 MiB that the server allows.
const LARGEST: u64 = 4 << 20;

pub(crate) async fn prove(environment: &Environment, items: usize) -> Result<(), String> {
    let server = Server::start(&environment.server, &environment.directory).await?;
    let (port, output) = (Port::reserve()?, environment.directory.join("worker.log"));
    let spec = Spec { batch: BATCH, ..Spec::default() };
    let worker = || worker::start(&spec, &server.ingress(), port.address(), &output);
    let _workers = [worker()?, worker()?];
    server.register(&port).await?;
    let client = client(&server, Version::Whole, BATCH).await?;
    let since = Instant::now();
    let plan = plan(&client, "Pool", &format!("large-{items}")).await?;
    let planned = since.elapsed();
    let report = client.apply(plan).await.map_err(|error| error.to_string())?;
    let ran = since.elapsed().saturating_sub(planned);
    ensure(report.is_complete(), || format!("{report}"))?;
    let sql =
        "SELECT max(raw_length) AS largest, count(*) AS entries, sum(raw_length) AS bytes FROM sys_journal";
    let rows = server.query(sql).await?;
    let row = rows.first().ok_or("the journal cannot be measured")?;
    let number = |name: &str| row[name].as_u64().ok_or_else(|| format!("no `{name}` in {row}"));
    let (largest, entries, bytes) = (number("largest")?, number("entries")?, number("bytes")?);
    println!(
        "{} instances: planned in {planned:.1?}, run in {ran:.1?}; {entries} journal entries of {} KiB in all, the largest \
         {} KiB",
        report.summary().done,
        bytes / 1024,
        largest / 1024
    );
    ensure(largest < LARGEST, || format!("a journal entry of {largest} bytes"))
}
