//! The engine through its public API: against a reference model, and by examples.

mod bad_input;
mod cycles;
mod cycles_resumed;
mod departures;
mod empty;
mod exclusive;
mod failures;
mod fast_path;
mod faults;
mod json;
mod left;
mod loopback;
mod may_cut;
mod model;
mod original_cases;
mod plans;
mod printed;
mod properties;
mod readings;
mod remote;
mod resumed;
mod roots;
mod rows;
#[path = "../schemas/mod.rs"]
mod schemas;
mod shared;
mod support;
mod with_parent;
