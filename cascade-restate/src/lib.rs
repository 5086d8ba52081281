//! Runs beyond one machine: the steps on any number of workers, the run kept by [Restate](https://restate.dev).
//!
//! A [`Worker`] is any program that links the extensions and is registered with Restate. A [`Client`] plans, applies,
//! attaches, cancels and watches, with the `Plan`, the `Report` and the events of one process.
//!
//! # What was chosen, and why
//!
//! - **A workflow, `Cascade`, for each run**, under its id. It takes the engine's own run turn by turn
//!   ([`RunMachine`](cascade_core::remote::RunMachine)): its answers come in the order that Restate has on record, so that it is
//!   the same when another worker does it again.
//! - **A service for each resource**, with a handler for each method: what Restate's UI shows says what is done. The
//!   version of the graph is part of its name, so that new workers can stand beside old ones.
//! - **Plans are stored in pages of about 1 MiB** and read by workers from Restate's ingress, once for each run. So no
//!   step carries more than its ids, and methods may ask their context about the whole plan.
//! - **Retries of steps are waits on record**; retries of finders and checks happen on the worker, for they change nothing.
//!
//! # Limits
//!
//! With the server's defaults, a run of a million instances in steps of a hundred leaves a journal of some 90 MiB, whose
//! largest entry is below 1 MiB. What grows with a run is that journal, one entry and two notes for each step: it is read
//! again when the workflow moves to another worker. Let steps be packed (`batch`), where a run has very many.

#![forbid(unsafe_code)]

mod apply;
mod cancelled;
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
