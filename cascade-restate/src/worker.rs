//! A worker: the services that Restate calls.

use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use cascade_core::Cascade;
use cascade_core::remote::longest_step;
use restate_sdk::prelude::{Endpoint, HandlerOptions, IntoServiceDefinition, ServiceOptions};
use tokio::net::TcpListener;
use tokio::sync::Semaphore;

use crate::cancellation::Cancellations;
use crate::error::RestateError;
use crate::graph_service::CascadeGraph;
use crate::ingress::Ingress;
use crate::names::Version;
use crate::options::Options;
use crate::plan_cache::PlanCache;
use crate::plan_object::CascadePlan;
use crate::shared::Shared;
use crate::workflow::CascadeRun;
use crate::{serve, step};

/// The maximum number of attempts of an invocation, after which Restate pauses it until a person acts.
const ATTEMPTS: u64 = 1_000_000;

const MINUTE: Duration = Duration::from_secs(60);
const HOUR: Duration = Duration::from_secs(60 * 60);
const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// A worker: the extensions that it serves, and its settings.
///
/// ```no_run
/// use cascade_core::Cascade;
/// use cascade_restate::Worker;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let cascade = Cascade::linked().build()?;
/// let listener = Worker::listen("127.0.0.1:9080".parse()?)?;
/// let worker = Worker::new(cascade, "http://127.0.0.1:8080")?.steps_at_once(32);
/// worker.serve(listener, std::future::pending()).await?;
/// # Ok(())
/// # }
/// ```
#[must_use = "a worker does nothing until it is served"]
pub struct Worker {
    cascade: Cascade,
    ingress: Ingress,
    options: Options,
}

impl fmt::Debug for Worker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Worker({:?})", self.cascade)
    }
}

impl Worker {
    /// A worker with the extensions of `cascade`. Its layers and time limits hold here. Its journal is not used.
    ///
    /// `ingress` is the address of Restate's ingress. The worker reads plans there, and asks there whether a run is
    /// cancelled. It follows no address that a request names.
    pub fn new(cascade: Cascade, ingress: &str) -> Result<Self, RestateError> {
        Ok(Self { cascade, ingress: Ingress::new(ingress)?, options: Options::default() })
    }

    /// The maximum number of method calls at once on this worker. Further calls wait here. Default 64; zero is treated as
    /// one.
    pub fn steps_at_once(mut self, steps: usize) -> Self {
        self.options.steps = steps.max(1);
        self
    }

    /// The maximum number of calls at once on one connection. Default 4; zero is treated as one. With a low number Restate
    /// opens many connections, which a load balancer, or the kernel, spreads more evenly over workers.
    pub fn streams_per_connection(mut self, streams: u32) -> Self {
        self.options.streams = streams.max(1);
        self
    }

    /// How long Restate keeps runs and their reports after their end. Default one week.
    pub fn keep_runs(mut self, retention: Duration) -> Self {
        self.options.retention = retention;
        self
    }

    /// How long Restate keeps steps after their end, for people to look at. Default one hour, because large runs have many.
    pub fn keep_steps(mut self, retention: Duration) -> Self {
        self.options.step_retention = retention;
        self
    }

    /// How long a step may take on this worker, its wait for other steps included, before Restate gives up on it and
    /// repeats it. Default three times the timeout of its extension, or one day without a timeout. At least one minute.
    pub fn longest_step(mut self, limit: Duration) -> Self {
        self.options.longest_step = Some(limit);
        self
    }

    /// The endpoint, for a program that serves it with its own server.
    pub fn endpoint(&self) -> Endpoint {
        let Self { cascade, ingress, options } = self;
        let version = Arc::new(Version::of(cascade));
        let shared = Shared {
            cascade: cascade.clone(),
            plans: PlanCache::new(cascade.clone(), ingress.clone()),
            cancellations: Cancellations::default(),
            permits: Arc::new(Semaphore::new(options.steps)),
            options: options.clone(),
            version: Arc::clone(&version),
        };
        let mut endpoint = Endpoint::builder()
            .bind(CascadeRun(shared.clone()).into_service_definition().options(self.run_options()))
            .bind(CascadePlan(shared.clone()).into_service_definition().options(plan_options()))
            .bind(CascadeGraph(Arc::clone(&version)).into_service_definition().options(retried()));
        for node in cascade.graph().resources() {
            let definition = step::service(&shared, node.name());
            endpoint = endpoint.bind(definition.options(self.step_options(node.name())));
        }
        endpoint.build()
    }

    /// State is read key by key, because events make it large. The run is not suspended while its steps take long, because
    /// it would have to be replayed afterwards.
    fn run_options(&self) -> ServiceOptions {
        // Questions about the run leave no journal.
        let run = HandlerOptions::new()
            .journal_retention(self.options.retention)
            .workflow_retention(self.options.retention);
        retried()
            .enable_lazy_state(true)
            .inactivity_timeout(HOUR)
            .journal_retention(Duration::ZERO)
            .handler("run", run)
    }

    fn step_options(&self, resource: &str) -> ServiceOptions {
        let own = longest_step(&self.cascade, resource).map_or(DAY, |limit| limit.saturating_mul(3));
        let limit = self.options.longest_step.unwrap_or(own).max(MINUTE);
        retried()
            .inactivity_timeout(limit)
            .abort_timeout(MINUTE)
            .journal_retention(self.options.step_retention)
            .idempotency_retention(self.options.step_retention)
    }

    /// Listens on `address`. Several workers on one machine may listen on the same address: the kernel spreads Restate's
    /// connections over them.
    pub fn listen(address: SocketAddr) -> io::Result<TcpListener> {
        serve::listen(address)
    }

    /// Serves until `stop` completes. Calls in flight then have 30 seconds to end.
    pub async fn serve(self, listener: TcpListener, stop: impl Future<Output = ()>) -> io::Result<()> {
        serve::serve(self.endpoint(), self.options.streams, listener, stop).await;
        Ok(())
    }
}

/// The endpoint of a worker with the extensions of `cascade`, for a program that serves it with its own server. See
/// [`Worker::new`].
pub fn endpoint(cascade: Cascade, ingress: &str) -> Result<Endpoint, RestateError> {
    Ok(Worker::new(cascade, ingress)?.endpoint())
}

/// Restate retries for long, because the cause of a failed invocation is the worker or the network, never the invocation.
fn retried() -> ServiceOptions {
    ServiceOptions::new()
        .retry_policy_initial_interval(Duration::from_millis(100))
        .retry_policy_max_interval(Duration::from_secs(5))
        .retry_policy_max_attempts(ATTEMPTS)
}

/// A plan's pages are read one by one. Its calls leave no journal.
fn plan_options() -> ServiceOptions {
    CascadePlan::privacy(retried().enable_lazy_state(true).journal_retention(Duration::ZERO))
}
