//! The command line of a small cloud. It names no resource: what there is comes from the crates that are linked in.
//!
//! This is all of it, drawn from the code:
//!
#![doc = include_str!("../docs/cascade.svg")]
#![forbid(unsafe_code)]
// A dependency that nobody names is not linked, and its extensions are missing without a word.
#![cfg_attr(not(test), deny(unused_crate_dependencies))]

mod args;
mod cloud;
mod confirm;
mod failure;
mod graph;
mod operate;
mod print;
mod remote_runs;
mod runs;
mod seed;
mod show;
mod warning;
mod worker;

use std::process::ExitCode;

use cascade_core::Delete;
use cascade_sqlite::SqliteJournal;
use clap::Parser;
use iaas_model::{DetachL2Network, DetachPrimaryStorage};
use tokio::runtime::{Builder, Runtime};

use args::{Args, Command, Detach, DetachArgs};
use cloud::Cloud;
use failure::Failure;

cascade_core::link!(iaas_compute, iaas_identity, iaas_network, iaas_services, iaas_storage);

fn main() -> ExitCode {
    let args = Args::parse();
    let json = args.command.wants_json();
    match runtime(&args.command).map_err(Failure::failed).and_then(|runtime| runtime.block_on(run(args))) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => failure.report(json),
    }
}

/// A worker takes all the machine has; everything else is done by one thread.
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
        Command::Delete { resource, ids, how } => {
            let cloud = open().await?;
            runs::remind(&cloud).await?;
            operate::run(&cloud, Delete, &resource, &ids, &how).await
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

cascade_core::graph_test!(
    "docs/cascade.md",
    "docs/cascade.svg",
    "docs/cascade.mmd",
    "docs/cascade.dot",
    "docs/cascade.txt",
    "docs/cascade.json",
);
