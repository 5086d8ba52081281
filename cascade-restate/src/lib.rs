//! Runs beyond one machine: the steps on any number of workers, the run kept by [Restate](https://restate.dev).

#![forbid(unsafe_code)]

mod apply;
mod client;
mod driver;
mod error;
mod http;
mod ingress;
mod names;
mod pages;
mod plans;
mod progress;
mod remote;
mod runs;
mod service;
mod step;
mod trace;
mod watch;
mod wire;
mod worker;
mod workflow;

pub use apply::RemoteApply;
pub use client::Client;
pub use error::RestateError;
pub use runs::RemoteRun;
pub use worker::{Worker, endpoint};
