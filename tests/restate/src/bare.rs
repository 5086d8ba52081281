//! A fan-out written with Restate alone, to compare with.

use std::sync::Arc;
use std::time::Duration;

use restate_sdk::prelude::*;
use tokio::net::TcpListener;
use tokio::sync::Semaphore;

/// Steps in flight at once, as in a run of a cascade.
const IN_FLIGHT: usize = 256;

/// Serves the fan-out. Never returns.
pub(crate) async fn serve(listener: TcpListener, latency: Duration, steps: usize) {
    let step = BareStep { latency, permits: Arc::new(Semaphore::new(steps)) };
    let endpoint = Endpoint::builder().bind(BareRun).bind(step).build();
    HttpServer::new(endpoint).serve(listener).await;
}

struct BareStep {
    latency: Duration,
    permits: Arc<Semaphore>,
}

#[restate_sdk::service(client_visibility = "pub(crate)")]
impl BareStep {
    #[handler]
    async fn step(&self, _ctx: Context<'_>, number: u64) -> HandlerResult<u64> {
        let _permit = self.permits.acquire().await?;
        if !self.latency.is_zero() {
            tokio::time::sleep(self.latency).await;
        }
        Ok(number)
    }
}

struct BareRun;

#[restate_sdk::workflow(client_visibility = "pub(crate)")]
impl BareRun {
    #[handler]
    async fn run(&self, ctx: WorkflowContext<'_>, steps: u64) -> HandlerResult<u64> {
        let mut pending = DurableFuturesUnordered::new();
        let (mut next, mut done) = (0, 0);
        loop {
            while pending.len() < IN_FLIGHT && next < steps {
                pending.push(ctx.service_client::<BareStepClient<'_>>().step(next).call());
                next += 1;
            }
            match pending.next().await? {
                Some((_, number)) => {
                    number?;
                    done += 1;
                }
                None => return Ok(done),
            }
        }
    }
}
