//! `iaas worker`: carrying out steps of runs that Restate keeps.

use std::path::Path;

use cascade_restate::Worker;

use crate::args::{AgentArgs, RestateArgs, WorkerArgs};
use crate::cloud::{inventory, linked};
use crate::failure::Failure;
use crate::print::say;

/// Serves until Ctrl-C, or until it is told to terminate.
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
    say(format_args!("iaas: a worker, process {}, listens on {}", std::process::id(), args.listen));
    let worker = Worker::new(cascade).steps_at_once(args.steps);
    let worker = match &restate.ingress {
        Some(address) => worker.ingress(address),
        None => worker,
    };
    worker.serve(listener, told_to_stop()).await.map_err(Failure::failed)
}

async fn told_to_stop() {
    use tokio::signal::unix::{SignalKind, signal};
    // A signal that cannot be waited for never comes.
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
