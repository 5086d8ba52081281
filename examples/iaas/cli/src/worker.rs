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
    if restate.ingress.is_some() {
        let message = "a worker reads plans from `--ingress`: write that in the place of `--restate`";
        return Err(Failure::Usage(message.to_owned()));
    }
    let db = inventory(db)?;
    let cascade = linked(&db, agents)?.build().map_err(Failure::failed)?;
    let worker = Worker::new(cascade, &args.plans_from)?.steps_at_once(args.steps);
    let cannot = |error: std::io::Error| Failure::Usage(format!("cannot listen on {}: {error}", args.listen));
    let listener = Worker::listen(args.listen).map_err(cannot)?;
    say(format_args!("iaas: worker process {} listens on {}", std::process::id(), args.listen));
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
