//! A graph of our own, whose effects note each call with its key; and a bare fan-out beside it, to compare with.

use std::collections::BTreeSet;
use std::fs::{File, OpenOptions};
use std::io::Write;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use cascade_core::{
    Authorizer, Cascade, Declaration, Delete, Denial, Found, Instances, Outcome, ResourceDescriptor, Rule,
    StepError, StepSettings, Veto, place,
};
use cascade_restate::Worker;
use futures::future::BoxFuture;
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
    /// With a check, an authorizer, and bundles, which remove their pools by cascades of their own.
    Guarded,
}

impl Version {
    fn name(self) -> &'static str {
        match self {
            Self::Whole => "whole",
            Self::WithoutItems => "without-items",
            Self::WithLabels => "with-labels",
            Self::Guarded => "guarded",
        }
    }

    fn named(name: &str) -> Option<Self> {
        [Self::Whole, Self::WithoutItems, Self::WithLabels, Self::Guarded]
            .into_iter()
            .find(|it| it.name() == name)
    }
}

/// What the effects do: take some time, and note what they did.
#[derive(Clone, Default)]
pub(crate) struct Agent {
    latency: Duration,
    log: Option<Arc<Mutex<File>>>,
    /// A file with what is there beside the items of each group, and what must not go.
    world: Option<PathBuf>,
}

impl Agent {
    fn of(latency: Duration, log: Option<&Path>, world: Option<&Path>) -> Result<Self, String> {
        let open = |path: &Path| OpenOptions::new().create(true).append(true).open(path);
        let log = log.map(open).transpose().map_err(|error| error.to_string())?;
        let log = log.map(|file| Arc::new(Mutex::new(file)));
        Ok(Self { latency, log, world: world.map(Path::to_owned) })
    }

    /// What the world says as `word id`, of the ids.
    fn world(&self, word: &str) -> BTreeSet<String> {
        let text = self.world.as_ref().and_then(|file| std::fs::read_to_string(file).ok());
        let said = text.iter().flat_map(|text| text.lines()).filter_map(|line| line.split_once(' '));
        said.filter(|(said, _)| *said == word).map(|(_, id)| id.to_owned()).collect()
    }

    async fn act(&self, ids: &[String], cx: &cascade_core::StepContext) -> Result<(), StepError> {
        if !self.latency.is_zero() {
            tokio::time::sleep(self.latency).await;
        }
        tracing::info!(instances = ids.len(), "removed");
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
            it.finder(
                "under",
                resource(parent),
                None,
                place!(),
                move |agent: &Agent, parents: &[String], _| {
                    let found = parents.iter().flat_map(|parent| {
                        children(parent).into_iter().map(move |child| (parent.clone(), child))
                    });
                    let mut found: Vec<_> = found.collect();
                    let newcomers = agent.world("newcomer").into_iter();
                    found.extend(newcomers.filter_map(|child| {
                        let (parent, _) = child.rsplit_once('/')?;
                        parents
                            .iter()
                            .find(|asked| *asked == parent)
                            .map(|parent| (parent.clone(), child.clone()))
                    }));
                    Box::pin(async { Ok(Found::Pairs(found)) })
                },
            );
            it.rule(Rule::effect::<Delete>("remove", place!()).from(resource(parent)))
        }
    };
    it
}

/// Objects to what the world says is kept.
fn objecting(mut it: Declaration<Agent, String>) -> Declaration<Agent, String> {
    it.check::<Delete, _>("is_kept", place!(), |agent: &Agent, ids: &[String], _| {
        let kept = agent.world("kept");
        let vetoes = ids.iter().filter(|id| kept.contains(*id));
        let vetoes = vetoes.map(|id| Veto::new(id.clone(), "somebody keeps it")).collect();
        Box::pin(async { Ok(vetoes) })
    });
    it
}

