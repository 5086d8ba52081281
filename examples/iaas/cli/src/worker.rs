//! `iaas worker`: carries out steps of Restate's runs.

use std::path::Path;

use cascade_restate::Worker;

use crate::args::{AgentArgs, RestateArgs, WorkerArgs};
use crate::cloud::{inventory, linked};
use crate::failure::Failure;
use crate::print::say;

/// Serves until Ctrl-C or SIGTERM.
pub(crate) async fn run(
    db: &Path,
    agents: &AgentArgs,
    restate: &RestateArgs,
    args: &WorkerArgs,
) -> Result<(), Failure> {
    tracing_subscriber::fmt()
        .with_env_filter(tracing_subscriber::EnvFilter::from_default_env())
        .with_writer(std::io::stderr)
        .init();
    let db = inventory(db)?;
    let cascade = linked(&db, agents)?.build().map_err(Failure::failed)?;
    let cannot = |error: std::io::Error| Failure::Usage(format!("cannot listen on {}: {error}", args.listen));
    let listener = Worker::listen(args.listen).map_err(cannot)?;
    say(format_args!("iaas: worker process {} listens on {}", std::process::id(), args.listen));
    let worker = Worker::new(cascade).steps_at_once(args.steps);
    let worker = match &restate.ingress {
        Some(address) => worker.ingress(address),
        None => worker,
    };
    worker.serve(listener, stop_signal()).await.map_err(Failure::failed)
}

async fn stop_signal() {
    use tokio::signal::unix::{SignalKind, signal};
    // If a signal cannot be received, this never returns.
    let never = std::future::pending::<()>;
    let terminate = async {
        match signal(SignalKind::terminate()) {
            Ok(mut terminate) => drop(terminate.recv().await),
            Err(_) => never().await,
        }
    };
    let interrupt = async {
        if tokio::signal::ctrl_c().await.is_err() {
            never().await;
        }
    };
    tokio::select! {
        () = terminate => {}
        () = interrupt => {}
    }
}
