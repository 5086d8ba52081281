//! Runs on more than one machine: any number of workers carry out the steps, and [Restate](https://restate.dev) keeps the
//! run.
//!
//! A [`Worker`] is a program that links the extensions and is registered with Restate. A [`Client`] plans, applies,
//! attaches, cancels and watches. It has the `Plan`, the `Report` and the events of a run in one process.
//!
//! # Design
//!
//! - **Each run is an invocation of the workflow `Cascade`**, under the run's id. The workflow drives the engine's own run
//!   turn by turn ([`RunMachine`](cascade_core::remote::RunMachine)). It receives answers in the order that Restate's journal
//!   records. So a replay on another worker makes the same calls.
//! - **Each resource has a service**, with a handler for each method, so Restate's UI shows what a step does. The version
//!   of the graph is part of the service's name, so that workers of two versions can be registered at once.
//! - **A plan is stored in pages of about 1 MiB.** A worker reads it from Restate's ingress once per run. So a step carries
//!   only its ids, and a method can ask its context about the whole plan.
//! - **A retry of a step is a timer in Restate's journal.** Finders and checks are retried on the worker, because they
//!   change nothing.
//!
//! # What the ingress reaches
//!
//! Handlers that act (`begin`, effects, `cleanup`, and the handlers that change a stored plan for a run) are private: Restate
//! refuses them at its ingress, and only a workflow calls them. Handlers that a client needs are public: those that start
//! and watch a run, store and read a plan, and call finders, checks and authorizers. A worker reads plans from the ingress
//! of its own configuration and follows no address that a request names.
//!
//! Workers do not authenticate their callers. Let only Restate reach a worker's port, and only trusted clients reach the
//! ingress and the admin API.
//!
//! # Limits
//!
//! With the server's defaults, a run of a million instances in steps of a hundred leaves a journal of about 90 MiB, whose
//! largest entry is below 1 MiB. The journal grows by one entry and two notifications per step. It is read again when the
//! workflow moves to another worker. Set `batch` where a run has very many instances.

#![forbid(unsafe_code)]

mod apply;
mod cancellation;
mod client;
mod driver;
mod error;
mod event_page;
mod found_pages;
mod graph_service;
mod http;
mod ingress;
mod names;
mod options;
mod plan_cache;
mod plan_object;
mod plans;
mod progress;
mod record_pages;
mod remote;
mod runs;
mod serve;
mod shared;
mod state;
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