/// Denies what the world says belongs to somebody else.
impl Authorizer for Agent {
    fn authorize<'a>(&'a self, instances: Instances<'a>) -> BoxFuture<'a, Result<Vec<Denial>, StepError>> {
        Box::pin(async move {
            let foreign = self.world("foreign");
            let denied = (0..instances.len()).filter(|&at| foreign.contains(&instances.printed_id(at)));
            Ok(denied.map(|at| Denial::new(at, "it belongs to somebody else")).collect())
        })
    }
}

/// `bundle-40` removes `pool-40` by a cascade of its own.
fn bundles(settings: StepSettings) -> Declaration<Agent, String> {
    let mut it = Declaration::<Agent, String>::new("BundleCascade", resource("Bundle"), place!());
    it.settings(settings);
    it.effect("unpack", place!(), |_: &Agent, ids: &[String], cx| {
        Box::pin(async move {
            let cascade = cx.cascade();
            let pools = ids.iter().map(|id| id.replace("bundle", "pool"));
            let plan = cascade.plan_named(Delete, "Pool", pools).await.map_err(StepError::terminal)?;
            let report = cascade.apply(plan).await.map_err(StepError::terminal)?;
            if report.is_complete() {
                Ok(Outcome::done())
            } else {
                Err(StepError::terminal("the pool is there"))
            }
        })
    });
    it.rule(Rule::effect::<Delete>("unpack", place!()));
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
        let items = declared("Item", Some(("Group", items)), many.batch(batch));
        let items = if version == Version::Guarded { objecting(items) } else { items };
        builder = builder.declare(agent.clone(), items);
    }
    if version == Version::Guarded {
        builder = builder.declare(agent.clone(), bundles(many)).authorizer(agent.clone());
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
    pub(crate) world: Option<&'a Path>,
    /// Whether it says what belongs to which trace.
    pub(crate) traced: bool,
    /// The bare fan-out instead.
    pub(crate) bare: bool,
}

impl Default for Spec<'_> {
    fn default() -> Self {
        let (version, latency) = (Version::Whole, Duration::ZERO);
        Self { version, batch: 1, latency, steps: 64, log: None, world: None, traced: false, bare: false }
    }
}

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
    for file in [spec.log, spec.world] {
        command.arg(file.unwrap_or(Path::new("-")));
    }
    command.arg(if spec.bare { "bare" } else { "cascade" });
    let traced = "warn,cascade_restate=debug,restate_proofs=info";
    command.env("RUST_LOG", if spec.traced { traced } else { "warn,cascade_restate=info" });
    Process::start(&mut command, output)
}

pub(crate) async fn worker(arguments: &[&str]) -> Result<(), String> {
    let [ingress, listen, version, batch, latency, steps, log, world, kind] = arguments else {
        return Err(String::from("a worker has nine arguments"));
    };
    tracing_subscriber::fmt()
        .with_env_filter(tracing_subscriber::EnvFilter::from_default_env())
        .with_writer(std::io::stderr)
        .with_ansi(false)
        .init();
    let number = |text: &str| text.parse::<usize>().map_err(|error| format!("{text}: {error}"));
    let listen: SocketAddr = listen.parse().map_err(|_| format!("{listen} is no address"))?;
    let latency = Duration::from_millis(number(latency)? as u64);
    let version = Version::named(version).ok_or_else(|| format!("there is no version {version}"))?;
    let file = |name: &str| (name != "-").then(|| PathBuf::from(name));
    let listener = Worker::listen(listen).map_err(|error| error.to_string())?;
    if *kind == "bare" {
        let places = Arc::new(Semaphore::new(number(steps)?));
        let endpoint = Endpoint::builder().bind(BareRun).bind(BareStep { latency, places }).build();
        HttpServer::new(endpoint).serve(listener).await;
        return Ok(());
    }
    let agent = Agent::of(latency, file(log).as_deref(), file(world).as_deref())?;
    let cascade = graph(version, number(batch)?, &agent)?;
    let worker = Worker::new(cascade, ingress).map_err(|error| error.to_string())?;
    let worker = worker.steps_at_once(number(steps)?);
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
