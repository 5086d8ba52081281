//! A server, two workers on a graph of our own, and a client.

use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use cascade_core::{Delete, Plan, Report};
use cascade_restate::{Client, RestateError};

use crate::own::{self, Agent, GROUP, Spec};
use crate::process::Process;
use crate::server::{Server, free_port};
use crate::{Setting, ensure};

pub(crate) struct Site {
    pub(crate) server: Server,
    pub(crate) client: Client,
    /// What the workers said.
    pub(crate) output: PathBuf,
    _workers: [Process; 2],
}

impl Site {
    /// `more` goes to the server's configuration.
    pub(crate) async fn start(setting: &Setting, spec: &Spec<'_>, more: &str) -> Result<Self, String> {
        let server = Server::start_with(&setting.server, &setting.directory, more).await?;
        let listen = SocketAddr::from(([127, 0, 0, 1], free_port()?));
        let output = setting.directory.join("worker.log");
        let workers = [
            own::start(spec, &server.ingress(), listen, &output)?,
            own::start(spec, &server.ingress(), listen, &output)?,
        ];
        server.register(listen).await?;
        let cascade = own::graph(spec.version, spec.batch, &Agent::default())?;
        let client = Client::connect(&cascade, &server.ingress()).await.map_err(|error| error.to_string())?;
        Ok(Self { server, client, output, _workers: workers })
    }

    pub(crate) async fn plan(&self, resource: &str, root: &str) -> Result<Plan, String> {
        let planned = self.client.plan_named(Delete, resource, [root]).await;
        planned.map_err(|error| error.to_string())
    }
}

/// A run's report, which has to come.
pub(crate) async fn ended(
    run: tokio::task::JoinHandle<Result<Report, RestateError>>,
) -> Result<Report, String> {
    let limited = tokio::time::timeout(Duration::from_mins(5), run).await;
    let report = limited.map_err(|_| "the run does not end")?.map_err(|error| error.to_string())?;
    report.map_err(|error| error.to_string())
}

/// Each line of the agent's log that is of the pool: what was removed, and with which key.
pub(crate) fn told(log: &Path, pool: &str) -> Vec<(String, String)> {
    let log = std::fs::read_to_string(log).unwrap_or_default();
    let of_pool =
        |id: &str| id.strip_prefix(pool).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
    let parts = log.lines().filter_map(|line| {
        let mut words = line.split(' ');
        Some((words.next()?.to_owned(), words.next()?.to_owned()))
    });
    parts.filter(|(id, _)| of_pool(id)).collect()
}

/// A pool of so many items with its groups.
pub(crate) fn instances(items: usize) -> usize {
    items + items.div_ceil(GROUP) + 1
}

/// So many were removed, children first, and every repeat had the key of the first time. Answers how many repeats there
/// were.
pub(crate) fn check(told: &[(String, String)], instances: usize) -> Result<usize, String> {
    let (mut first, mut last, mut keys) = (BTreeMap::new(), BTreeMap::new(), BTreeMap::new());
    for (at, (id, key)) in told.iter().enumerate() {
        first.entry(id.as_str()).or_insert(at);
        last.insert(id.as_str(), at);
        let known: &mut BTreeSet<&str> = keys.entry(id.as_str()).or_default();
        known.insert(key.as_str());
    }
    ensure(first.len() == instances, || format!("{} of {instances} were removed", first.len()))?;
    ensure(keys.values().all(|keys| keys.len() == 1), || String::from("a repeat had another key"))?;
    let distinct: BTreeSet<&&str> = keys.values().flatten().collect();
    ensure(distinct.len() == instances, || String::from("two instances had one key"))?;
    for (id, at) in &last {
        let Some((parent, _)) = id.rsplit_once('/') else { continue };
        let parent_first = first.get(parent).ok_or_else(|| format!("{parent} was not removed"))?;
        ensure(at < parent_first, || format!("{parent} was removed before {id}, which hangs off it"))?;
    }
    Ok(told.len() - instances)
}
