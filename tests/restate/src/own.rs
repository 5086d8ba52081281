//! A graph of our own, whose effects note each call with its key; and a bare fan-out beside it, to compare with.

use std::fs::{File, OpenOptions};
use std::io::Write;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use cascade_core::{
    Cascade, Declaration, Delete, Found, Outcome, ResourceDescriptor, Rule, StepError, StepSettings, place,
};
use cascade_restate::Worker;
use restate_sdk::prelude::*;
use tokio::sync::Semaphore;

use crate::process::Process;

/// Items in a group.
pub(crate) const GROUP: usize = 20;

/// Which extensions a program has.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Version {
    /// Pools, groups, items.
    Whole,
    /// Without that of items.
    WithoutItems,
    /// With one more.
    WithLabels,
}

impl Version {
    fn name(self) -> &'static str {
        match self {
            Self::Whole => "whole",
            Self::WithoutItems => "without-items",
            Self::WithLabels => "with-labels",
        }
    }

    fn named(name: &str) -> Option<Self> {
        [Self::Whole, Self::WithoutItems, Self::WithLabels].into_iter().find(|it| it.name() == name)
    }
}

/// What the effects do: take some time, and note what they did.
#[derive(Clone, Default)]
pub(crate) struct Agent {
    latency: Duration,
    log: Option<Arc<Mutex<File>>>,
}

impl Agent {
    fn of(latency: Duration, log: Option<&Path>) -> Result<Self, String> {
        let open = |path: &Path| OpenOptions::new().create(true).append(true).open(path);
        let log = log.map(open).transpose().map_err(|error| error.to_string())?;
        Ok(Self { latency, log: log.map(|file| Arc::new(Mutex::new(file))) })
    }

    async fn act(&self, ids: &[String], cx: &cascade_core::StepContext) -> Result<(), StepError> {
        if !self.latency.is_zero() {
            tokio::time::sleep(self.latency).await;
        }
        let Some(log) = &self.log else { return Ok(()) };
        let line = |id: &String| {
            Ok::<_, StepError>(format!("{id} {} {}\n", cx.idempotency_key(id)?, std::process::id()))
        };
        let lines: String = ids.iter().map(line).collect::<Result<_, _>>()?;
        // One write: a process that is killed leaves no half of it.
        log.lock().unwrap_or_else(PoisonError::into_inner).write_all(lines.as_bytes())?;
        Ok(())
    }
}

fn resource(name: &str) -> ResourceDescriptor {
    ResourceDescriptor::runtime::<String>(name.to_owned(), place!())
}

/// What hangs off a parent.
type Children = fn(&str) -> Vec<String>;

/// A resource, with what hangs off each parent.
fn declared(
    name: &str,
    parent: Option<(&str, Children)>,
    settings: StepSettings,
) -> Declaration<Agent, String> {
    let mut it = Declaration::<Agent, String>::new(format!("{name}Cascade"), resource(name), place!());
    it.settings(settings);
    it.effect("remove", place!(), |agent: &Agent, ids: &[String], cx| {
        Box::pin(async move {
            agent.act(ids, cx).await?;
            Ok(Outcome::done())
        })
    });
    match parent {
        None => it.rule(Rule::effect::<Delete>("remove", place!())),
        Some((parent, children)) => {
            it.edge(resource(parent), place!());
            it.finder("under", resource(parent), None, place!(), move |_, parents: &[String], _| {
                let found = parents.iter().flat_map(|parent| {
                    children(parent).into_iter().map(move |child| (parent.clone(), child))
                });
                let found = Found::Pairs(found.collect());
                Box::pin(async { Ok(found) })
            });
            it.rule(Rule::effect::<Delete>("remove", place!()).from(resource(parent)))
        }
    };
    it
}

/// `pool-2000` has 2,000 items.
fn groups(pool: &str) -> Vec<String> {
    let items: usize = pool.rsplit('-').next().and_then(|items| items.parse().ok()).unwrap_or_default();
    (0..items.div_ceil(GROUP)).map(|at| format!("{pool}/{at}")).collect()
}

fn items(group: &str) -> Vec<String> {
    (0..GROUP).map(|at| format!("{group}/{at}")).collect()
}

fn labels(item: &str) -> Vec<String> {
    vec![format!("{item}/label")]
}

