//! The command line of a small cloud. It names no resource: the resources come from the linked crates.
//!
//! The complete graph, generated from the code:
//!
#![doc = include_str!("../docs/cascade.svg")]
#![forbid(unsafe_code)]
// A dependency that is not used is not linked, and its extensions are missing silently.
#![cfg_attr(not(test), deny(unused_crate_dependencies))]

mod approval;
mod args;
mod cloud;
mod confirm;
mod failure;
mod graph;
mod operate;
mod print;
mod program;
mod remote_runs;
mod runs;
mod seed;
mod show;
mod warning;
mod worker;

use std::process::ExitCode;

cascade_core::link!(iaas_compute, iaas_identity, iaas_network, iaas_services, iaas_storage);

fn main() -> ExitCode {
    program::main()
}

cascade_core::graph_test!(
    "docs/cascade.md",
    "docs/cascade.svg",
    "docs/cascade.mmd",
    "docs/cascade.dot",
    "docs/cascade.txt",
    "docs/cascade.json",
);
