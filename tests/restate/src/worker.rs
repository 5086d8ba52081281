//! Workers on the graph of the proofs, each a process of its own.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use cascade_restate::Worker;

use crate::agent::Agent;
use crate::bare;
use crate::graph::{Version, graph};
use crate::process::Process;
use crate::world::World;

/// The settings of a worker.
pub(crate) struct Spec<'a> {
    pub(crate) version: Version,
    /// Items in one step.
    pub(crate) batch: usize,
    /// The time that an effect takes.
    pub(crate) latency: Duration,
    /// Steps at once.
    pub(crate) steps: usize,
    /// The log of removals.
    pub(crate) log: Option<&'a Path>,
    pub(crate) world: Option<&'a World>,
    /// Whether the worker logs spans, with their trace context.
    pub(crate) traced: bool,
    /// Whether it serves the bare fan-out instead.
    pub(crate) bare: bool,
}

impl Default for Spec<'_> {
    fn default() -> Self {
        let (version, latency) = (Version::Whole, Duration::ZERO);
        Self { version, batch: 1, latency, steps: 64, log: None, world: None, traced: false, bare: false }
    }
}

/// In place of a file that a worker does not have.
const NONE: &str = "-";

/// Starts a worker that reads plans from `ingress`, listens on `listen`, and logs to `output`.
pub(crate) fn start(
    spec: &Spec<'_>,
    ingress: &str,
    listen: SocketAddr,
    output: &Path,
) -> Result<Process, String> {
    let program = std::env::current_exe().map_err(|error| error.to_string())?;
    let mut command = Command::new(program);
    command.args(["worker", ingress, &listen.to_string(), spec.version.name(), &spec.batch.to_string()]);
    command.args([&spec.latency.as_millis().to_string(), &spec.steps.to_string()]);
    for file in [spec.log, spec.world.map(World::path)] {
        command.arg(file.unwrap_or(Path::new(NONE)));
    }
    command.arg(if spec.bare { "bare" } else { "cascade" });
    let traced = "warn,cascade_restate=debug,restate_proofs=info";
    command.env("RUST_LOG", if spec.traced { traced } else { "warn,cascade_restate=info" });
    Process::start(&mut command, output)
}

/// The main function of a worker process.
pub(crate) async fn main(arguments: &[&str]) -> Result<(), String> {
    let [ingress, listen, version, batch, latency, steps, log, world, kind] = arguments else {
        return Err(String::from("a worker has nine arguments"));
    };
    tracing_subscriber::fmt()
        .with_env_filter(tracing_subscriber::EnvFilter::from_default_env())
        .with_writer(std::io::stderr)
        .with_ansi(false)
        .init();
    let number = |text: &str| text.parse::<usize>().map_err(|error| format!("{text}: {error}"));
    let listen: SocketAddr = listen.parse().map_err(|error| format!("{listen}: {error}"))?;
    let (batch, latency) = (number(batch)?, Duration::from_millis(number(latency)? as u64));
    let version = Version::named(version).ok_or_else(|| format!("there is no version {version}"))?;
    let file = |name: &str| (name != NONE).then(|| PathBuf::from(name));
    let listener = Worker::listen(listen).map_err(|error| error.to_string())?;
    if *kind == "bare" {
        bare::serve(listener, latency, number(steps)?).await;
        return Ok(());
    }
    let agent = Agent::new(latency, file(log).as_deref(), file(world).map(World::at))?;
    let worker = Worker::new(graph(version, batch, &agent)?, ingress).map_err(|error| error.to_string())?;
    let worker = worker.steps_at_once(number(steps)?);
    worker.serve(listener, std::future::pending()).await.map_err(|error| error.to_string())
}
