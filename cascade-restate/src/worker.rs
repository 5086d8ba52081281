//! A worker: an HTTP endpoint that Restate calls.

use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use cascade_core::Cascade;
use cascade_core::remote::longest_step;
use hyper::server::conn::http2;
use hyper_util::rt::{TokioExecutor, TokioIo};
use restate_sdk::hyper::HyperEndpoint;
use restate_sdk::prelude::{Endpoint, HandlerOptions, IntoServiceDefinition, ServiceOptions};
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::cancelled::Cancelled;
use crate::error::RestateError;
use crate::ingress::Ingress;
use crate::names::Version;
use crate::plans::Plans;
use crate::service::{CascadeGraph, CascadePlan, Shared};
use crate::step;
use crate::workflow::CascadeRun;

/// How long a worker that is told to stop lets what it does come to its end.
const FAREWELL: Duration = Duration::from_secs(30);

/// How long a connection takes anything new: so that a worker that comes later gets its share.
const CONNECTION_AGE: Duration = Duration::from_secs(10);

/// Tries of an invocation before Restate leaves it to people.
const TRIES: u64 = 1_000_000;

/// How a worker goes about it.
#[derive(Clone, Debug)]
pub(crate) struct Options {
    pub(crate) steps: usize,
    pub(crate) streams: u32,
    pub(crate) retention: Duration,
    pub(crate) step_retention: Duration,
    pub(crate) longest_step: Option<Duration>,
}

/// A worker in the making: what it carries out, and how much at once.
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
#[must_use = "it does nothing until it is served"]
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

/// Of 256 calls that are under way, 64 on each connection would be four connections, which seldom are spread evenly: with
/// 64, two workers did 1.5 times the work of one, with 4 they do 1.95 times.
const STREAMS: u32 = 4;

impl Worker {
    /// A worker with the extensions of `cascade`. Its layers and time limits hold here. Its journal is not used.
    ///
    /// `ingress` is the address of Restate's ingress. The worker reads plans there, and asks there whether a run is
    /// cancelled. It follows no address that a request names.
    pub fn new(cascade: Cascade, ingress: &str) -> Result<Self, RestateError> {
        let options = Options {
            steps: 64,
            streams: STREAMS,
            retention: Duration::from_hours(7 * 24),
            step_retention: Duration::from_hours(1),
            longest_step: None,
        };
        Ok(Self { cascade, ingress: Ingress::new(ingress)?, options })
    }

    /// Calls of methods at once on this worker, at most. 64 unless told; zero counts as one. What comes beyond waits here.
    pub fn steps_at_once(mut self, steps: usize) -> Self {
        self.options.steps = steps.max(1);
        self
    }

    /// Calls on one connection, at most. 4 unless told; zero counts as one. With few, Restate opens many connections, and
    /// the more there are, the more evenly a load balancer, or the kernel, spreads them over workers.
    pub fn streams_per_connection(mut self, streams: u32) -> Self {
        self.options.streams = streams.max(1);
        self
    }

    /// How long Restate keeps runs and their reports after their end. A week unless told.
    pub fn keep_runs(mut self, retention: Duration) -> Self {
        self.options.retention = retention;
        self
    }

    /// How long Restate keeps steps after their end, for people who look at them. An hour unless told: of large runs there
    /// are many.
    pub fn keep_steps(mut self, retention: Duration) -> Self {
        self.options.step_retention = retention;
        self
    }

    /// How long a step may take on this worker before Restate takes it for lost and has it done again elsewhere, its wait
    /// for a place included. Unless told, three times the timeout of its extension, and a day where that has none.
    pub fn longest_step(mut self, limit: Duration) -> Self {
        self.options.longest_step = Some(limit);
        self
    }

    /// The endpoint, for a program that serves it by itself.
    pub fn endpoint(&self) -> Endpoint {
        let Self { cascade, ingress, options } = self;
        let version = Arc::new(Version::of(cascade));
        let shared = Shared {
            cascade: cascade.clone(),
            plans: Plans::new(cascade.clone(), ingress.clone()),
            cancelled: Cancelled::default(),
            places: Arc::new(Semaphore::new(options.steps)),
            options: options.clone(),
            version: Arc::clone(&version),
        };
        let mut endpoint = Endpoint::builder()
            .bind(CascadeRun(shared.clone()).into_service_definition().options(self.run_options()))
            .bind(
                CascadePlan(shared.clone())
                    .into_service_definition()
                    .options(CascadePlan::privacy(plan_options())),
            )
            .bind(CascadeGraph(Arc::clone(&version)).into_service_definition().options(patient()));
        for node in cascade.graph().resources() {
            let definition = step::service(&shared, node.name());
            endpoint = endpoint.bind(definition.options(self.step_options(node.name())));
        }
        endpoint.build()
    }

