//! Dispatches the commands. The binary decides which resources are linked.

use std::process::ExitCode;

use cascade_sqlite::SqliteJournal;
use clap::Parser;
use iaas_model::{DetachL2Network, DetachPrimaryStorage};
use tokio::runtime::{Builder, Runtime};

use crate::args::{Args, Command, Detach, DetachArgs};
use crate::cloud::{self, Cloud};
use crate::failure::Failure;
use crate::{graph, operate, runs, seed, show, worker};

/// Runs the command and returns the exit code.
pub(crate) fn main() -> ExitCode {
    let args = Args::parse();
    let json = args.command.wants_json();
    match runtime(&args.command).map_err(Failure::failed).and_then(|runtime| runtime.block_on(run(args))) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => failure.report(json),
    }
}

/// A worker uses all cores; the other commands use one thread.
fn runtime(command: &Command) -> std::io::Result<Runtime> {
    let mut runtime = match command {
        Command::Worker(_) => Builder::new_multi_thread(),
        _ => Builder::new_current_thread(),
    };
    runtime.enable_all().build()
}

async fn run(args: Args) -> Result<(), Failure> {
    let Args { db, journal, lease, agents, restate, command } = args;
    let journal = journal.unwrap_or_else(|| cloud::journal_beside(&db));
    let open = || Cloud::open(&db, SqliteJournal::options().lease(lease).open(&journal), &agents, &restate);
    match command {
        Command::Seed(args) => seed::run(&db, args),
        Command::Show { json } => show::run(&cloud::inventory(&db)?, json).await,
        Command::Graph => graph::run(),
        Command::Worker(args) => worker::run(&db, &agents, &restate, &args).await,
        Command::Delete { resource, ids, also, how } => {
            let cloud = open().await?;
            runs::remind(&cloud).await?;
            operate::delete(&cloud, &resource, &ids, &also, &how).await
        }
        Command::Runs(args) => runs::list(&open().await?, args).await,
        Command::Run(args) => runs::show(&open().await?, args).await,
        Command::Resume(args) => runs::resume(&open().await?, args).await,
        Command::Detach(detach) => {
            let cloud = open().await?;
            runs::remind(&cloud).await?;
            let (Detach::PrimaryStorage(args) | Detach::L2Network(args)) = &detach;
            let cluster = cloud.known_cluster(&args.cluster).await?;
            match &detach {
                Detach::PrimaryStorage(DetachArgs { ids, how, .. }) => {
                    operate::run_from_own_root(&cloud, DetachPrimaryStorage { cluster }, ids, how).await
                }
                Detach::L2Network(DetachArgs { ids, how, .. }) => {
                    operate::run_from_own_root(&cloud, DetachL2Network { cluster }, ids, how).await
                }
            }
        }
    }
}
