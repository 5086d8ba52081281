//! A later version of the program: hosts have GPUs, and the services are not linked.
#![forbid(unsafe_code)]

#[path = "../src/approval.rs"]
mod approval;
#[path = "../src/args.rs"]
mod args;
#[path = "../src/cloud.rs"]
mod cloud;
#[path = "../src/confirm.rs"]
mod confirm;
#[path = "../src/failure.rs"]
mod failure;
#[path = "../src/graph.rs"]
mod graph;
#[path = "../src/operate.rs"]
mod operate;
#[path = "../src/print.rs"]
mod print;
#[path = "../src/program.rs"]
mod program;
#[path = "../src/remote_runs.rs"]
mod remote_runs;
#[path = "../src/runs.rs"]
mod runs;
#[path = "../src/seed.rs"]
mod seed;
#[path = "../src/show.rs"]
mod show;
#[path = "../src/warning.rs"]
mod warning;
#[path = "../src/worker.rs"]
mod worker;

use std::process::ExitCode;

use cascade_core::prelude::*;
use iaas_model::compute::{Host, HostId};
use iaas_model::{Db, DbError};

cascade_core::link!(iaas_compute, iaas_identity, iaas_network, iaas_storage);

/// A GPU of a host, in a new table.
#[derive(Debug, Resource)]
#[resource(id = String)]
struct Gpu;

#[derive(Extension)]
struct GpuCascade {
    db: Db,
}

#[cascade(resource = "Gpu", edges = [Host])]
impl GpuCascade {
    #[affected(by = Host)]
    async fn in_hosts(&self, hosts: &[HostId]) -> Result<Vec<(HostId, String)>, DbError> {
        self.db.pairs(hosts, "SELECT host_id, id FROM gpu WHERE host_id IN rarray(?1)").await
    }

    #[on(Delete, from = [Host])]
    async fn release(&self, gpus: &[String]) -> Result<(), DbError> {
        self.db.change(gpus, ["DELETE FROM gpu WHERE id IN rarray(?1)"]).await
    }
}

fn main() -> ExitCode {
    program::main()
}