/// The graph; `batch` items in one step.
pub(crate) fn graph(version: Version, batch: usize, agent: &Agent) -> Result<Cascade, String> {
    let many = StepSettings::default().concurrency(1000).timeout(Some(Duration::from_mins(1)));
    let mut builder = Cascade::builder()
        .declare(agent.clone(), declared("Pool", None, many))
        .declare(agent.clone(), declared("Group", Some(("Pool", groups)), many.batch(10)));
    if version != Version::WithoutItems {
        builder = builder.declare(agent.clone(), declared("Item", Some(("Group", items)), many.batch(batch)));
    }
    if version == Version::WithLabels {
        builder = builder.declare(agent.clone(), declared("Label", Some(("Item", labels)), many.batch(100)));
    }
    builder.build().map_err(|error| error.to_string())
}

/// A worker of our own in another process.
pub(crate) struct Spec<'a> {
    pub(crate) version: Version,
    pub(crate) batch: usize,
    pub(crate) latency: Duration,
    pub(crate) steps: usize,
    pub(crate) log: Option<&'a Path>,
    /// The bare fan-out instead.
    pub(crate) bare: bool,
}

impl Default for Spec<'_> {
    fn default() -> Self {
        Self { version: Version::Whole, batch: 1, latency: Duration::ZERO, steps: 64, log: None, bare: false }
    }
}

pub(crate) fn start(spec: &Spec<'_>, listen: SocketAddr, output: &Path) -> Result<Process, String> {
    let program = std::env::current_exe().map_err(|error| error.to_string())?;
    let mut command = Command::new(program);
    command.args(["worker", &listen.to_string(), spec.version.name(), &spec.batch.to_string()]);
    command.args([&spec.latency.as_millis().to_string(), &spec.steps.to_string()]);
    command.arg(spec.log.unwrap_or(Path::new("-"))).arg(if spec.bare { "bare" } else { "cascade" });
    command.env("RUST_LOG", "warn,cascade_restate=info");
    Process::start(&mut command, output)
}

pub(crate) async fn worker(arguments: &[&str]) -> Result<(), String> {
    let [listen, version, batch, latency, steps, log, kind] = arguments else {
        return Err(String::from("a worker takes seven arguments"));
    };
    tracing_subscriber::fmt()
        .with_env_filter(tracing_subscriber::EnvFilter::from_default_env())
        .with_writer(std::io::stderr)
        .init();
    let number = |text: &str| text.parse::<usize>().map_err(|error| format!("{text}: {error}"));
    let listen: SocketAddr = listen.parse().map_err(|_| format!("{listen} is no address"))?;
    let latency = Duration::from_millis(number(latency)? as u64);
    let version = Version::named(version).ok_or_else(|| format!("there is no version {version}"))?;
    let log = (*log != "-").then(|| PathBuf::from(log));
    let listener = Worker::listen(listen).map_err(|error| error.to_string())?;
    if *kind == "bare" {
        let places = Arc::new(Semaphore::new(number(steps)?));
        let endpoint = Endpoint::builder().bind(BareRun).bind(BareStep { latency, places }).build();
        HttpServer::new(endpoint).serve(listener).await;
        return Ok(());
    }
    let agent = Agent::of(latency, log.as_deref())?;
    let worker = Worker::new(graph(version, number(batch)?, &agent)?).steps_at_once(number(steps)?);
    worker.serve(listener, std::future::pending()).await.map_err(|error| error.to_string())
}

struct BareStep {
    latency: Duration,
    places: Arc<Semaphore>,
}

#[restate_sdk::service(client_visibility = "pub(crate)")]
impl BareStep {
    #[handler]
    async fn go(&self, _ctx: Context<'_>, number: u64) -> HandlerResult<u64> {
        let _place = self.places.acquire().await?;
        if !self.latency.is_zero() {
            tokio::time::sleep(self.latency).await;
        }
        Ok(number)
    }
}

struct BareRun;

/// In flight at once, as in a run of a cascade.
const IN_FLIGHT: usize = 256;

#[restate_sdk::workflow(client_visibility = "pub(crate)")]
impl BareRun {
    #[handler]
    async fn run(&self, ctx: WorkflowContext<'_>, steps: u64) -> HandlerResult<u64> {
        let mut waiting = DurableFuturesUnordered::new();
        let (mut next, mut done) = (0, 0);
        loop {
            while waiting.len() < IN_FLIGHT && next < steps {
                waiting.push(ctx.service_client::<BareStepClient<'_>>().go(next).call());
                next += 1;
            }
            match waiting.next().await? {
                Some((_, number)) => {
                    number?;
                    done += 1;
                }
                None => return Ok(done),
            }
        }
    }
}
