//! A server, two workers on the graph of the proofs, and a client.

use std::path::PathBuf;
use std::time::Duration;

use cascade_core::{Delete, Plan, Report};
use cascade_restate::{Client, RestateError};

use crate::Environment;
use crate::agent::Agent;
use crate::graph::{Version, graph};
use crate::port::Port;
use crate::process::Process;
use crate::server::Server;
use crate::worker::{self, Spec};

/// A run takes less, unless it hangs.
const LIMIT: Duration = Duration::from_mins(5);

pub(crate) struct Site {
    pub(crate) server: Server,
    pub(crate) client: Client,
    /// The log of both workers.
    pub(crate) output: PathBuf,
    _workers: [Process; 2],
    _port: Port,
}

impl Site {
    /// `configuration` is added to that of the server.
    pub(crate) async fn start(
        environment: &Environment,
        spec: &Spec<'_>,
        configuration: &str,
    ) -> Result<Self, String> {
        let directory = &environment.directory;
        let server = Server::start_with(&environment.server, directory, configuration).await?;
        let (port, output) = (Port::reserve()?, directory.join("worker.log"));
        let worker = || worker::start(spec, &server.ingress(), port.address(), &output);
        let workers = [worker()?, worker()?];
        server.register(&port).await?;
        let client = client(&server, spec.version, spec.batch).await?;
        Ok(Self { server, client, output, _workers: workers, _port: port })
    }

    pub(crate) async fn plan(&self, resource: &str, root: &str) -> Result<Plan, String> {
        plan(&self.client, resource, root).await
    }
}

/// A client whose program links a version of the graph.
pub(crate) async fn client(server: &Server, version: Version, batch: usize) -> Result<Client, String> {
    let cascade = graph(version, batch, &Agent::default())?;
    Client::connect(&cascade, &server.ingress()).await.map_err(|error| error.to_string())
}

/// The plan to delete one instance.
pub(crate) async fn plan(client: &Client, resource: &str, root: &str) -> Result<Plan, String> {
    client.plan_named(Delete, resource, [root]).await.map_err(|error| error.to_string())
}

/// A run that was started in a task.
pub(crate) type Running = tokio::task::JoinHandle<Result<Report, RestateError>>;

/// The report of a run. Fails if the run does not end.
pub(crate) async fn ended(run: Running) -> Result<Report, String> {
    let limited = tokio::time::timeout(LIMIT, run).await;
    let report = limited.map_err(|_| "the run does not end")?.map_err(|error| error.to_string())?;
    report.map_err(|error| error.to_string())
}