    /// A run's state is read key by key: with its events it can be large. While its steps take long it is not put away:
    /// waking up, it would have to be done again up to where it was.
    fn run_options(&self) -> ServiceOptions {
        // Of whoever only asks, nothing is kept.
        let run = HandlerOptions::new()
            .journal_retention(self.options.retention)
            .workflow_retention(self.options.retention);
        patient()
            .enable_lazy_state(true)
            .inactivity_timeout(Duration::from_hours(1))
            .journal_retention(Duration::ZERO)
            .handler("run", run)
    }

    fn step_options(&self, resource: &str) -> ServiceOptions {
        let day = Duration::from_hours(24);
        let own = longest_step(&self.cascade, resource).map_or(day, |limit| limit.saturating_mul(3));
        let limit = self.options.longest_step.unwrap_or(own).max(Duration::from_mins(1));
        patient()
            .inactivity_timeout(limit)
            .abort_timeout(Duration::from_mins(1))
            .journal_retention(self.options.step_retention)
            .idempotency_retention(self.options.step_retention)
    }

    /// Listens on `address`. Several workers on one machine may do so on the same one: the kernel spreads Restate's
    /// connections over them.
    pub fn listen(address: SocketAddr) -> io::Result<TcpListener> {
        let socket = if address.is_ipv4() { TcpSocket::new_v4()? } else { TcpSocket::new_v6()? };
        socket.set_reuseaddr(true)?;
        #[cfg(all(unix, not(target_os = "solaris"), not(target_os = "illumos")))]
        socket.set_reuseport(true)?;
        socket.bind(address)?;
        socket.listen(1024)
    }

    /// Serves until `stop` is there; what is under way then comes to its end, if that does not take long.
    pub async fn serve(self, listener: TcpListener, stop: impl Future<Output = ()>) -> io::Result<()> {
        let endpoint = HyperEndpoint::new(self.endpoint());
        let (stopping, connections) = (CancellationToken::new(), TaskTracker::new());
        let mut stop = std::pin::pin!(stop);
        loop {
            let stream = tokio::select! {
                accepted = listener.accept() => match accepted {
                    Ok((stream, _)) => stream,
                    // One client's trouble is not that of the others.
                    Err(error) => {
                        tracing::warn!(%error, "a connection was not accepted");
                        continue;
                    }
                },
                () = &mut stop => break,
            };
            let serving = serve_connection(stream, endpoint.clone(), self.options.streams, stopping.clone());
            connections.spawn(serving);
        }
        drop(listener);
        stopping.cancel();
        connections.close();
        if tokio::time::timeout(FAREWELL, connections.wait()).await.is_err() {
            tracing::warn!("stopping while something is under way: Restate has it done again elsewhere");
        }
        Ok(())
    }
}

/// Serves a connection until it is closed. After some time, or when the worker is to stop, it takes nothing new, and ends
/// with the last that is under way: Restate then opens another, to this worker or one that came meanwhile.
async fn serve_connection(
    stream: TcpStream,
    endpoint: HyperEndpoint,
    streams: u32,
    stopping: CancellationToken,
) {
    if let Err(error) = stream.set_nodelay(true) {
        tracing::debug!(%error, "a connection is gone already");
        return;
    }
    let mut connection = http2::Builder::new(TokioExecutor::new());
    connection.max_concurrent_streams(streams);
    let serving = connection.serve_connection(TokioIo::new(stream), endpoint);
    let mut serving = std::pin::pin!(serving);
    let old = async {
        let (stop, old) = (stopping.cancelled(), tokio::time::sleep(CONNECTION_AGE));
        futures::future::select(std::pin::pin!(stop), std::pin::pin!(old)).await;
    };
    let served = tokio::select! {
        served = &mut serving => served,
        () = old => {
            serving.as_mut().graceful_shutdown();
            serving.await
        }
    };
    if let Err(error) = served {
        tracing::debug!(%error, "a connection broke off");
    }
}

/// The endpoint of a worker with the extensions of `cascade`, for a program that serves it by itself. See
/// [`Worker::new`].
pub fn endpoint(cascade: Cascade, ingress: &str) -> Result<Endpoint, RestateError> {
    Ok(Worker::new(cascade, ingress)?.endpoint())
}

/// Tried again for long: it is never the invocation that is at fault.
fn patient() -> ServiceOptions {
    ServiceOptions::new()
        .retry_policy_initial_interval(Duration::from_millis(100))
        .retry_policy_max_interval(Duration::from_secs(5))
        .retry_policy_max_attempts(TRIES)
}

fn plan_options() -> ServiceOptions {
    // A plan's pages are read one by one, and no more is to be seen of it.
    patient().enable_lazy_state(true).journal_retention(Duration::ZERO)
}
